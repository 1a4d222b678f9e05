# SPDX-License-Identifier: GPL-2.0-only
"""Finds messages of the modules and of microctl that docs/troubleshooting.md does not have.

    messages.py SOURCE...

Prints the place and the text of each one that is missing. A message is the first string with a
space in a call that prints. A reason is a part of a message, with three words or more, that a
function returns, "wrong" or "why" gets, a table of strings has, or a session is lost with.
"""
import re
import sys

# what microctl says of a wrong command line explains itself
CALL = re.compile(r"\b(?:(?:dev|pr)_(?:emerg|alert|crit|err|warn|notice|info)\w*|say|say_at|die|bad)\(")
# strings that become a part of a message
REASON = re.compile(r"\breturn\b|\b(?:wrong|why) =|\bconst char ?\* ?const \w+\[\w*\] =|\bmu_session_end\(\w+, true, ")
STRING = r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*'
TOKEN = re.compile(STRING + "|[()]")
PART = re.compile(STRING + r"|(\w*)\(|\)|;")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
# of printk(), with what the kernel adds to %p
SPECIFIER = re.compile(r"%[-#0 *+.\d]*(?:hh|h|ll|l|z|t)?(?:p(?:OF|fw|e)|\*?pE|[a-zA-Z])")


def characters(literals):
    """What is between the quotes of a literal, or of several in a row."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))


def formats(text):
    """Each message's line and format."""
    for call in CALL.finditer(text):
        for token in arguments(text, call.end()):
            message = characters(token)
            # the name of a property, which comes before some messages, is one word
            if " " in message:
                yield text.count("\n", 0, call.start()) + 1, message
                break


def reasons(text):
    """Each reason's line and format."""
    text = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    for start in REASON.finditer(text):
        calls = []
        for part in PART.finditer(text, start.end()):
            if part[0] == ";":
                break
            if part[0] == ")":
                calls = calls[:-1]
            elif part[0][0] != '"':
                calls.append(part[1])
            # what other calls get is no reason
            elif all(call in ("", "format") for call in calls):
                if len(characters(part[0]).split()) >= 3:
                    yield text.count("\n", 0, part.start()) + 1, characters(part[0])
                # of format(), only the format
                calls = [call.replace("format", "arguments") for call in calls]


def arguments(text, start):
    """The strings up to the parenthesis that ends a call."""
    depth = 1
    for token in TOKEN.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if not depth:
            return
        if token.group()[0] == '"':
            yield token.group()


def pattern(message):
    """What the documented message looks like: anything in place of what varies."""
    message = message.removesuffix("\\n").replace('\\"', '"')
    parts = (re.escape(part) for part in SPECIFIER.split(message))
    return re.compile("`" + "[^`]+?".join(parts) + "[`)]")


def main():
    with open("docs/troubleshooting.md", encoding="utf-8") as file:
        documented = file.read()
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for line, message in sorted({*formats(text), *reasons(text)}):
            if not pattern(message).search(documented):
                print(f"{path}:{line}: {message}")


if __name__ == "__main__":
    main()
