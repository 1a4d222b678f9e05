# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drivers in Python, and clients of their devices: needs root and the module micro_user.

Copyright (C) 2026 The microkernel authors
"""

import errno
import fcntl
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Any, Dict, List, Optional

import micro

CONFIGFS = "/sys/kernel/config/micro"

# a guest with Debian's own Python has the packages alone
HOLDS = unittest.skipUnless(shutil.which("micro-hold"), "micro-hold is not here; tests/programs has it")

COUNT = micro.ior("P", 1, 8)
DOUBLE = micro.iowr("P", 2, 8)
NUMBER = micro.io("P", 3)
WHO = micro.ior("P", 4, 12)
COMPAT = micro.io("P", 5)
FORK = micro.io("P", 6)


def write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def wait_gone(name: str) -> None:
    """Kernels that test the release of objects keep a driver's name a little longer."""
    end = time.monotonic() + 60
    while os.path.exists("/sys/bus/micro_bus/drivers/" + name):
        if time.monotonic() > end:
            raise TimeoutError("the driver %s has not gone within a minute" % name)
        time.sleep(0.01)


def make_driver(name: str, **properties: str) -> None:
    """name_of_property="type:value"."""
    path = "%s/micro_user.%s" % (CONFIGFS, name)
    os.mkdir(path)
    write(path + "/live", "0")
    wait_gone(name)
    for key, value in properties.items():
        kind, text = value.split(":")
        prop = "%s/properties/%s" % (path, key.replace("_", "-"))
        os.mkdir(prop)
        write("%s/%s" % (prop, kind), text)
    write(path + "/live", "1")


def remove_driver(name: str) -> None:
    path = "%s/micro_user.%s" % (CONFIGFS, name)
    for prop in os.listdir(path + "/properties"):
        os.rmdir("%s/properties/%s" % (path, prop))
    os.rmdir(path)
    wait_gone(name)


class Pipe(micro.Driver):
    """What is written can be read; nothing is 'not now'."""

    def __init__(self) -> None:
        self.data: Dict[str, bytes] = {}
        self.calls: List[str] = []

    def probe(self, instance: micro.Instance) -> None:
        self.calls.append("probe " + instance.name)
        self.data[instance.name] = b""
        instance.notify(select.EPOLLOUT)

    def remove(self, instance: micro.Instance) -> None:
        self.calls.append("remove " + instance.name)

    def open(self, file: micro.File) -> None:
        file.count = 0
        if file.instance.name.endswith("refuse"):
            raise OSError(errno.EBUSY, "in use")
        if file.instance.name.endswith("goes"):
            os.rmdir("%s/%s" % (CONFIGFS, file.instance.name))

    def release(self, file: micro.File) -> None:
        self.calls.append("release")

    def read(self, file: micro.File, count: int, pos: int) -> bytes:
        name = file.instance.name
        file.count += 1
        data, self.data[name] = self.data[name][:count], self.data[name][count:]
        if not data:
            raise micro.Again
        if not self.data[name]:
            file.instance.notify(select.EPOLLOUT)
        return data

    def write(self, file: micro.File, data: bytes, pos: int) -> Optional[int]:
        file.count += 1
        if data == b"divide":
            return 1 // 0
        if data == b"too much":
            return 100
        if data == b"full":
            raise OSError(errno.ENOSPC, "full")
        self.data[file.instance.name] += data
        file.instance.notify(select.EPOLLIN | select.EPOLLOUT)
        return None

    def ioctl(self, file: micro.File, cmd: int, arg: Any) -> Any:
        if cmd == COUNT:
            return struct.pack("Q", file.count)
        if cmd == DOUBLE:
            return 7, struct.pack("Q", 2 * struct.unpack("Q", arg)[0])
        if cmd == NUMBER:
            return arg
        if cmd == WHO:
            return struct.pack("iII", file.request.pid, file.request.uid, file.request.gid)
        if cmd == COMPAT:
            return int(file.request.compat)
        raise OSError(errno.ENOTTY, "no such command")

    def llseek(self, file: micro.File, offset: int, whence: int) -> int:
        return offset if whence == os.SEEK_SET else 1000 + offset


