# SPDX-License-Identifier: GPL-2.0-only
"""Prints the figure of a device's life: python3 docs/figures/life.py >docs/figures/life.svg"""
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 404
BOX, TALL = 112, 40
# of a letter of this font, beside its size
LETTER = 0.56

HEAD = f"""<?xml version="1.0" encoding="utf-8"?>
<!-- SPDX-License-Identifier: GPL-2.0-only -->
<!-- made by docs/figures/life.py -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">
<title id="title">The life of a device, and of the server of a user driver</title>
<style>
svg {{ font: 12px system-ui, sans-serif; --ink: #1b1f24; --dim: #59636e; --line: #7d8791; --fill: #eef2f6; --end: #fbe9e7; }}
@media (prefers-color-scheme: dark) {{
	svg {{ --ink: #e6e9ed; --dim: #a3adb8; --line: #7d8791; --fill: #252b32; --end: #43302d; }}
}}
.box {{ fill: var(--fill); stroke: var(--line); }}
.end {{ fill: var(--end); }}
.line {{ fill: none; stroke: var(--line); stroke-width: 1.5; }}
.head {{ fill: var(--line); }}
text {{ fill: var(--dim); text-anchor: middle; }}
.name {{ fill: var(--ink); font-size: 15px; font-weight: 600; }}
.row {{ fill: var(--ink); font-size: 14px; text-anchor: start; }}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path class="head" d="M0,0 8,4 0,8z"/></marker></defs>"""


def text(x, y, words, kind="", size=12, room=None):
    if room and len(words) * LETTER * size > room:
        raise SystemExit(f"'{words}' does not fit into {room}")
    name = f' class="{kind}"' if kind else ""
    print(f'<text{name} x="{x}" y="{y}">{escape(words)}</text>')


def state(x, y, name, lines, room, kind=""):
    """A box with its name, and what is true in this state below it."""
    print(f'<rect class="{("box " + kind).strip()}" x="{x}" y="{y}" width="{BOX}" height="{TALL}" rx="8"/>')
    text(x + BOX // 2, y + 25, name, "name", 15, BOX)
    for i, line in enumerate(lines):
        text(x + BOX // 2, y + TALL + 18 + 16 * i, line, room=room)


def step(x, y, gap, *lines):
    """An arrow from a box at x to the next, and what makes the step."""
    start, middle = x + BOX, y + TALL // 2
    print(f'<path class="line" marker-end="url(#head)" d="M{start + 3},{middle} H{start + gap - 4}"/>')
    for i, line in enumerate(lines):
        text(start + gap // 2, middle - 8 - 14 * (len(lines) - 1 - i), line, room=gap)


def back(x_from, x_to, y, drop, words):
    """An arrow below the boxes, from one to an earlier one."""
    a, b = x_from + BOX // 2, x_to + BOX // 2
    top = y + TALL + 62
    print(f'<path class="line" marker-end="url(#head)" d="M{a},{top} V{top + drop - 8} q0,8 -8,8 H{b + 8} q-8,0 -8,-8 V{top}"/>')
    text((a + b) // 2, top + drop - 7, words, room=a - b - 20)


def main():
    print(HEAD)
    gap = (WIDTH - 20 - 5 * BOX) // 4
    x = [10 + i * (BOX + gap) for i in range(5)]
    y = 44
    text(10, 22, "A device", "row", 14)
    state(x[0], y, "declared", ["mkdir, a device tree", "or ACPI made it;", "no driver yet"], BOX + gap)
    state(x[1], y, "bound", ["it has a driver", "and a node below", "/dev/micro"], BOX + gap)
    state(x[2], y, "open", ["programs read, write,", "map it, and sleep", "in it"], BOX + gap)
    state(x[3], y, "revoked", ["sleepers wake,", "mappings end, files", "answer ENODEV"], BOX + gap, "end")
    state(x[4], y, "gone", ["remove() has run,", "name and module", "are free"], BOX + gap, "end")
    step(x[0], y, gap, "probe()")
    step(x[1], y, gap, "open()")
    step(x[2], y, gap, "unplug:", "rmdir ...")
    step(x[3], y, gap, "drained")
    back(x[3], x[0], y, 26, "only unbound (live is 0): it can be bound again, and old files stay dead")

    gap = 140
    x = [10 + i * (BOX + gap) for i in range(3)]
    y = 264
    text(10, 242, "The server of a user driver: a process", "row", 14)
    state(x[0], y, "waiting", ["there is no server:", "requests wait for", "grace-ms at most"], BOX + gap)
    state(x[1], y, "starting", ["it learns of devices", "and open files, and what", "was saved for each"], BOX + gap)
    state(x[2], y, "serving", ["it answers; the kernel", "answers poll() and", "wakes sleepers"], BOX + gap)
    step(x[0], y, gap, "a process", "opens its node")
    step(x[1], y, gap, "it is ready")
    back(x[2], x[0], y, 26, "it dies, hangs or is killed: open files stay, programs notice a pause")
    print("</svg>")


if __name__ == "__main__":
    main()
