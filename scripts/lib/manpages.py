# SPDX-License-Identifier: GPL-2.0-only
"""Finds what the modules have and their manual pages do not name.

    manpages.py

Each module has a page in docs/man. The page names in bold the parameters,
firmware properties, and files in configfs and sysfs that the sources have.
Prints a line for each one that is missing.
"""
import pathlib
import re
import sys

MAN = pathlib.Path("docs/man")
OBJ = re.compile(r"^obj-m \+= (\w+)\.o$", re.M)
NAMES = [re.compile(pattern) for pattern in (
    r"\bmodule_param(?:_named)?\(\s*(\w+)",
    r"\bCONFIGFS_ATTR(?:_RO|_WO)?\(\s*\w+,\s*(\w+)\)",
    r"\b(?:DEVICE|BUS|DRIVER|CLASS)_ATTR(?:_RO|_WO|_RW)?\(\s*(\w+)",
    r"\bMICRO_STATISTICS_ATTR\(\s*(\w+)",
    r"\bdevice_property_(?:present|read_\w+)\(\s*[^,]+,\s*\"(?!compatible\")([^\"]+)\"",
    r"\bmu_read_\w+\(\s*dev,\s*\"([^\"]+)\"",
    r"\.compatible = \"([^\"]+)\"",
)]
# within the macros that make others
NO_NAMES = {"name", "_name"}


def sources(module, kbuild):
    """The C files of a module."""
    folder = kbuild.parent
    parts = re.findall(rf"^{module}-(?:y|objs|\$\(\w+\)) [+:]?= ((?:.*\\\n)*.*)$", kbuild.read_text(), re.M)
    files = [folder / (part[:-2] + ".c") for line in parts for part in line.split() if part.endswith(".o")]
    return files or [folder / (module + ".c")]


def bold(page):
    """The text in bold."""
    found = []
    for line in page.read_text().replace("\\-", "-").splitlines():
        macro = re.match(r"\.(B|BR|BI|SM) (.*)", line)
        if macro:
            words = re.findall(r'"[^"]*"|\S+', macro[2])
            found += words if macro[1] == "B" else words[::2]
        found += re.findall(r"\\fB([^\\]*)", line)
        # the last part of a path, which is in italics
        found += re.findall(r"^\.I /.*/(\w+)$", line)
    return set(re.findall(r"[\w,-]*\w", " ".join(found))) | {word for text in found for word in text.split()}


def main():
    failed = False
    for kbuild in sorted(pathlib.Path("src").glob("*/Kbuild")):
        for module in OBJ.findall(kbuild.read_text()):
            page = MAN / (module + ".4")
            if not page.exists():
                print(f"{kbuild}: the module {module} has no manual page {page}")
                failed = True
                continue
            named = bold(page)
            for source in sources(module, kbuild):
                text = source.read_text()
                for name in sorted({m for regex in NAMES for m in regex.findall(text)} - NO_NAMES - named):
                    print(f"{page}: does not name {name} of {source} in bold")
                    failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
