# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel and a server say to each other: micro_user.h, as bytes.

Copyright (C) 2026 The microkernel authors
"""

import select
import struct
from typing import NamedTuple, Tuple

from ._ioctl import io

VERSION = 1
STATE = 32
# numbers from here on are the kernel's own; clients get EIO for them
ERRNO_END = 512

ATTACH = io(0xBD, 0)
READY = io(0xBD, 1)
NOTIFY = io(0xBD, 3)
SAVE = io(0xBD, 4)
DETACH = io(0xBD, 5)

TAKEOVER = 1 << 0

OP_OPEN = 1 << 0
OP_RELEASE = 1 << 1

PROBE, REMOVE, RESTORE, OPEN, RELEASE, READ, WRITE, IOCTL, LLSEEK, UNDELIVERED = range(1, 11)
NAMES = ("?", "probe", "remove", "restore", "open", "release", "read", "write", "ioctl", "llseek", "undelivered")

COMPAT = 1 << 0

# of the events of poll(2) those that a server can notify
EVENTS = (
    select.EPOLLIN
    | select.EPOLLPRI
    | select.EPOLLOUT
    | select.EPOLLERR
    | select.EPOLLHUP
    | select.EPOLLRDNORM
    | select.EPOLLRDBAND
    | select.EPOLLWRNORM
    | select.EPOLLWRBAND
    | select.EPOLLRDHUP
)

COOKIE = 1 << 0
SAVED = 1 << 1

_attach = struct.Struct("=IIIIIIQIIQII4Q")
_record = struct.Struct("=IHHQIIQQIIQIIIiIIQ")
_record_size = _record.size + 96
_probe = struct.Struct("=64sQQQQ")
_rw = struct.Struct("=q")
_llseek = struct.Struct("=qII")
_ioctl = struct.Struct("=IIQ")
_undelivered = struct.Struct("=QIIqq")
_reply = struct.Struct("=IIQIIqQ32s")
_notify = struct.Struct("=IIQIIQ")
_save = struct.Struct("=IIQQ32s")


class Attached(NamedTuple):
    """What the kernel makes of an ATTACH."""

    data_size: int
    depth: int
    memory_size: int
    operations: int
    session: int


class Record(NamedTuple):
    """What the kernel tells: a request, or, with an id of 0, a notice."""

    size: int
    type: int
    flags: int
    id: int
    slot: int
    attempt: int
    file: int
    cookie: int
    instance: int
    open_flags: int
    seq: int
    data: int
    length: int  # count of the struct
    room: int
    pid: int
    uid: int
    gid: int
    reserved: int
    detail: bytes  # the union, as it is
    payload: bytes  # what a client gave


class Probe(NamedTuple):
    """Of a PROBE record."""

    name: str
    data_offset: int
    data_size: int
    memory_offset: int
    memory_size: int


class Undelivered(NamedTuple):
    """Of an UNDELIVERED record."""

    id: int
    type: int
    reserved: int
    result: int
    taken: int


def attach(takeover: bool) -> bytearray:
    """The argument of ATTACH, into which the kernel writes."""
    return bytearray(_attach.pack(_attach.size, VERSION, TAKEOVER if takeover else 0, *[0] * 13))


def attached(buffer: bytearray) -> Attached:
    """What it wrote there."""
    fields = _attach.unpack(buffer)
    return Attached(*fields[7:12])


def record_room(data_size: int) -> int:
    """Bytes that a record with its payload may have, of later kernels too."""
    return 4096 + data_size


def record(message: memoryview) -> Record:
    """From what read() gave: a record, and behind it what the client gave."""
    if len(message) < _record_size:
        raise ValueError("a record of %d bytes" % len(message))
    fields = _record.unpack_from(message)
    size = fields[0]
    if not _record_size <= size <= len(message):
        raise ValueError("a record that says it has %d of %d bytes" % (size, len(message)))
    return Record._make((*fields, bytes(message[_record.size : size]), bytes(message[size:])))


def probe(rec: Record) -> Probe:
    """The details of a PROBE."""
    name, *rest = _probe.unpack_from(rec.detail)
    return Probe(name.split(b"\0")[0].decode(), *rest)


def position(rec: Record) -> int:
    """Of a READ or WRITE."""
    pos: int = _rw.unpack_from(rec.detail)[0]
    return pos


def llseek(rec: Record) -> Tuple[int, int]:
    """Offset and whence of a LLSEEK."""
    offset, whence, _ = _llseek.unpack_from(rec.detail)
    return offset, whence


def ioctl(rec: Record) -> Tuple[int, int]:
    """Command and argument of an IOCTL; that is 0 where bytes travel."""
    command, _, arg = _ioctl.unpack_from(rec.detail)
    return command, arg


def undelivered(rec: Record) -> Undelivered:
    """The details of an UNDELIVERED."""
    return Undelivered(*_undelivered.unpack_from(rec.detail))


def state(rec: Record) -> bytes:
    """What an earlier server saved, of a RESTORE."""
    return rec.detail[:STATE]


def reply(rec: Record, result: int, events: int = 0, saved: "bytes | None" = None, payload: bytes = b"") -> bytes:
    """The answer to a request, for write()."""
    flags = 0 if saved is None else SAVED
    return _reply.pack(_reply.size, flags, rec.id, rec.slot, events, result, 0, saved or b"") + payload


def notify(file: int, instance: int, events: int) -> bytearray:
    """The argument of NOTIFY; the kernel writes a number into it."""
    return bytearray(_notify.pack(_notify.size, 0, file, instance, events, 0))


def save(file: int, saved: bytes) -> bytes:
    """The argument of SAVE."""
    return _save.pack(_save.size, SAVED, file, 0, saved)
