# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Markdown as the documents' test needs it: fenced blocks, tables, links; and whether an output is what a block shows."""
import re

FENCE = re.compile(r"^(\s*)```(\w*)\s*$")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\s+')


class Block:
    """A fenced block. shown is the block that follows with nothing but blank lines between, or None."""

    def __init__(self, language, number, lines):
        self.language, self.number, self.lines, self.shown = language, number, lines, None

    @property
    def text(self):
        return "\n".join(self.lines)


def blocks(text):
    found, open_block, indent, blank = [], None, 0, False
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if open_block is not None and fence:
            open_block = None
            blank = True
        elif open_block is not None:
            open_block.lines.append(line[indent:])
        elif fence:
            open_block, indent = Block(fence[2], number, []), len(fence[1])
            if found and blank:
                found[-1].shown = open_block
            found.append(open_block)
        elif line.strip():
            blank = False
    return found


def without_blocks(text):
    inside, kept = False, []
    for line in text.splitlines():
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def table(text, heading):
    """The cells of the first table below a heading, without its head."""
    section = re.split(rf"^#+ {re.escape(heading)}$", text, maxsplit=1, flags=re.M)[1]
    rows = re.search(r"^\|.*\n\|[-|]+\|\n((?:\|.*\n)*)", section, flags=re.M)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[1].splitlines()]


def ticked(text):
    """The words in `backticks`."""
    return re.findall(r"`([^`\n]+)`", without_blocks(text))


def links(text):
    """The targets of relative links."""
    return [target for target in LINK.findall(without_blocks(text)) if not re.match(r"\w+:", target)]


def anchors(text):
    """What a # in a link may lead to: GitHub's names of the headings."""
    heads = re.findall(r"^#+ (.*)$", without_blocks(text), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def squeeze(text):
    """JSON without the blanks between its tokens."""
    return JSON_TOKEN.sub(lambda token: token[0] if token[0][0] == '"' else "", text)


def matches(language, shown, output):
    """Is output what the block shows? "..." stands for anything; in JSON blanks do not count."""
    if language == "json":
        shown, output = squeeze(shown), squeeze(output)
    else:
        shown, output = ("\n".join(line.rstrip() for line in text.strip().splitlines()) for text in (shown, output))
    return re.fullmatch(".*".join(map(re.escape, shown.split("..."))), output, flags=re.S) is not None
