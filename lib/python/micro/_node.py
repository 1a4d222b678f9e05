# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server node: the system calls.

Copyright (C) 2026 The microkernel authors
"""

import contextlib
import fcntl
import mmap
import os
import select
from typing import Optional

from . import _abi

DIRECTORY = "/dev/micro/micro_user."


class Node:
    """A user driver's node, on which this process serves."""

    def __init__(self, driver: str, takeover: bool = False) -> None:
        if not driver:
            raise ValueError("a driver has a name")
        path = driver if "/" in driver else DIRECTORY + driver
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            buffer = _abi.attach(takeover)
            self._attach(buffer)
        except BaseException:
            os.close(self.fd)
            raise
        self.attached = _abi.attached(buffer)
        self._buffer = bytearray(_abi.record_room(self.attached.data_size))
        self._view = memoryview(self._buffer)

    def _attach(self, buffer: bytearray) -> None:
        while True:
            try:
                fcntl.ioctl(self.fd, _abi.ATTACH, buffer)
                return
            except InterruptedError:
                pass  # a take-over waits for the other server, and a signal was handled meanwhile

    def close(self) -> None:
        """End the session."""
        # other threads that notify must not reach another file of this number
        fd, self.fd = self.fd, -1
        if fd < 0:
            return
        try:
            fcntl.ioctl(fd, _abi.DETACH)
        except OSError:
            pass  # it is over already
        os.close(fd)

    def ready(self) -> bool:
        """Serve from now on. False: there is still something to read first."""
        try:
            fcntl.ioctl(self.fd, _abi.READY)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == 16:  # EBUSY
                return False
            raise
        return True

    def next(self) -> Optional[_abi.Record]:
        """A record, or None if there is none now."""
        try:
            n = os.readv(self.fd, [self._buffer])
        except BlockingIOError:
            return None
        return _abi.record(self._view[:n])

    def wait(self, stop: int) -> None:
        """Until there is a record, or something to read from stop."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        poll.register(stop, select.POLLIN)
        poll.poll()

    def reply(self, message: bytes) -> None:
        """Give an answer."""
        os.write(self.fd, message)

    def notify(self, file: int, instance: int, events: int) -> None:
        """Say what is possible. Nobody is told if the file was just closed, or the device just removed."""
        with contextlib.suppress(FileNotFoundError):
            fcntl.ioctl(self.fd, _abi.NOTIFY, _abi.notify(file, instance, events & _abi.EVENTS))

    def save(self, file: int, saved: bytes) -> None:
        """Store the state of a file, unless it has gone."""
        with contextlib.suppress(FileNotFoundError):
            fcntl.ioctl(self.fd, _abi.SAVE, _abi.save(file, saved))

    def memory(self, offset: int, size: int) -> Optional[mmap.mmap]:
        """Map the memory of a device."""
        if not size:
            return None
        return mmap.mmap(self.fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=offset)
