# SPDX-License-Identifier: GPL-2.0-only
"""Makes the pages of the site.

    site.py API DIR

The pages are README.md and those that docs/README.md lists, in its order and under its
headings. API has manual pages in a row, as kernel-doc prints them.
"""
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

from links import is_remote

INDEX = "docs/README.md"
API = "kernel-api.html"
TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="{root}style.css">
</head>
<body>
<p class="top"><a href="{root}index.html">microkernel</a> <a href="#pages" class="jump">All pages</a></p>
<main>
{body}
</main>
<nav id="pages" aria-label="pages">
<div hidden><input type="search" id="search" placeholder="Search" aria-label="Search all pages"><ol id="found"></ol></div>
{nav}
</nav>
<script src="{root}site.js"></script>
</body>
</html>
"""
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout


def output(source):
    """Where the page of a source goes."""
    if source == "README.md":
        return "index.html"
    if source.endswith(".md"):
        return source[:-3] + ".html"
    return "man/" + os.path.basename(source) + ".html"


def relative(target, page):
    return os.path.relpath(target, os.path.dirname(page) or ".")


def read_index():
    """The kinds, each with its pages: (title, source)."""
    kinds = []
    with open(INDEX, encoding="utf-8") as file:
        for line in file:
            if line.startswith("## "):
                kinds.append((line[3:].strip(), []))
            elif line.startswith("| [") and kinds:
                for title, link in LINK.findall(line.split(" | ")[0]):
                    kinds[-1][1].append((title, os.path.normpath(os.path.join("docs", link))))
    return kinds


class Site:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.kinds = read_index()
        self.pages = {source: output(source) for _, pages in self.kinds for _, source in pages}
        self.pages[INDEX] = output(INDEX)
        self.raw = set()
        self.texts = []

    def nav(self, page):
        lines = []

        def entry(title, target):
            here = ' aria-current="page"' if target == page else ""
            lines.append(f'<li><a href="{relative(target, page)}"{here}>{html.escape(title)}</a></li>')

        for kind, pages in self.kinds:
            lines.append(f"<h2>{html.escape(kind)}</h2>\n<ul>")
            for title, source in pages:
                entry(title, self.pages[source])
            if kind == "Reference":
                entry("Kernel API", API)
            lines.append("</ul>")
        lines.append("<ul>")
        entry("All pages, and for whom", self.pages[INDEX])
        lines.append("</ul>")
        return "\n".join(lines)

    def write(self, page, title, body):
        path = self.folder / page
        text = html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", " ", body, flags=re.S))
        self.texts.append([page, title, " ".join(text.split())])
        path.parent.mkdir(parents=True, exist_ok=True)
        root = relative(".", page) + "/"
        path.write_text(TEMPLATE.format(title=html.escape(title), root=root, nav=self.nav(page), body=body),
                        encoding="utf-8")

    def copy(self, source):
        """A file of the source that a page links to, or a list of those in a folder."""
        if source in self.raw:
            return
        self.raw.add(source)
        path = pathlib.Path(source)
        if path.is_dir():
            names = sorted(p.name for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
            items = "\n".join(f'<li><a href="{urllib.parse.quote(self.copied(source, name))}">{html.escape(name)}</a></li>'
                              for name in names)
            self.write(source + "/index.html", source, f"<h1>{html.escape(source)}</h1>\n<ul>\n{items}\n</ul>")
            for name in names:
                self.copy(source + "/" + name)
        elif source not in self.pages:
            target = self.folder / self.plain(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    @staticmethod
    def plain(source):
        """The name of a copy: browsers show .txt, and would save others."""
        return source if re.search(r"\.(?:svg|png|json|txt)$", source) else source + ".txt"

    def copied(self, folder, name):
        source = folder + "/" + name
        return relative(self.pages.get(source) or self.plain(source), folder + "/index.html")

    def link(self, source, target):
        """What a link of a page becomes in the site."""
        if target.startswith("#") or is_remote(target):
            return target
        name, _, anchor = urllib.parse.unquote(html.unescape(target)).partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(source), name))
        if file in self.pages:
            new = self.pages[file]
        elif os.path.exists(file):
            self.copy(file)
            new = file + "/index.html" if os.path.isdir(file) else self.plain(file)
        else:
            return target   # links.py says so
        return urllib.parse.quote(relative(new, self.pages[source])) + ("#" + anchor if anchor else "")

    def markdown(self, source):
        body = run("pandoc", "-f", "gfm", "-t", "html", "--no-highlight", source)
        body = re.sub(r'\b(href|src)="([^"]*)"',
                      lambda m: f'{m[1]}="{html.escape(self.link(source, m[2]))}"', body)
        body = re.sub(r"<table.*?</table>", r'<div class="wide">\g<0></div>', body, flags=re.S)
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", body, re.S)
        title = " ".join(html.unescape(re.sub(r"<[^>]*>", "", heading[1])).split()) if heading else source
        self.write(self.pages[source], title, body)

    def see(self, body, page, known):
        """Links from name(section) to the page, if there is one."""
        def link(match):
            name = re.sub(r"<[^>]*>", "", match[0])
            target = known.get(name)
            if not target or target == page:
                return match[0]
            return f'<a href="{relative(target, page)}">{match[0]}</a>'
        return re.sub(r"<b>([\w-]+)</b>\(\d\)", link, body)

    def manual(self, source, known):
        page = self.pages[source]
        name, section = os.path.basename(source).rsplit(".", 1)
        body = run("mandoc", "-Thtml", "-Ofragment", source)
        self.write(page, f"{name}({section})", f'<div class="manual">{self.see(body, page, known)}</div>')

    def kernel_api(self, text):
        """A page for each function and structure, and one that lists them."""
        items = []
        for part in re.split(r"(?m)^(?=\.TH )", text):
            found = re.search(r'^\.TH "[^"]*" 9 "([^"]+)"', part)
            summary = re.search(r"(?m)^\.SH NAME\n.*? \\- (.*)$", part)
            if not found or not summary:
                continue        # a DOC: block, which has no name
            title = found[1]
            page = "man/" + title.split()[-1] + ".9.html"
            body = run("mandoc", "-Thtml", "-Ofragment", "-man", stdin=part)
            self.write(page, title, f'<div class="manual">{body}</div>')
            items.append((title, page, summary[1].strip()))
        rows = "\n".join(f'<tr><td><a href="{page}"><code>{html.escape(title)}</code></a></td>'
                         f"<td>{html.escape(summary)}</td></tr>" for title, page, summary in items)
        guide = relative(self.pages["docs/driver-guide.md"], API)
        self.write(API, "Kernel API", f"""<h1>Kernel API</h1>
<p>What a driver calls and fills in, from the comments in the source. The <a href="{guide}">driver guide</a>
says how to use it.</p>
<div class="wide"><table>
<thead><tr><th>name</th><th></th></tr></thead>
<tbody>
{rows}
</tbody></table></div>""")
        return len(items)


def main():
    api, folder = sys.argv[1:]
    site = Site(folder)
    for name, source in (("style.css", "docs/site.css"), ("site.js", "docs/site.js")):
        site.folder.joinpath(name).write_bytes(pathlib.Path(source).read_bytes())
    known = {"{}({})".format(*os.path.basename(s).rsplit(".", 1)): page
             for s, page in site.pages.items() if page.startswith("man/")}
    for source in site.pages:
        if source.endswith(".md"):
            site.markdown(source)
        else:
            site.manual(source, known)
    if not site.kernel_api(pathlib.Path(api).read_text(encoding="utf-8")):
        sys.exit("kernel-doc has no function")
    # a script, as browsers load no other data from files
    site.folder.joinpath("text.js").write_text(
        f"const site_pages = {json.dumps(site.texts, ensure_ascii=False)};\n", encoding="utf-8")


if __name__ == "__main__":
    main()
