# SPDX-License-Identifier: LGPL-2.1-or-later
"""Serving: from a record to a method, and back to an answer.

Copyright (C) 2026 The microkernel authors
"""

import contextlib
import errno
import fcntl
import logging
import os
import signal
import threading
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Type

from . import _abi
from ._driver import Again, Bytes, Driver, File, Instance, Request
from ._node import Node

log = logging.getLogger("micro")

# What a request comes to: result, events, payload
Answer = Tuple[int, int, bytes]


class Server:
    """A process that serves the devices of a user driver, from here to close().

    driver    the user driver's name; with a slash in it, the path of its node
    target    what it does
    takeover  if another process serves, take its place, without a gap

    OSError says why it fails. FileNotFoundError: the user driver does not exist;
    PermissionError: this user may not open the node; EBUSY: another process serves it.
    """

    def __init__(self, driver: str, target: Driver, *, takeover: bool = False, node: Type[Node] = Node) -> None:
        if not isinstance(target, Driver):
            raise TypeError("%r is no micro.Driver" % (target,))
        self._driver = target
        self._instances: Dict[int, Instance] = {}
        self._files: Dict[int, File] = {}
        self._now: Optional[_abi.Record] = None
        self._once: Optional[File] = None
        self._thread = 0
        self._stopped = False
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._methods: Dict[int, Callable[[_abi.Record], Answer]] = {
            _abi.PROBE: self._probe,
            _abi.REMOVE: self._remove,
            _abi.RESTORE: self._open,
            _abi.OPEN: self._open,
            _abi.RELEASE: self._release,
            _abi.READ: self._read,
            _abi.WRITE: self._write,
            _abi.IOCTL: self._ioctl,
            _abi.LLSEEK: self._llseek,
            _abi.UNDELIVERED: self._undelivered,
        }
        try:
            self._node = node(driver, takeover)
        except BaseException:
            self._close_pipe()
            raise

    def serve(self) -> None:
        """Serve until stop() is called.

        OSError says why the session has ended. ESHUTDOWN: the process hung, or another one
        took over; ENODEV: the user driver was removed.
        """
        while not self._stopped:
            self._drain()
            if self._node.ready():
                break
        while not self._stopped:
            self._drain()
            if not self._stopped:
                self._node.wait(self._wake_read)
                # any signal that Python handles has written into it, not only those that stop
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)

    def stop(self) -> None:
        """Make serve() return after the answer to the request that it has. Any thread may call it."""
        self._stopped = True
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"\0")

    def close(self) -> None:
        """End the session. Devices and their open files stay, for the next server."""
        self._node.close()
        self._close_pipe()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _close_pipe(self) -> None:
        if self._wake_read >= 0:
            os.close(self._wake_read)
            os.close(self._wake_write)
            self._wake_read = self._wake_write = -1

    def _drain(self) -> None:
        while not self._stopped:
            record = self._node.next()
            if record is None:
                break
            self._handle(record)

    def _handle(self, record: _abi.Record) -> None:
        self._now = record
        self._thread = threading.get_ident()
        file = self._files.get(record.file)
        try:
            try:
                method = self._methods.get(record.type)
                result, events, payload = method(record) if method else (-errno.EOPNOTSUPP, 0, b"")
            except Exception as error:
                result, events, payload = self._failed(record, error)
        except BaseException:
            # KeyboardInterrupt and the like end the server, but not with a client waiting
            self._once = None
            if record.id:
                self._node.reply(_abi.reply(record, -errno.EIO))
            raise
        finally:
            self._now = None
        # a method may have made it meanwhile
        file = file or self._files.get(record.file) or self._once
        self._once = None
        saved = None
        if file:
            saved, file._saving = file._saving, None
            if record.type in (_abi.OPEN, _abi.RESTORE) and result < 0:
                file._error = result
                # the kernel does not mention it again, unless nobody waited for the answer
                if record.id:
                    self._files.pop(record.file, None)
        if record.id:
            self._node.reply(_abi.reply(record, result, events, saved, payload))
        elif file and saved is not None and record.type == _abi.OPEN:
            self._node.save(record.file, saved)

    def _failed(self, record: _abi.Record, error: Exception) -> Answer:
        """The answer for an exception. An exception without an errno for the client is logged."""
        events = error.events if isinstance(error, Again) else None
        if isinstance(events, int) and 0 <= events < 1 << 32:
            return -errno.EAGAIN, events, b""
        code = _errno_of(error) if isinstance(error, OSError) else None
        if code is not None:
            return -code, 0, b""
        log.error("%s failed, the client gets EIO", self._describe(record), exc_info=error)
        return -errno.EIO, 0, b""

    def _describe(self, record: _abi.Record) -> str:
        instance = self._instances.get(record.instance)
        name = _abi.NAMES[record.type] if record.type < len(_abi.NAMES) else "?"
        return "%s of %s" % (name, instance.name if instance else "?")

    def _notify(self, file: int, instance: int, events: int) -> None:
        self._node.notify(file, instance, events)

    def _save(self, file: File, saved: bytes) -> None:
        if len(saved) > _abi.STATE:
            raise ValueError("%d bytes, the kernel keeps %d" % (len(saved), _abi.STATE))
        now = self._now
        # another thread does not know whether the answer has gone meanwhile
        if now and now.file == file._number and self._thread == threading.get_ident():
            file._saving = saved
        else:
            self._node.save(file._number, saved)

    def _find(self, record: _abi.Record) -> Optional[File]:
        file = self._files.get(record.file)
        if file is None and not self._files_are_told() and record.instance in self._instances:
            # for this once
            file = File(self, self._instances[record.instance], record.file, record.open_flags, bytes(_abi.STATE))
            self._once = file
        return file

    def _file(self, record: _abi.Record) -> File:
        file = self._find(record)
        if file is None:
            raise OSError(errno.EIO, "no such file")
        if file._error:
            raise OSError(-file._error, "the file was refused")
        file.flags = record.open_flags
        file.request = self._request(record)
        return file

    def _files_are_told(self) -> bool:
        """Is this server told of open(2)?"""
        return bool(self._node.attached.operations & _abi.OP_OPEN)

    @staticmethod
    def _request(record: _abi.Record) -> Request:
        compat = bool(record.flags & _abi.COMPAT)
        return Request(record.id, record.attempt, record.pid, record.uid, record.gid, compat)

    def _probe(self, record: _abi.Record) -> Answer:
        probe = _abi.probe(record)
        memory = self._node.memory(probe.memory_offset, probe.memory_size)
        instance = Instance(self, record.instance, probe.name, memory)
        self._instances[record.instance] = instance
        self._driver.probe(instance)
        instance._probed = True
        return 0, 0, b""

    def _remove(self, record: _abi.Record) -> Answer:
        instance = self._instances.get(record.instance)
        if instance:
            for number in [f._number for f in self._files.values() if f.instance is instance]:
                file = self._files.pop(number)
                # such as one that was being opened: the kernel does not mention it again
                if not file._error and self._node.attached.operations & _abi.OP_RELEASE:
                    try:
                        self._driver.release(file)
                    except Exception as error:
                        self._failed(record, error)
            try:
                if instance._probed:
                    self._driver.remove(instance)
            finally:
                del self._instances[record.instance]
                if instance.memory is not None:
                    with contextlib.suppress(BufferError):  # a memoryview that is still about
                        instance.memory.close()
        return 0, 0, b""

    def _open(self, record: _abi.Record) -> Answer:
        restore = record.type == _abi.RESTORE
        if not self._files_are_told() and type(self._driver).restore is Driver.restore:
            # it would be told of a file that was there before, but not of its end
            return 0, 0, b""
        saved = _abi.state(record) if restore else bytes(_abi.STATE)
        file = File(self, self._instances[record.instance], record.file, record.open_flags, saved)
        # until it is open; an exception leaves it so
        file._error = -errno.EIO
        file.request = self._request(record)
        self._files[record.file] = file
        if not file.instance._probed:
            # an open() that is posted may have come before the driver has refused the device
            raise OSError(errno.EIO, "the device was refused")
        if restore:
            self._driver.restore(file)
        else:
            self._driver.open(file)
        file._error = 0
        return 0, 0, b""

    def _release(self, record: _abi.Record) -> Answer:
        file = self._files.get(record.file)
        if file:
            try:
                if not file._error:
                    file.request = self._request(record)
                    self._driver.release(file)
            finally:
                self._files.pop(record.file, None)
        return 0, 0, b""

    def _read(self, record: _abi.Record) -> Answer:
        data = self._driver.read(self._file(record), record.length, _abi.position(record))
        payload = _to_bytes(data, record.length, "read")
        return len(payload), 0, payload

    def _write(self, record: _abi.Record) -> Answer:
        taken = self._driver.write(self._file(record), record.payload, _abi.position(record))
        if taken is None:
            taken = record.length
        if not isinstance(taken, int):
            raise TypeError("write returned %s, not how many bytes were taken" % type(taken).__name__)
        if not 0 <= taken <= record.length:
            raise ValueError("write returned %d, and was given %d bytes" % (taken, record.length))
        return taken, 0, b""

    def _ioctl(self, record: _abi.Record) -> Answer:
        command, number = _abi.ioctl(record)
        given = self._driver.ioctl(self._file(record), command, record.payload if record.length else number)
        result: object = 0
        data: object = b""
        if isinstance(given, tuple):
            if len(given) != 2:
                raise TypeError("ioctl returned a tuple of %d" % len(given))
            result, data = given
        elif isinstance(given, int):
            result = given
        elif given is not None:
            data = given
        if not isinstance(result, int):
            raise TypeError("ioctl returned %s, not a number" % type(result).__name__)
        if not 0 <= result <= 0x7FFFFFFF:
            raise ValueError("ioctl returned %d" % result)
        return result, 0, _to_bytes(data, record.room, "ioctl")

    def _llseek(self, record: _abi.Record) -> Answer:
        position = self._driver.llseek(self._file(record), *_abi.llseek(record))
        if not isinstance(position, int):
            raise TypeError("llseek returned %s, not a position" % type(position).__name__)
        if not 0 <= position < 1 << 63:
            raise ValueError("llseek returned %d" % position)
        return position, 0, b""

    def _undelivered(self, record: _abi.Record) -> Answer:
        what = _abi.undelivered(record)
        if what.type == _abi.OPEN:
            return self._release(record)
        file = self._find(record)
        if file and not file._error and what.type in (_abi.READ, _abi.WRITE, _abi.IOCTL, _abi.LLSEEK):
            self._driver.undelivered(file, _abi.NAMES[what.type], what.id, what.result, what.taken)
        return 0, 0, b""


