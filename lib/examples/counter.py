#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""counter: each read gives the next number. Copyright (C) 2026 The microkernel authors"""

import sys

import micro


class Counter(micro.Driver):
    def read(self, file, count, pos):
        # memory-size bytes that survive this process: one after kill -9 counts on
        memory = file.instance.memory
        n = int.from_bytes(memory[:8], sys.byteorder) + 1
        memory[:8] = n.to_bytes(8, sys.byteorder)
        return b"%d\n" % n


micro.serve("counter", Counter())