class Devices(unittest.TestCase):
    """A driver "py", served by this process, with its device py.0."""

    def setUp(self) -> None:
        make_driver("py", memory_size="u32:4096", release="string:call")
        self.addCleanup(remove_driver, "py")
        os.mkdir(CONFIGFS + "/py.0")
        self.addCleanup(self.gone, "py.0")
        self.driver = Pipe()
        serving = micro.background("py", self.driver)
        serving.__enter__()
        self.addCleanup(serving.__exit__, None, None, None)
        self.fd = self.open()

    def gone(self, name: str) -> None:
        if os.path.isdir("%s/%s" % (CONFIGFS, name)):
            os.rmdir("%s/%s" % (CONFIGFS, name))

    def open(self, flags: int = os.O_RDWR, name: str = "py.0") -> int:
        fd = os.open("/dev/micro/" + name, flags)
        self.addCleanup(os.close, fd)
        return fd

    def test_read_write(self) -> None:
        self.assertEqual(os.write(self.fd, b"hello"), 5)
        self.assertEqual(os.read(self.fd, 2), b"he")
        self.assertEqual(os.read(self.fd, 100), b"llo")
        big = bytes(range(256)) * 1024
        self.assertEqual(os.write(self.fd, big), 65536)
        got = b""
        while len(got) < 65536:
            got += os.read(self.fd, 30000)
        self.assertEqual(got, big[:65536])

    def test_errors(self) -> None:
        for text, number in ((b"full", errno.ENOSPC), (b"divide", errno.EIO), (b"too much", errno.EIO)):
            with self.assertRaises(OSError) as caught:
                os.write(self.fd, text)
            self.assertEqual(caught.exception.errno, number)
        self.assertEqual(os.write(self.fd, b"goes on"), 7)

    def test_again(self) -> None:
        fd = self.open(os.O_RDWR | os.O_NONBLOCK)
        with self.assertRaises(BlockingIOError):
            os.read(fd, 1)
        threading.Timer(0.3, os.write, (fd, b"later")).start()
        self.assertEqual(os.read(self.fd, 100), b"later")

    def test_poll(self) -> None:
        poll = select.poll()
        poll.register(self.fd, select.POLLIN | select.POLLOUT)
        self.assertEqual(poll.poll(), [(self.fd, select.POLLOUT)])
        poll.modify(self.fd, select.POLLIN)
        self.assertEqual(poll.poll(0), [])
        threading.Timer(0.3, os.write, (self.fd, b"x")).start()
        self.assertEqual(poll.poll(), [(self.fd, select.POLLIN)])

    def test_ioctl(self) -> None:
        buffer = bytearray(struct.pack("Q", 21))
        self.assertEqual(fcntl.ioctl(self.fd, DOUBLE, buffer), 7)
        self.assertEqual(struct.unpack("Q", buffer), (42,))
        self.assertEqual(fcntl.ioctl(self.fd, NUMBER, 123), 123)
        who = struct.unpack("iII", fcntl.ioctl(self.fd, WHO, bytes(12)))
        self.assertEqual(who, (os.getpid(), os.getuid(), os.getgid()))
        with self.assertRaises(OSError) as caught:
            fcntl.ioctl(self.fd, micro.io("P", 99))
        self.assertEqual(caught.exception.errno, errno.ENOTTY)

    @HOLDS
    def test_compat_ioctl(self) -> None:
        subprocess.run(["micro-hold", "start"], check=True)
        self.addCleanup(lambda: subprocess.run(["micro-hold", "end"]))
        subprocess.run(["micro-hold", "open", "c", "rw", "/dev/micro/py.0"], check=True, stdout=subprocess.DEVNULL)
        for how, answer in (("ioctl32", "1\n"), ("ioctl", "0\n")):
            with self.subTest(how=how):
                self.assertEqual(subprocess.check_output(["micro-hold", how, "c", str(COMPAT)], text=True), answer)

    def test_llseek(self) -> None:
        self.assertEqual(os.lseek(self.fd, 5, os.SEEK_SET), 5)
        self.assertEqual(os.lseek(self.fd, 5, os.SEEK_CUR), 10)
        self.assertEqual(os.lseek(self.fd, -5, os.SEEK_END), 995)

    def test_open_refused(self) -> None:
        os.mkdir(CONFIGFS + "/py.refuse")
        try:
            with self.assertRaises(OSError) as caught:
                os.open("/dev/micro/py.refuse", os.O_RDONLY)
            self.assertEqual(caught.exception.errno, errno.EBUSY)
        finally:
            os.rmdir(CONFIGFS + "/py.refuse")

    def test_devices_come_and_go(self) -> None:
        os.mkdir(CONFIGFS + "/py.1")
        fd = self.open(name="py.1")
        os.write(fd, b"own data")
        os.write(self.fd, b"other")
        self.assertEqual(os.read(fd, 100), b"own data")
        os.rmdir(CONFIGFS + "/py.1")
        with self.assertRaises(OSError) as caught:
            os.read(fd, 1)
        self.assertEqual(caught.exception.errno, errno.ENODEV)
        self.wait_for_call("remove py.1")
        self.assertEqual(self.driver.calls[-2:], ["release", "remove py.1"])

    def wait_for_call(self, call: str) -> None:
        for _ in range(600):
            if call in self.driver.calls:
                break
            time.sleep(0.1)

    def test_device_goes_while_it_is_opened(self) -> None:
        os.mkdir(CONFIGFS + "/py.goes")
        with self.assertRaises(OSError) as caught:
            os.open("/dev/micro/py.goes", os.O_RDONLY)
        self.assertEqual(caught.exception.errno, errno.ENODEV)
        self.wait_for_call("remove py.goes")
        self.assertEqual(self.driver.calls[-2:], ["release", "remove py.goes"])
        self.assertEqual(os.write(self.fd, b"goes on"), 7)

    def test_second_server(self) -> None:
        with self.assertRaises(OSError) as caught:
            micro.Server("py", Pipe())
        self.assertEqual(caught.exception.errno, errno.EBUSY)

    def test_no_such_driver(self) -> None:
        with self.assertRaises(FileNotFoundError):
            micro.serve("there-is-none", Pipe())


