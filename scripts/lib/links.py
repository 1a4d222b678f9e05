# SPDX-License-Identifier: GPL-2.0-only
"""Finds dead links.

    links.py              in the Markdown files of the source
    links.py --site DIR   in the HTML files of a site

Checks links to files, anchors and pictures; not those to other machines. In the
source also that docs/README.md has each page of docs and README.md leads there, so that
each page is two steps from README.md. Prints a line for each fault.
"""
import functools
import html.parser
import pathlib
import re
import sys
import urllib.parse

SKIP = {".git", "build", "LICENSES"}
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)")
FENCED = re.compile(r"^( *)(```|~~~).*?^ *\2 *$", re.M | re.S)
SRC = re.compile(r"<(?:img|source|a)\b[^>]*?\b(?:src|srcset|href)=\"([^\"]+)\"")


def is_remote(link):
    return bool(re.match(r"[a-z][a-z0-9+.-]*:|//", link))


def slug(heading):
    """The anchor of a heading, as forges and pandoc make it."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"<[^>]*>", "", text)
    text = re.sub(r"[^\w\- ]", "", text.strip().lower())
    return text.replace(" ", "-")


def prose(text):
    """The text with the code taken out; lines keep their numbers."""
    def blank(match):
        return "\n" * match[0].count("\n")
    text = FENCED.sub(blank, text)
    text = re.sub(r"<!--.*?-->", blank, text, flags=re.S)
    return re.sub(r"(`+)(?!`)[^`\n]+\1(?!`)", "", text)


@functools.cache
def anchors(path):
    found, seen = set(), {}
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", text, re.M):
        name = slug(heading)
        n = seen[name] = seen.get(name, -1) + 1
        found.add(f"{name}-{n}" if n else name)
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def markdown_files():
    for path in sorted(pathlib.Path().rglob("*.md")):
        if not SKIP & set(path.parts) and not any(p.startswith(".") for p in path.parts):
            yield path


def check_markdown():
    faults = []
    targets = {}
    for path in markdown_files():
        text = prose(path.read_text(encoding="utf-8"))
        targets[path] = set()
        for match in [*LINK.finditer(text), *SRC.finditer(text)]:
            link = urllib.parse.unquote(match[1])
            if is_remote(link):
                continue
            where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            name, _, anchor = link.partition("#")
            target = path.parent / name if name else path
            if not target.exists():
                faults.append(f"{where}: {link}: there is no such file")
                continue
            targets[path].add(target.resolve())
            if anchor and target.suffix == ".md" and anchor not in anchors(target):
                faults.append(f"{where}: {link}: the page has no such heading")

    readme, index = pathlib.Path("README.md"), pathlib.Path("docs/README.md")
    if index.resolve() not in targets[readme]:
        faults.append(f"{readme}: has no link to {index}")
    pages = [*pathlib.Path("docs").rglob("*.md"), *pathlib.Path("docs/man").glob("*.[1-9]")]
    for page in sorted(set(pages) - {index}):
        if page.resolve() not in targets[index]:
            faults.append(f"{index}: does not have {page}")
    return faults


class Page(html.parser.HTMLParser):
    """The links and the anchors of an HTML file."""
    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if values.get("id"):
            self.ids.add(values["id"])
        for name in ("href", "src"):
            if values.get(name):
                self.links.append((self.getpos()[0], values[name]))


def check_site(site):
    faults = []
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for line, link in page.links:
            if is_remote(link):
                continue
            name, _, anchor = urllib.parse.unquote(link).partition("#")
            target = (path.parent / name).resolve() if name else path
            where = f"{path.relative_to(site.resolve())}:{line}"
            if not target.is_file():
                faults.append(f"{where}: {link}: there is no such file")
            elif anchor and target in pages and anchor not in pages[target].ids:
                faults.append(f"{where}: {link}: the page has no such anchor")
    if not pages:
        faults.append(f"{site}: has no pages")
    return faults


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--site":
        faults = check_site(pathlib.Path(sys.argv[2]))
    elif len(sys.argv) == 1:
        faults = check_markdown()
    else:
        print(__doc__, file=sys.stderr)
        return 2
    print("\n".join(faults), end="\n" if faults else "")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
