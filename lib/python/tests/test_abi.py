# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bytes are those of micro_user.h.

Copyright (C) 2026 The microkernel authors
"""

import struct
import unittest

from micro import _abi, _ioctl, io, ior, iow, iowr


def record(type: int, detail: bytes = b"", payload: bytes = b"", size: int = 184, **fields: int) -> memoryview:
    """What the kernel would write."""
    values = dict.fromkeys(_abi.Record._fields[3:18], 0)
    # what a struct calls count is a method of a tuple
    fields["length"] = fields.pop("count", 0)
    values.update(fields)
    head = struct.pack("=IHH", size, type, values.pop("flags", 0))
    head += struct.pack("=QIIQQIIQIIIiIIQ", *values.values())
    return memoryview(head + detail.ljust(size - 88, b"\0") + payload)


class Structs(unittest.TestCase):
    def test_sizes(self) -> None:
        self.assertEqual(len(_abi.attach(False)), 88)
        self.assertEqual(_abi._record_size, 184)
        self.assertEqual(_abi._reply.size, 72)
        self.assertEqual(len(_abi.notify(1, 2, 3)), 32)
        self.assertEqual(len(_abi.save(1, b"")), 56)

    def test_attach(self) -> None:
        self.assertEqual(struct.unpack_from("=III", _abi.attach(False)), (88, 1, 0))
        self.assertEqual(struct.unpack_from("=III", _abi.attach(True)), (88, 1, 1))
        buffer = bytearray(struct.pack("=IIIIIIQIIQII4Q", 88, 1, 0, 1, 32, 4096, 0, 65536, 8, 100, 0x7F, 5, 0, 0, 0, 0))
        self.assertEqual(_abi.attached(buffer), (65536, 8, 100, 0x7F, 5))

    def test_record(self) -> None:
        rec = _abi.record(record(_abi.WRITE, struct.pack("=q", 7), b"abc", id=9, slot=2, file=5, count=3, pid=42, uid=1, gid=2))
        self.assertEqual((rec.type, rec.id, rec.slot, rec.file, rec.length, rec.pid), (_abi.WRITE, 9, 2, 5, 3, 42))
        self.assertEqual((rec.uid, rec.gid, rec.payload, _abi.position(rec)), (1, 2, b"abc", 7))

    def test_record_of_a_later_kernel(self) -> None:
        rec = _abi.record(record(_abi.WRITE, b"", b"abc", size=200, count=3))
        self.assertEqual(rec.payload, b"abc")

    def test_record_that_is_none(self) -> None:
        for message in (b"", bytes(183), bytes(184), b"\xff\xff" + bytes(182)):
            with self.assertRaises(ValueError):
                _abi.record(memoryview(message))

    def test_details(self) -> None:
        rec = _abi.record(record(_abi.PROBE, struct.pack("=64sQQQQ", b"counter.0", 1, 2, 3, 4)))
        self.assertEqual(_abi.probe(rec), ("counter.0", 1, 2, 3, 4))
        rec = _abi.record(record(_abi.LLSEEK, struct.pack("=qII", -5, 2, 0)))
        self.assertEqual(_abi.llseek(rec), (-5, 2))
        rec = _abi.record(record(_abi.IOCTL, struct.pack("=IIQ", 0x1234, 0, 1 << 40)))
        self.assertEqual(_abi.ioctl(rec), (0x1234, 1 << 40))
        rec = _abi.record(record(_abi.RESTORE, bytes(range(32))))
        self.assertEqual(_abi.state(rec), bytes(range(32)))
        rec = _abi.record(record(_abi.UNDELIVERED, struct.pack("=QIIqq", 8, _abi.READ, 0, 10, 4)))
        self.assertEqual(_abi.undelivered(rec), (8, _abi.READ, 0, 10, 4))

    def test_reply(self) -> None:
        rec = _abi.record(record(_abi.READ, id=1 << 60, slot=3, count=10))
        plain = struct.pack("=IIQIIqQ32s", 72, 0, 1 << 60, 3, 0, 2, 0, b"")
        self.assertEqual(_abi.reply(rec, 2, payload=b"ab"), plain + b"ab")
        saved = struct.pack("=IIQIIqQ32s", 72, 2, 1 << 60, 3, 1, -11, 0, b"x")
        self.assertEqual(_abi.reply(rec, -11, 1, b"x"), saved)


class Ioctl(unittest.TestCase):
    def test_numbers(self) -> None:
        if _ioctl._ODD:
            self.skipTest("this machine has numbers of its own")
        self.assertEqual(io(0xF5, 0), 0xF500)
        self.assertEqual(ior(0xF5, 1, 4), 0x8004F501)
        self.assertEqual(iow("T", 2, 8), 0x40085402)
        self.assertEqual(iowr("T", 2, 64), 0xC0405402)

    def test_range(self) -> None:
        for bad in ((256, 0, 0), (0, 256, 0), (0, 0, 1 << 14)):
            with self.assertRaises(ValueError):
                ior(*bad)