class Teller(micro.Driver):
    """write() tells all files of it, and all devices, after it has called what a test gives it."""

    def __init__(self) -> None:
        self.files: List[micro.File] = []
        self.instances: List[micro.Instance] = []
        self.before: Any = lambda: None
        self.events = select.EPOLLIN
        self.calls: List[Any] = []

    def probe(self, instance: micro.Instance) -> None:
        self.instances.append(instance)

    def open(self, file: micro.File) -> None:
        self.files.append(file)

    def release(self, file: micro.File) -> None:
        self.calls.append("release")
        self.files.remove(file)

    def write(self, file: micro.File, data: bytes, pos: int) -> None:
        self.before()
        for instance in self.instances:
            instance.notify(self.events)
        for other in self.files:
            other.notify(self.events)
            other.save(data)

    def read(self, file: micro.File, count: int, pos: int) -> bytes:
        self.calls.append(("read", file.request.id, count))
        self.before()
        return b"x" * count

    def undelivered(self, file: micro.File, kind: str, id: int, result: int, taken: int) -> None:
        self.calls.append(("undelivered", kind, id, result, taken))


class Goes(unittest.TestCase):
    """What a driver deals with goes at the same time."""

    def make(self, **properties: str) -> None:
        make_driver("tell", **properties)
        self.addCleanup(remove_driver, "tell")
        for name in ("tell.0", "tell.1"):
            os.mkdir("%s/%s" % (CONFIGFS, name))
            self.addCleanup(self.gone, name)
        self.driver = Teller()

    def gone(self, name: str) -> None:
        if os.path.isdir("%s/%s" % (CONFIGFS, name)):
            os.rmdir("%s/%s" % (CONFIGFS, name))

    def test_file_that_goes(self) -> None:
        self.make()
        with micro.background("tell", self.driver):
            one = os.open("/dev/micro/tell.0", os.O_RDWR)
            two = os.open("/dev/micro/tell.0", os.O_RDWR)
            self.driver.before = lambda: os.close(two)
            try:
                self.assertEqual(os.write(one, b"x"), 1)
            finally:
                os.close(one)

    def test_events_that_are_none(self) -> None:
        self.make()
        self.driver.events |= select.EPOLLEXCLUSIVE | 1 << 40
        with micro.background("tell", self.driver):
            with open("/dev/micro/tell.0", "r+b", buffering=0) as file:
                self.assertEqual(file.write(b"x"), 1)

    def test_device_that_goes(self) -> None:
        self.make()
        with micro.background("tell", self.driver):
            one = os.open("/dev/micro/tell.0", os.O_RDWR)
            self.driver.before = lambda: os.rmdir(CONFIGFS + "/tell.1")
            try:
                self.assertEqual(os.write(one, b"x"), 1)
            finally:
                os.close(one)

    def wait_for_calls(self, n: int) -> None:
        for _ in range(600):
            if len(self.driver.calls) >= n:
                break
            time.sleep(0.1)

    @HOLDS
    def test_bad_address(self) -> None:
        self.make()
        subprocess.run(["micro-hold", "start"], check=True)
        try:
            with micro.background("tell", self.driver):
                subprocess.run(["micro-hold", "open", "c", "rw", "/dev/micro/tell.0"], check=True, stdout=subprocess.DEVNULL)
                self.assertEqual(subprocess.check_output(["micro-hold", "fault", "c", "read"], text=True), "EFAULT\n")
                self.wait_for_calls(2)
                ((_, number, count), lost) = self.driver.calls
                self.assertEqual(lost, ("undelivered", "read", number, count, 0))
        finally:
            subprocess.run(["micro-hold", "end"])

    def test_client_that_is_killed(self) -> None:
        begun, end = threading.Event(), threading.Event()

        def before() -> None:
            begun.set()
            end.wait(60)

        self.make()
        self.driver.before = before
        with micro.background("tell", self.driver):
            client = subprocess.Popen(["cat", "/dev/micro/tell.0"], stdout=subprocess.DEVNULL)
            begun.wait(60)
            client.kill()
            client.wait()
            end.set()
            self.wait_for_calls(3)
        ((_, number, count), lost, last) = self.driver.calls
        self.assertEqual((lost, last), (("undelivered", "read", number, count, 0), "release"))

    def test_hang(self) -> None:
        self.make(answer_ms="u32:1000")
        self.driver.before = lambda: time.sleep(4)
        with self.assertRaises(OSError) as caught:
            with micro.background("tell", self.driver):
                with open("/dev/micro/tell.0", "rb", buffering=0) as file:
                    with self.assertRaises(OSError) as client:
                        file.read(1)
        self.assertEqual(client.exception.errno, errno.EIO)
        self.assertEqual(caught.exception.errno, errno.ESHUTDOWN)


