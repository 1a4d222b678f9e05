# SPDX-License-Identifier: LGPL-2.1-or-later
"""What methods return and raise is what clients get. No kernel is needed: there is a node that is none.

Copyright (C) 2026 The microkernel authors
"""

import errno
import fcntl
import os
import select
import signal
import struct
import threading
import time
import unittest
from typing import Any, Dict, List, Optional, Tuple

import micro
from micro import _abi, _node, _server

from .test_abi import record


class FakeNode:
    """It gives records, and keeps answers."""

    operations = 0x7F

    def __init__(self, driver: str, takeover: bool) -> None:
        self.attached = _abi.Attached(65536, 8, 0, self.operations, 1)
        self.records: List[Tuple[int, bytes, bytes, Any]] = []
        self.replies: List[Tuple[Any, ...]] = []
        self.payloads: List[bytes] = []
        self.notified: List[Tuple[int, int, int]] = []
        self.saved: List[Tuple[int, bytes]] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def ready(self) -> bool:
        return True

    def next(self) -> Optional[_abi.Record]:
        return None

    def reply(self, message: bytes) -> None:
        self.replies.append(_abi._reply.unpack_from(message))
        self.payloads.append(message[72:])

    def notify(self, file: int, instance: int, events: int) -> None:
        self.notified.append((file, instance, events))

    def save(self, file: int, saved: bytes) -> None:
        self.saved.append((file, saved))

    def memory(self, offset: int, size: int) -> Any:
        return bytearray(size) if size else None


class Given(micro.Driver):
    """Returns or raises what a test gives it."""

    given: Any = None

    def _give(self) -> Any:
        if isinstance(self.given, BaseException) or (isinstance(self.given, type) and issubclass(self.given, BaseException)):
            raise self.given
        return self.given

    def open(self, file: micro.File) -> None:
        file.opened = True
        self._give()

    def read(self, file: micro.File, count: int, pos: int) -> Any:
        return self._give()

    def write(self, file: micro.File, data: bytes, pos: int) -> Any:
        return self._give()

    def ioctl(self, file: micro.File, cmd: int, arg: Any) -> Any:
        self.arg = arg
        return self._give()

    def llseek(self, file: micro.File, offset: int, whence: int) -> Any:
        return self._give()

    def release(self, file: micro.File) -> None:
        self.released = file


