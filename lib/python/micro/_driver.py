# SPDX-License-Identifier: LGPL-2.1-or-later
"""The class that a program extends, Driver, and those that it gets: Instance, File, Request.

Copyright (C) 2026 The microkernel authors
"""

import mmap
import os
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Tuple, Union

if TYPE_CHECKING:
    from ._server import Server

Bytes = Union[bytes, bytearray, memoryview]


class Again(Exception):
    """A method raises it if the client has to wait.

    The client waits in the kernel until notify() gives one of these events: EPOLLIN for a
    read, EPOLLOUT for a write, or the events of the argument. Methods other than read and
    write have to give events.
    """

    def __init__(self, events: int = 0) -> None:
        super().__init__(events)
        self.events = events


class Request(NamedTuple):
    """The request that a method answers: File.request.

    id       its number, which no other request has; the same if it is delivered again,
             because the server that had it died
    attempt  how many servers were lost while they had it
    pid      the client's process in the pid namespace of this one; 0 if it is not in that
    uid      its user
    gid      its group
    compat   the client is a 32-bit program on a 64-bit kernel: structs of an ioctl may differ
    """

    id: int
    attempt: int
    pid: int
    uid: int
    gid: int
    compat: bool


class Instance:
    """A device. A driver can put attributes of its own on it."""

    def __init__(self, server: "Server", number: int, name: str, memory: Optional[mmap.mmap]) -> None:
        self._server = server
        self._number = number
        self._probed = False
        #: the device's name
        self.name = name
        #: memory-size bytes that survive this process, or None; zeros at first
        self.memory = memory

    def notify(self, events: int) -> None:
        """Say what can be done with all its files without waiting: select.EPOLLIN ..."""
        self._server._notify(0, self._number, events)

    def __repr__(self) -> str:
        return "<micro.Instance %s>" % self.name

    # so that type checkers know that a driver's own attributes are fine
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...


class File:
    """An open file. A driver can put attributes of its own on it."""

    def __init__(self, server: "Server", instance: Instance, number: int, flags: int, saved: bytes) -> None:
        self._server = server
        self._number = number
        self._error = 0
        self._saving: Optional[bytes] = None
        #: the device
        self.instance = instance
        #: os.O_RDONLY, os.O_NONBLOCK ... as of the last request
        self.flags = flags
        #: 32 bytes that an earlier server saved, in Driver.restore()
        self.saved = saved
        #: the request that is being answered
        self.request = Request(0, 0, 0, 0, 0, False)

    @property
    def nonblocking(self) -> bool:
        """Is O_NONBLOCK set?"""
        return bool(self.flags & os.O_NONBLOCK)

    def notify(self, events: int) -> None:
        """Say what can be done with the file without waiting: select.EPOLLIN ...

        These events replace the earlier ones. Clients that wait for one of them go on.
        Any thread may call it, until the file is released.
        """
        self._server._notify(self._number, 0, events)

    def save(self, state: Bytes) -> None:
        """Have the kernel keep up to 32 bytes for the next server.

        If a method that answers a request of this file calls it, the kernel stores the bytes
        together with the answer: if this process dies, the next one has both or none.
        """
        self._server._save(self, bytes(state))

    def __repr__(self) -> str:
        return "<micro.File %d of %s>" % (self._number, self.instance.name)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...


class Driver:
    """What a driver does; a program overrides the methods that it needs.

    A method may raise OSError, whose errno (1 to 511) the client gets; or Again: not now. Any other
    exception, a result of a wrong type and too many bytes are EIO for the client and
    a traceback in the log ("micro" in the module logging); the server goes on.

    If the user driver's property "operations" lacks "open", each call of a method gets a File
    of its own.

    No method blocks: one that would have to wait raises Again.
    """

    def probe(self, instance: Instance) -> None:
        """A device was made, or existed when the server started."""

    def remove(self, instance: Instance) -> None:
        """A device is removed; its files were released before."""

    def open(self, file: File) -> None:
        """A client opens a device."""

    def release(self, file: File) -> None:
        """A file that open() or restore() has accepted is closed."""

    def restore(self, file: File) -> None:
        """A client opened this file while an earlier server ran; file.saved has the bytes which that one saved.

        If a driver does not have this method, open() is called.
        """
        self.open(file)

    def read(self, file: File, count: int, pos: int) -> Bytes:
        """Return up to count bytes; no bytes mean the end of the file."""
        raise OSError(22, "the driver has no read")

    def write(self, file: File, data: bytes, pos: int) -> Optional[int]:
        """Take data. Return how many bytes were taken; None means all of them."""
        raise OSError(22, "the driver has no write")

    def ioctl(self, file: File, cmd: int, arg: Union[bytes, int]) -> Union[None, int, Bytes, Tuple[int, Bytes]]:
        """Do a command.

        arg is bytes, as many as the command's number says, zeros if the client gives none;
        or the client's number if that says 0, or no direction. Return what the client gets: a number, which
        is 0 or more; bytes; a number and bytes; or None, which is 0.
        """
        raise OSError(25, "the driver has no ioctl")

    def llseek(self, file: File, offset: int, whence: int) -> int:
        """The new position. whence is never os.SEEK_CUR, which the kernel makes SEEK_SET."""
        raise OSError(29, "the driver has no llseek")

    def undelivered(self, file: File, kind: str, id: int, result: int, taken: int) -> None:
        """The client did not get the whole answer, because it was killed or gave a bad address.

        kind is "read", "write", "ioctl" or "llseek", id the request's number, result the
        answer; taken bytes of it arrived.
        """
