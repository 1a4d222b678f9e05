# SPDX-License-Identifier: GPL-2.0-only
"""A recording of a terminal, in the format of asciinema (version 2).

    cast.py record TITLE    a recording of what comes in, with the time of each line
    cast.py text FILE       what a recording shows
    cast.py svg FILE        a picture of its first session, whose lines appear as they did
"""
import json
import sys
import time
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 100, 30
# Nobody waits longer for a line than this, and nobody reads a command in less time
LONGEST, SHORTEST = 2.0, 1.0
FONT, LINE, MARGIN = 14, 19, 16
# of a letter of this font, beside its size
LETTER = 0.602

STYLE = f"""svg {{ font: {FONT}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
rect {{ fill: #16191d; stroke: #7d8791; }}
text {{ fill: #d5dae0; white-space: pre; }}
.command {{ fill: #ffffff; font-weight: 600; }}
@media (prefers-reduced-motion: no-preference) {{
	text {{ animation: appear 0.1s both; }}
	@keyframes appear {{ from {{ opacity: 0; }} }}
}}"""


def record(title, lines):
    print(json.dumps({"version": 2, "width": WIDTH, "height": HEIGHT, "title": title}))
    at, last = 0.0, None
    for line in lines:
        now = time.monotonic()
        if last is not None:
            at += min(now - last, LONGEST)
        last = now
        if line.startswith("# "):
            at += SHORTEST
        print(json.dumps([round(at, 2), "o", line.rstrip("\n") + "\r\n"], ensure_ascii=False))


def load(path):
    """The lines of a recording, and when they came."""
    with open(path, encoding="utf-8") as file:
        head = json.loads(next(file))
        if head.get("version") != 2:
            sys.exit(f"{path}: is no recording of version 2")
        return head["title"], [(at, text.rstrip("\r\n")) for at, _, text in map(json.loads, file)]


def svg(path):
    title, lines = load(path)
    # The first session ends where the core is unloaded
    end = next(i for i, (_, text) in enumerate(lines) if text == "# rmmod microkernel")
    lines = [(at, text.expandtabs()) for at, text in lines[:end]]
    while not lines[0][1]:
        del lines[0]
    while not lines[-1][1]:
        del lines[-1]
    columns = max(len(text) for _, text in lines)
    width = round(columns * FONT * LETTER) + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    print(f"""<?xml version="1.0" encoding="utf-8"?>
<!-- SPDX-License-Identifier: GPL-2.0-only -->
<!-- made by scripts/cast -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">
<title id="title">What {escape(title)} shows first: a device is taken away under a reader</title>
<style>
{STYLE}
</style>
<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>""")
    start = lines[0][0]
    for i, (at, text) in enumerate(lines):
        if text:
            kind = ' class="command"' if text.startswith("# ") else ""
            print(f'<text{kind} x="{MARGIN}" y="{MARGIN + FONT + i * LINE}" '
                  f'style="animation-delay:{at - start:.2f}s" xml:space="preserve">{escape(text)}</text>')
    print("</svg>")


def main(arguments):
    match arguments:
        case ["record", title]:
            record(title, sys.stdin)
        case ["text", path]:
            for _, text in load(path)[1]:
                print(text)
        case ["svg", path]:
            svg(path)
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