class Answers(unittest.TestCase):
    def setUp(self) -> None:
        self.driver = Given()
        self.server = micro.Server("test", self.driver, node=FakeNode)  # type: ignore[arg-type]
        self.addCleanup(self.server.close)
        self.node: Any = self.server._node
        self.send(_abi.PROBE, struct.pack("=64sQQQQ", b"test.0", 0, 0, 0, 0), id=1)
        self.send(_abi.OPEN, id=2, file=5)

    def send(self, type: int, detail: bytes = b"", payload: bytes = b"", **fields: int) -> int:
        """A record; returns the result of the answer."""
        self.server._handle(_abi.record(record(type, detail, payload, instance=1, **fields)))
        return int(self.node.replies[-1][5]) if self.node.replies else 0

    def fails(self, type: int, detail: bytes = b"", payload: bytes = b"", **fields: int) -> None:
        """EIO, and the log says why"""
        with self.assertLogs("micro", "ERROR"):
            result = self.send(type, detail, payload, file=5, id=3, **fields)
        self.assertEqual(result, -errno.EIO)

    def test_read(self) -> None:
        given: Any
        for given in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
            self.driver.given = given
            self.assertEqual(self.send(_abi.READ, file=5, id=3, count=2), 2)
            self.assertEqual(self.node.payloads[-1], b"ab")
        self.driver.given = b""
        self.assertEqual(self.send(_abi.READ, file=5, id=3, count=2), 0)

    def test_read_goes_wrong(self) -> None:
        for given in (b"abc", "ab", None, 2, [1]):
            self.driver.given = given
            self.fails(_abi.READ, count=2)

    def test_write(self) -> None:
        given: Any
        for given, result in ((None, 3), (2, 2), (0, 0)):
            self.driver.given = given
            self.assertEqual(self.send(_abi.WRITE, payload=b"abc", file=5, id=3, count=3), result)
        for given in (4, -1, "3", b"abc"):
            self.driver.given = given
            self.fails(_abi.WRITE, payload=b"abc", count=3)

    def test_ioctl(self) -> None:
        command = struct.pack("=IIQ", micro.iowr("T", 1, 4), 0, 0)
        given: Any
        cases = ((None, 0, b""), (5, 5, b""), (b"1234", 0, b"1234"), ((7, b"12"), 7, b"12"))
        for given, result, payload in cases:
            self.driver.given = given
            self.assertEqual(self.send(_abi.IOCTL, command, b"wxyz", file=5, id=3, count=4, room=4), result)
            self.assertEqual(self.node.payloads[-1], payload)
        self.assertEqual(self.driver.arg, b"wxyz")
        self.driver.given = None
        self.send(_abi.IOCTL, struct.pack("=IIQ", micro.io("T", 1), 0, 99), file=5, id=3)
        self.assertEqual(self.driver.arg, 99)
        # a size, but no direction: no bytes travel
        self.send(_abi.IOCTL, struct.pack("=IIQ", micro.io("T", 1) | 4 << 16, 0, 98), file=5, id=3)
        self.assertEqual(self.driver.arg, 98)
        for given in (b"12345", -1, 1 << 31, "x", (1, 2, 3), (1, "x")):
            self.driver.given = given
            self.fails(_abi.IOCTL, command, b"wxyz", count=4, room=4)

    def test_llseek(self) -> None:
        given: Any
        self.driver.given = 1 << 40
        self.assertEqual(self.send(_abi.LLSEEK, file=5, id=3), 1 << 40)
        for given in (-1, 1 << 63, None, 1.5):
            self.driver.given = given
            self.fails(_abi.LLSEEK)

    def test_errors(self) -> None:
        self.driver.given = OSError(errno.ENOSPC, "full")
        self.assertEqual(self.send(_abi.WRITE, file=5, id=3), -errno.ENOSPC)
        self.driver.given = OSError(errno.ENOSPC)
        self.assertEqual(self.send(_abi.WRITE, file=5, id=3), -errno.ENOSPC)

    def test_errors_that_no_client_can_get(self) -> None:
        for given in (
            ZeroDivisionError,
            PermissionError(),
            OSError("no number"),
            OSError("no", "number"),
            OSError(0, "no error"),
            OSError(5000, "no error of Linux"),
            OSError(-2, "a number of getaddrinfo, whose error is an OSError"),
        ):
            with self.subTest(given=given):
                self.driver.given = given
                self.fails(_abi.WRITE)

    def test_again(self) -> None:
        for given, events in ((micro.Again, 0), (micro.Again(select.EPOLLPRI), select.EPOLLPRI)):
            self.driver.given = given
            self.assertEqual(self.send(_abi.READ, file=5, id=3), -errno.EAGAIN)
            self.assertEqual(self.node.replies[-1][4], events)

    def test_again_with_no_events(self) -> None:
        for events in ("EPOLLIN", -1, 1 << 32, None):
            with self.subTest(events=events):
                self.driver.given = micro.Again(events)  # type: ignore[arg-type]
                self.fails(_abi.READ)

    def test_interrupt(self) -> None:
        self.driver.given = KeyboardInterrupt
        with self.assertRaises(KeyboardInterrupt):
            self.send(_abi.READ, file=5, id=3)
        self.assertEqual(self.node.replies[-1][5], -errno.EIO)

    def test_types_of_later_kernels(self) -> None:
        self.assertEqual(self.send(99, id=3), -errno.EOPNOTSUPP)
        before = len(self.node.replies)
        self.send(99)
        self.assertEqual(len(self.node.replies), before)

    def test_save(self) -> None:
        file = self.server._files[5]
        self.driver.read = lambda file, count, pos: file.save(b"now") or b""  # type: ignore[assignment, func-returns-value]
        self.send(_abi.READ, file=5, id=3)
        self.assertEqual(self.node.replies[-1][1], _abi.SAVED)
        self.assertEqual(self.node.replies[-1][7], b"now".ljust(32, b"\0"))
        self.assertEqual(self.node.saved, [])
        file.save(b"later")
        self.assertEqual(self.node.saved, [(5, b"later")])
        with self.assertRaises(ValueError):
            file.save(bytes(33))

    def test_save_by_another_thread(self) -> None:
        def read(file: micro.File, count: int, pos: int) -> bytes:
            thread = threading.Thread(target=file.save, args=(b"thread",))
            thread.start()
            thread.join()
            return b""

        self.driver.read = read  # type: ignore[assignment]
        self.send(_abi.READ, file=5, id=3)
        self.assertEqual(self.node.replies[-1][1], 0)
        self.assertEqual(self.node.saved, [(5, b"thread")])

    def test_notify(self) -> None:
        file = self.server._files[5]
        file.notify(select.EPOLLIN)
        file.instance.notify(select.EPOLLOUT)
        self.assertEqual(self.node.notified, [(5, 0, select.EPOLLIN), (0, 1, select.EPOLLOUT)])

    def test_open_refused(self) -> None:
        self.driver.given = OSError(errno.EBUSY, "in use")
        self.assertEqual(self.send(_abi.OPEN, id=3, file=6), -errno.EBUSY)
        self.assertNotIn(6, self.server._files)

    def test_restore_refused(self) -> None:
        # the kernel answers for the file from then on, and does not tell when it is closed
        self.driver.given = OSError(errno.EBUSY, "in use")
        self.assertEqual(self.send(_abi.RESTORE, id=3, file=7), -errno.EBUSY)
        self.assertNotIn(7, self.server._files)

    def test_posted_open_refused(self) -> None:
        # nobody waits for the answer, so what comes later fails
        self.driver.given = OSError(errno.EBUSY, "in use")
        self.send(_abi.OPEN, file=6)
        self.driver.given = b""
        self.assertEqual(self.send(_abi.READ, id=3, file=6), -errno.EBUSY)
        self.send(_abi.RELEASE, file=6)
        self.assertFalse(hasattr(self.driver, "released"))

    def test_posted_open_of_a_refused_device(self) -> None:
        self.driver.probe = lambda instance: 1 // 0  # type: ignore[assignment]
        with self.assertLogs("micro", "ERROR"):
            self.send(_abi.PROBE, struct.pack("=64sQQQQ", b"test.1", 0, 0, 0, 0), id=3)
        self.send(_abi.OPEN, file=8)
        self.assertFalse(hasattr(self.server._files[8], "opened"))
        self.assertEqual(self.send(_abi.READ, id=3, file=8), -errno.EIO)

    def test_restore_is_open(self) -> None:
        self.assertEqual(self.send(_abi.RESTORE, b"state", id=3, file=7), 0)
        file = self.server._files[7]
        self.assertTrue(file.opened)
        self.assertEqual(file.saved, b"state".ljust(32, b"\0"))

    def test_files_without_open(self) -> None:
        self.node.attached = _abi.Attached(65536, 8, 0, 0x7F & ~_abi.OP_OPEN, 1)
        self.driver.given = b"x"
        self.assertEqual(self.send(_abi.READ, file=9, id=3, count=2), 1)
        self.assertNotIn(9, self.server._files)
        self.assertEqual(self.send(_abi.RESTORE, file=9, id=3), 0)
        self.assertNotIn(9, self.server._files)
        self.driver.read = lambda file, count, pos: file.save(b"now") or b""  # type: ignore[assignment, func-returns-value]
        self.send(_abi.READ, file=9, id=3)
        self.assertEqual(self.node.replies[-1][1], _abi.SAVED)

    def test_release(self) -> None:
        file = self.server._files[5]
        self.send(_abi.RELEASE, file=5)
        self.assertIs(self.driver.released, file)
        self.assertEqual(self.send(_abi.READ, file=5, id=3), -errno.EIO)

    def test_open_that_nobody_wanted(self) -> None:
        self.send(_abi.UNDELIVERED, struct.pack("=QIIqq", 2, _abi.OPEN, 0, 0, 0), file=5)
        self.assertEqual(self.driver.released._number, 5)

    def test_remove(self) -> None:
        file = self.server._files[5]
        self.send(_abi.REMOVE)
        self.assertIs(self.driver.released, file)
        self.assertEqual((self.server._files, self.server._instances), ({}, {}))

    def test_remove_without_release(self) -> None:
        self.node.attached = _abi.Attached(65536, 8, 0, 0x7F & ~_abi.OP_RELEASE, 1)
        self.send(_abi.REMOVE)
        self.assertFalse(hasattr(self.driver, "released"))
        self.assertEqual((self.server._files, self.server._instances), ({}, {}))

    def test_remove_after_an_exception(self) -> None:
        self.driver.release = lambda file: 1 // 0  # type: ignore[assignment]
        removed: List[str] = []
        self.driver.remove = lambda instance: removed.append(instance.name)  # type: ignore[assignment]
        with self.assertLogs("micro", "ERROR"):
            self.send(_abi.REMOVE)
        self.assertEqual(removed, ["test.0"])

    def test_other_signals(self) -> None:
        # one that the program handles wakes the server, which then sleeps again
        awake: List[bool] = []

        def wait(stop: int) -> None:
            awake.append(bool(select.select([stop], [], [], 0)[0]))
            os.kill(os.getpid(), signal.SIGUSR1 if len(awake) < 4 else signal.SIGTERM)
            self.assertTrue(select.select([stop], [], [], 60)[0])

        handled: List[int] = []
        handlers: Dict[signal.Signals, Any] = {signal.SIGTERM: signal.SIG_DFL}
        handlers[signal.SIGUSR1] = lambda *_: handled.append(len(awake))
        for number, handler in handlers.items():
            self.addCleanup(signal.signal, number, signal.signal(number, handler))
        self.node.wait = wait
        with _server._signals(self.server):
            self.server.serve()
        self.assertEqual(awake, [False] * 4)
        self.assertEqual(handled, [1, 2, 3])

    def test_signals_of_a_child(self) -> None:
        # a shell that runs the tests in the background has them ignore SIGINT
        usual: Dict[signal.Signals, Any] = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
        for number, handler in usual.items():
            self.addCleanup(signal.signal, number, signal.signal(number, handler))
        for number, status in ((signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 5)):
            with self.subTest(number=number), _server._signals(self.server):
                ready, begun = os.pipe()
                child = os.fork()
                if not child:
                    try:
                        os.write(begun, b"x")
                        for _ in range(600):
                            time.sleep(0.1)
                    except KeyboardInterrupt:
                        os._exit(5)
                    finally:
                        os._exit(0)
                os.read(ready, 1)
                os.kill(child, number)
                _, got = os.waitpid(child, 0)
                os.close(ready)
                os.close(begun)
                self.assertEqual(-os.WTERMSIG(got) if os.WIFSIGNALED(got) else os.WEXITSTATUS(got), status)
                self.assertFalse(self.server._stopped)

    def test_attach_goes_on_after_a_signal(self) -> None:
        calls: List[int] = []

        def ioctl(_fd: int, request: int, *_: Any) -> int:
            calls.append(request)
            if len(calls) < 3:
                raise InterruptedError
            return 0

        self.addCleanup(setattr, fcntl, "ioctl", fcntl.ioctl)
        fcntl.ioctl = ioctl  # type: ignore[assignment]
        _node.Node("/dev/null").close()
        self.assertEqual(calls, [_abi.ATTACH] * 3 + [_abi.DETACH])

    def test_end(self) -> None:
        with self.assertRaises(TypeError):
            micro.Server("test", object(), node=FakeNode)  # type: ignore[arg-type]
        self.server.stop()
        self.server.serve()
        self.server.close()
        self.assertTrue(self.node.closed)
