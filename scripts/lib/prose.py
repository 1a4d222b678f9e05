# SPDX-License-Identifier: GPL-2.0-only
"""Finds English that docs/style.md advises against.

    prose.py [FILE...]

Looks at Markdown, manual pages, help texts of scripts and programs, docstrings, names of tests,
descriptions of packages, and comments in headers that drivers and programs include; without FILE
at all of them. Code is left out. Prints a line for each fault.
"""
import pathlib
import re
import sys

from links import prose

# at the start of a sentence, a table's cell or an item of a list
START = r"(?:^(?:[*-] |\d+\. )?|[.:;] |\| |\*\* )"
DEVICE = r"(?:device|instance|driver|module|node)s?"
BE = r"(?:is|are|was|were)"
# what is wrong, and what to write
RULES = [(re.compile(pattern), advice) for pattern, advice in (
    (r"(?:^|[.,;:] )[Nn]or\b", "write a second sentence with 'not'"),
    (r"\b[Ww]ho(?:so)?ever\b", "name the person or program: 'the caller', 'a user'"),
    (START + r"Who (?![^.|]*\?)[a-z]+s?\b", "name the person or program: 'a thread that', 'users who'"),
    (r"\b(?:of|for|to|by|with|at|from|than) who\b", "name the person or program: 'of the caller'"),
    (START + r"What (?!to\b)(?:has |can )?\w+(?:s|ed|re)\b(?![^.|]*\?)", "begin with a noun: 'the files that'"),
    (rf"\bwhat {BE} (?:\w+ ){{0,3}}(?:{BE}|comes|goes|stays|gets|counts)\b", "begin with a noun: 'a device that'"),
    (rf"\b{BE} (?:what|where|who)\b", "name the thing: 'the command that', 'the place where'"),
    (r"\balone what\b", "name the thing: 'does not change a device that'"),
    (rf"\b{BE} to (?:be|go|do|have)\b", "write 'must be', 'will be', or an active verb"),
    (rf"\b(?:stay|leave|keep)s? (?:\w+ )?as (?:it|they) {BE}\b", "write 'does not change'"),
    (rf"\b{DEVICE} (?:that |which )?(?:goes|go|went|(?:has|have|had) gone)\b(?! (?:into|on|through)\b)",
     "write 'is removed', 'is unbound', 'is unloaded'"),
    (rf", (?:and )?so {BE[:-1]}|does|do|did|has|have)\b(?= )", "write subject, verb, object"),
    (r"\b(?:[Tt]here|[Ww]here)(?:by|of|in|upon)\b", "write a second sentence"),
    (r"\bunless (?:it|they) says? (?:else|otherwise|so)\b|\bsays? else\b", "write 'by default'"),
    (r"\b(?:the|its|their) like\b", "name the things"),
    (r"\bin vain\b", "write 'without success'"),
)]

TEST = re.compile(r"""^\s*(?:ok|is|isnt|like|unlike|diag|note|skip)\b.*?(?:"((?:[^"\\]|\\.)*)"|'([^']*)')(?: \|\|.*)?$""")


