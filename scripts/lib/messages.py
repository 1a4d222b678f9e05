# SPDX-License-Identifier: GPL-2.0-only
"""Finds messages of the modules and of microctl that docs/troubleshooting.md does not have.

    messages.py SOURCE...

Prints the place and the text of each one that is missing.
"""
import re
import sys

# what microctl says of a wrong command line explains itself
CALL = re.compile(r"\b(?:(?:dev|pr)_(?:emerg|alert|crit|err|warn|notice|info)\w*|say|say_at|die|bad)\(")
STRING = r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*'
TOKEN = re.compile(STRING + "|[()]")
# of printk(), with what the kernel adds to %p
SPECIFIER = re.compile(r"%[-#0 *+.\d]*(?:hh|h|ll|l|z|t)?(?:p(?:OF|fw|e)|\*?pE|[a-zA-Z])")


def formats(path):
    """Each message's line and format."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for call in CALL.finditer(text):
        for token in arguments(text, call.end()):
            message = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', token))
            # the name of a property, which comes before some messages, is one word
            if " " in message:
                yield text.count("\n", 0, call.start()) + 1, message
                break


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
        for line, message in formats(path):
            if not pattern(message).search(documented):
                print(f"{path}:{line}: {message}")


if __name__ == "__main__":
    main()
