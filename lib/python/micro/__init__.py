# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Python program serves character devices.

    import itertools
    import micro

    class Counter(micro.Driver):
        numbers = itertools.count(1)

        def read(self, file, count, pos):
            return b"%d\\n" % next(self.numbers) if pos == 0 else b""

    micro.serve("counter", Counter())

Root makes the user driver and its devices:

    mkdir /sys/kernel/config/micro/micro_user.counter
    mkdir /sys/kernel/config/micro/counter.0        # /dev/micro/counter.0

A user who may open /dev/micro/micro_user.counter may run this program. If it dies, the
files that other programs have open stay open, and go on when it is started again.

Copyright (C) 2026 The microkernel authors
"""

from ._driver import Again, Driver, File, Instance, Request
from ._ioctl import io, ior, iow, iowr
from ._server import Server, background, serve

__all__ = [
    "Again",
    "Driver",
    "File",
    "Instance",
    "Request",
    "Server",
    "background",
    "io",
    "ior",
    "iow",
    "iowr",
    "serve",
]
