#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Lab 6: a driver that is a program. Each read gives a line of a poem, or a part of it."""

import micro

POEM = b"""Tyger Tyger, burning bright,
In the forests of the night;
What immortal hand or eye,
Could frame thy fearful symmetry?
"""


class Poem(micro.Driver):
    # The kernel keeps the position of each open file. This program keeps nothing that the
    # next one would miss.
    def read(self, file, count, pos):
        end = POEM.find(b"\n", pos) + 1
        return POEM[pos:min(end, pos + count)]


micro.serve("lab6", Poem())