def markdown(text):
    """The prose. A link is its text, a piece of code a word."""
    text = re.sub(r"^```.*?^```$", lambda match: "\n" * match[0].count("\n"), text, flags=re.M | re.S)
    text = re.sub(r"(`+)(?!`)[^`\n]+\1(?!`)", "CODE", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", prose(text))
    return re.sub(r"^(?:    |\t|#).*$", "", text, flags=re.M)


def manual(text):
    """The text without requests; .BR and its like are a word."""
    lines, example = [], False
    for line in text.split("\n"):
        example = line == ".EX" or example and line != ".EE"
        if example or line.startswith("'"):
            lines.append("")
        elif re.match(r"\.[BI]", line):
            lines.append("CODE" + re.sub(r"^.* ([.,;:)]+)$|.*", r"\1", line))
        elif line.startswith("."):
            lines.append("")
        else:
            lines.append(re.sub(r"\\f[BI].*?\\f[RP]", "CODE", line))
    return "\n".join(lines)


def usage(text):
    """What scripts and the Makefile print for --help."""
    kept = [""] * (text.count("\n") + 1)
    help_text = r"^usage\(\) \{\n.*?^\tcat <<'?END'?\n(.*?)^END$|^define help\n(.*?)^endef$"
    for match in re.finditer(help_text, text, re.M | re.S):
        group = 1 if match[1] else 2
        first = text.count("\n", 0, match.start(group))
        for n, line in enumerate(match[group].split("\n")):
            kept[first + n] = re.sub(r"^ *(?:-\S+|make \S+)? {2,}", "", line)
    return "\n".join(kept)


def between(begin, end, text, margin):
    """The lines between two marks, without what a line begins with."""
    kept = [""] * (text.count("\n") + 1)
    for match in re.finditer(begin + "(.*?)" + end, text, re.S):
        first = text.count("\n", 0, match.start())
        for n, line in enumerate(match[1].split("\n")):
            kept[first + n] = re.sub(margin, "", line)
    return "\n".join(kept)


def comments(text):
    """What is between /* and */."""
    return between(r"/\*", r"\*/", text, r"^\s*\*+\s?")


def docstrings(text):
    """What is between three quotes."""
    return between(r'"""', r'"""', text, r"^\s*")


def literals(text):
    """Lines of a help text in C, each a string."""
    lines = []
    for line in text.split("\n"):
        match = re.match(r'\s*(?:fputs\(|\S+ = )?"((?:[^"\\]|\\.)*)"', line)
        # an option and its column
        said = re.sub(r"^ *(?:-\S.{0,18})? {2,}", "", match[1].replace('\\"', "'")) if match else ""
        lines.append("" if said == "\\n" else said.removesuffix("\\n"))
    return "\n".join(lines)


def descriptions(text):
    """The paragraphs of a control file of Debian."""
    return "\n".join(line[1:] if re.match(r" [^ .]", line) else "" for line in text.split("\n"))


def names(text):
    """Names of tests, each a paragraph."""
    lines = []
    for line in text.split("\n"):
        match = TEST.match(line)
        lines.append((match[1] or match[2] or "") if match else "")
    return "\n".join(lines)


def paragraphs(text, single=False):
    """Pairs of a line's number and the text of a paragraph that begins there."""
    first, part = 0, []
    for number, line in enumerate(text.split("\n") + [""], 1):
        starts = re.match(r"\s*(?:[*|-] |\||\d+\. )", line)
        if part and (single or not line.strip() or starts):
            yield first, part
            part = []
        if line.strip():
            if not part:
                first = number
            part.append(line.strip())


def check(path):
    text = path.read_text(encoding="utf-8")
    single = False
    if path.suffix == ".md":
        text = markdown(text)
    elif re.fullmatch(r"\.[1-9]", path.suffix):
        text = manual(text)
    elif path.suffix in (".t", ".sh") and "tests" in path.parts:
        text, single = names(text), True
    elif path.suffix == ".h":
        text = comments(text)
    elif path.suffix == ".c":
        text = literals(text)
    elif path.suffix == ".py":
        text = docstrings(text)
    elif path.name == "control":
        text = descriptions(text)
    else:
        text = usage(text)
    if path.name == "style.md":
        # its table has what is bad, and what is better
        text = re.sub(r"^\|.*$", "", text, flags=re.M)
    for first, lines in paragraphs(text, single):
        joined = " ".join(lines)
        for pattern, advice in RULES:
            for match in pattern.finditer(joined):
                number, at = first, match.end()
                for line in lines:
                    if at <= len(line):
                        break
                    at -= len(line) + 1
                    number += 1
                yield f"{path}:{number}: \"{match[0].strip(' .:;|*')}\": {advice}"


def files():
    for pattern in ("*.md", ".github/**/*.md", "docs/**/*.md", "packaging/**/*.md", "tests/**/*.md", "docs/man/*", "tools/**/*.[1-9]",
                    "lib/**/*.[1-9]", "include/**/*.h", "lib/libmicro/micro.h", "lib/python/micro/*.py", "tools/microctl/microctl.c",
                    "bench/*.c", "packaging/debian/control", "tests/*/*.t", "tests/host/*.sh", "scripts/*", "scripts/lib/*.sh",
                    "bench/run", "bench/plot", "bench/profile", "tests/run", "tests/model/run", "Makefile"):
        for path in sorted(pathlib.Path().glob(pattern)):
            if path.is_file():
                yield path


def main():
    faults = []
    for path in [pathlib.Path(name) for name in sys.argv[1:]] or files():
        faults += check(path)
    print("\n".join(faults), end="\n" if faults else "")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
