# SPDX-License-Identifier: LGPL-2.1-or-later
"""Numbers of ioctl commands, as the kernel's macros make them.

Copyright (C) 2026 The microkernel authors
"""

import platform
from typing import Union

# These have 13 bits for the size, and other numbers for the directions
_ODD = platform.machine().startswith(("alpha", "mips", "ppc", "sparc"))
_SIZE_BITS, _NONE, _READ, _WRITE = (13, 1, 2, 4) if _ODD else (14, 0, 2, 1)


def _ioc(direction: int, kind: Union[int, str], number: int, size: int) -> int:
    if isinstance(kind, str):
        kind = ord(kind)
    if not (0 <= kind < 256 and 0 <= number < 256 and 0 <= size < 1 << _SIZE_BITS):
        raise ValueError("an ioctl has a type and a number of 8 bits, and a size of %d bits" % _SIZE_BITS)
    return direction << (16 + _SIZE_BITS) | size << 16 | kind << 8 | number


def io(kind: Union[int, str], number: int) -> int:
    """A command without bytes: _IO() in C. kind is a number or a character."""
    return _ioc(_NONE, kind, number, 0)


def ior(kind: Union[int, str], number: int, size: int) -> int:
    """A command whose caller gets bytes: _IOR() in C."""
    return _ioc(_READ, kind, number, size)


def iow(kind: Union[int, str], number: int, size: int) -> int:
    """A command whose caller gives bytes: _IOW() in C."""
    return _ioc(_WRITE, kind, number, size)


def iowr(kind: Union[int, str], number: int, size: int) -> int:
    """A command whose caller gives bytes and gets as many: _IOWR() in C."""
    return _ioc(_READ | _WRITE, kind, number, size)