SERVER = """
import micro, os, struct, sys, time

class Saver(micro.Driver):
    def probe(self, instance):
        instance.n = struct.unpack_from("Q", instance.memory)[0]

    def open(self, file):
        file.n = 0

    def restore(self, file):
        file.n, = struct.unpack_from("Q", file.saved)

    def read(self, file, count, pos):
        file.n += 1
        file.instance.n += 1
        file.save(struct.pack("Q", file.n))
        struct.pack_into("Q", file.instance.memory, 0, file.instance.n)
        return b"%d %d\\n" % (file.n, file.instance.n)

    def ioctl(self, file, cmd, arg):
        child = os.fork()
        if not child:
            for _ in range(1200):
                time.sleep(0.1)
            os._exit(0)
        return child

print("starting", flush=True)
micro.serve("saver", Saver())
print("ended", flush=True)
"""


class Death(unittest.TestCase):
    """A server that is another process."""

    def setUp(self) -> None:
        make_driver("saver", memory_size="u32:4096", again="string:read")
        self.addCleanup(remove_driver, "saver")
        os.mkdir(CONFIGFS + "/saver.0")
        self.addCleanup(os.rmdir, CONFIGFS + "/saver.0")
        self.program = tempfile.NamedTemporaryFile("w", suffix=".py")
        self.addCleanup(self.program.close)
        self.program.write(SERVER)
        self.program.flush()

    def start(self) -> "subprocess.Popen[str]":
        # how this one was started, which in a guest is more than a program
        python = os.environ.get("MICRO_PYTHON", sys.executable)
        server = subprocess.Popen([python, self.program.name], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        assert server.stdout
        self.addCleanup(server.stdout.close)
        self.assertEqual(server.stdout.readline(), "starting\n")
        return server

    def state(self) -> str:
        with open("/sys/bus/micro_bus/devices/micro_user.saver/state") as file:
            return file.read().strip()

    def test_death(self) -> None:
        server = self.start()
        with open("/dev/micro/saver.0", "rb", buffering=0) as a, open("/dev/micro/saver.0", "rb", buffering=0) as b:
            self.assertEqual(a.read(100), b"1 1\n")
            self.assertEqual(b.read(100), b"1 2\n")
            self.assertEqual(a.read(100), b"2 3\n")
            server.kill()
            server.wait()
            waiting: List[Any] = []
            reader = threading.Thread(target=lambda: waiting.append(a.read(100)))
            reader.start()
            self.start()
            reader.join()
            self.assertEqual(waiting, [b"3 4\n"])
            self.assertEqual(b.read(100), b"2 5\n")

    def test_child(self) -> None:
        server = self.start()
        with open("/dev/micro/saver.0", "rb", buffering=0) as file:
            child = fcntl.ioctl(file, FORK)
            os.kill(child, signal.SIGTERM)
            for _ in range(600):
                with open("/proc/%d/status" % child) as status:
                    if "State:\tZ" in status.read():
                        break
                time.sleep(0.1)
            else:
                self.fail("the child goes on after SIGTERM")
            self.assertEqual(file.read(100), b"1 1\n")
        self.assertIsNone(server.poll())
        self.assertEqual(self.state(), "serving")

    def test_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start()
            # with a client waiting for it, it has got so far
            with open("/dev/micro/saver.0", "rb", buffering=0) as file:
                file.read(100)
            server.send_signal(number)
            assert server.stdout
            self.assertEqual(server.stdout.read(), "ended\n")
            self.assertEqual(server.wait(), 0)
            self.assertEqual(self.state(), "waiting")
