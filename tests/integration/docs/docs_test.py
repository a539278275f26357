#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The documents tell the truth. Every command in a block that begins with ```sh is typed, in order, by somebody who has a
platform running; it must end with exit code 0, or with N where "# exit N" stands behind it. When a ```json or ```text block
follows at once, the output must be what it shows, with ... for anything. A block whose first line is "# with the platform
stopped" or "# with fluvius up OPTIONS" gets that. Programs in ```python blocks are run too. Tables are compared with what
programs and sources say, links and names with what is there. Blocks without a language are for the eye."""
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import facts
from documents import anchors, blocks, links, matches, ticked
from facts import ROOT, read
from platform_under_test import Platform, Tap
from reader import Reader, commands

tap = Tap()
ORDER = ["README.md", "docs/HTTP.md", "docs/OPERATIONS.md", "docs/DOMAINS.md", "docs/ARCHITECTURE.md", "docs/PROTOCOL.md",
         "CONTRIBUTING.md", "SECURITY.md"]


def documents():
    others = [os.path.relpath(path, ROOT) for pattern in ("docs/*.md", "clients/*/README.md", "examples/*/README.md")
              for path in sorted(glob.glob(os.path.join(ROOT, pattern)))]
    return ORDER + [path for path in others if path not in ORDER]


def none(differences, name):
    return tap.check(not differences, name, "\n".join(map(str, differences)))


# ---- commands ----

def type_block(reader, path, block):
    whole = ""
    for command in commands(block.lines):
        output, wrong = reader.type(command)
        whole += output
        tap.check(wrong is None, f"{path}:{block.number}: {command.splitlines()[0][:90]}", wrong)
    shown = block.shown
    if shown is not None and shown.language in ("json", "text"):
        tap.check(matches(shown.language, reader.own(shown.text), whole), f"{path}:{shown.number}: is what comes out", whole)
    elif "urn:fluvius:problem:" in whole:  # curl ends with 0 all the same
        tap.check(False, f"{path}:{block.number}: no problem comes out unless it is shown", whole)


def read_through(path):
    found = [block for block in blocks(read(path)) if block.language in ("sh", "python")]
    if not found:
        return
    with Reader() as reader:
        for block in found:
            try:
                reader.prepare(block)
            except RuntimeError as error:
                tap.check(False, f"{path}:{block.number}: the platform starts", error)
                return
            if block.language == "sh":
                type_block(reader, path, block)
            else:
                wrong = reader.python(block)
                tap.check(wrong is None, f"{path}:{block.number}: the program runs", wrong)


# ---- what is named is there ----

def dead_links(path):
    for target in links(read(path)):
        file, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        if not os.path.exists(os.path.join(ROOT, there)):
            yield target
        elif anchor and there.endswith(".md") and anchor not in anchors(read(there)):
            yield target


def unknown_dev_words(path):
    usage = subprocess.run([os.path.join(ROOT, "dev"), "help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    known = re.findall(r"^  (\w+)  ", usage, flags=re.M)
    return [word for word in re.findall(r"\./dev (\w+)", read(path)) if word not in known]


def missing_tests():
    return [word for word in ticked(read("README.md"))
            if word.startswith("tests/") and not os.path.exists(os.path.join(ROOT, word))]


def names():
    for path in documents():
        if tap.check(os.path.exists(os.path.join(ROOT, path)), f"{path} is there"):
            none(list(dead_links(path)), f"{path}: links lead somewhere")
            none(unknown_dev_words(path), f"{path}: ./dev has the commands that are named")
    none(missing_tests(), "README.md: the tests that are named are there")
    example = blocks(read("README.md"))[0]
    tap.check(example.language == "c" and example.text in read("examples/bank/bank.c"),
              "README.md: the first block is an excerpt of examples/bank/bank.c")


# ---- tables ----

def tables():
    operations, http = read("docs/OPERATIONS.md"), read("docs/HTTP.md")
    for heading in facts.SERVICES:
        none(facts.settings(operations, heading), f"docs/OPERATIONS.md: the settings of {heading} are those of --help")
        none(facts.variables(operations, heading), f"docs/OPERATIONS.md: the variables of {heading} are read")
    for path, text in (("docs/OPERATIONS.md", operations), ("docs/HTTP.md", http)):
        none(facts.names(text), f"{path}: settings that are named exist")
    with Platform() as platform:
        none(facts.metrics(operations, platform.http), "docs/OPERATIONS.md: the metrics are those of /metrics")
        none(facts.data_files(operations, platform.data), "docs/OPERATIONS.md: the files are those of a data directory")
    none(facts.log_messages(operations), "docs/OPERATIONS.md: the log messages are those of the sources")
    none(facts.alarms(operations), "docs/OPERATIONS.md: the alarms are those of the sources")
    none(facts.problems(http), "docs/HTTP.md: the problems are those of the sources")
    none(facts.codes(http), "docs/HTTP.md: the codes are in the sources")
    none(facts.codes_missing(http), "docs/HTTP.md: the codes of the sources are in its table")
    none(facts.http_limits(http), "docs/HTTP.md: the limits are those of the sources")


def main():
    names()
    tables()
    for path in documents():
        if os.path.exists(os.path.join(ROOT, path)):
            read_through(path)
    tap.end()


if __name__ == "__main__":
    main()