def _errno_of(error: OSError) -> Optional[int]:
    """The errno that a client can get, or None. OSError(errno.ENOSPC) has it as its only argument."""
    code: object = error.errno
    if code is None and len(error.args) == 1:
        code = error.args[0]
    return code if isinstance(code, int) and 0 < code < _abi.ERRNO_END else None


def _to_bytes(data: object, most: int, method: str) -> bytes:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("%s returned %s, not bytes" % (method, type(data).__name__))
    result = bytes(data)
    if len(result) > most:
        raise ValueError("%s returned %d bytes, the client wants %d" % (method, len(result), most))
    return result


# Of the signals that stop a server of this process, what they did before
_before: Dict[signal.Signals, Any] = {}


# The signals that a thread which forks had blocked
_forking = threading.local()


def _before_fork() -> None:
    """Python forgets a signal that comes to a child which has still our handlers."""
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _before)


def _after_fork() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)


def _in_child() -> None:
    """A method has forked: the child does not serve, and so signals are not to stop the server there."""
    for number, handler in _before.items():
        signal.signal(number, handler)
    _before.clear()
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


@contextlib.contextmanager
def _signals(server: Server) -> Iterator[None]:
    """SIGINT and SIGTERM stop the server, unless the program handles or ignores them."""
    defaults = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    old: Dict[signal.Signals, Any] = {}
    wakeup = -1
    if threading.current_thread() is threading.main_thread():
        # the pipe wakes up the server also when a signal comes just before it falls asleep
        wakeup = signal.set_wakeup_fd(server._wake_write, warn_on_full_buffer=False)
        for number, default in defaults.items():
            if signal.getsignal(number) == default:
                old[number] = _before[number] = signal.signal(number, lambda *_: server.stop())
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in old.items():
                _before.pop(number, None)
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)


def serve(driver: str, target: Driver, *, takeover: bool = False) -> None:
    """Serve the devices of a user driver until SIGINT or SIGTERM, and return then.

    Ctrl-C ends a server as systemd does: the server answers the request that it has, and the
    program goes on after serve(), without a KeyboardInterrupt. If a program has handlers
    for these signals, or ignores them, that does not change.

    The arguments and the exceptions are those of Server.
    """
    with Server(driver, target, takeover=takeover) as server, _signals(server):
        server.serve()


@contextlib.contextmanager
def background(driver: str, target: Driver, *, takeover: bool = False) -> Iterator[Server]:
    """Serve in another thread, as long as the block runs: for tests.

    with micro.background("counter", Counter()):
        assert open("/dev/micro/counter.0").readline() == "1\\n"
    """
    failed: List[BaseException] = []

    def run() -> None:
        try:
            server.serve()
        except BaseException as error:  # told to who started it
            failed.append(error)

    with Server(driver, target, takeover=takeover) as server:
        thread = threading.Thread(target=run, name="micro " + driver)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()
    if failed:
        raise failed[0]
