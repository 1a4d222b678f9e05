# SPDX-License-Identifier: GPL-2.0-only
"""Writes the overlays in files to a folder, to check them against the schemas.

    overlays.py FOLDER FILE...

An overlay of docs/x.md becomes FOLDER/docs-x-LINE.dtso. A FILE.dtso is one overlay. Markdown
and manual pages have overlays from a line "/dts-v1/;" to a line "};". Ends with an error if a
file has none.
"""
import pathlib
import re
import sys

OVERLAY = re.compile(r"^/dts-v1/;\n/plugin/;\n.*?^};$", re.M | re.S)


def overlays(file):
    """The overlays in a file, with the numbers of their first lines."""
    text = file.read_text()
    if file.suffix == ".dtso":
        return [(1, text)]
    text = text.replace("\\-", "-")
    return [(text.count("\n", 0, found.start()) + 1, found.group() + "\n") for found in OVERLAY.finditer(text)]


def main(folder, *names):
    """Writes them."""
    for name in names:
        found = overlays(pathlib.Path(name))
        if not found:
            sys.exit(f"{name}: has no overlay")
        stem = name.replace("/", "-").removesuffix(".dtso").removesuffix(".md")
        for line, text in found:
            (pathlib.Path(folder) / f"{stem}-{line}.dtso").write_text(text)


main(*sys.argv[1:])
