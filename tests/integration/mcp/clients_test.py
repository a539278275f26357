#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The official MCP clients against the platform: the TypeScript SDK's current and previous line, Python's, and the public
conformance suite. They come from npm and PyPI by their own tools, into the build directory, and are kept there. Where a
registry cannot be reached one line says what was not run; the rest of MCP is covered without them by mcp_test.py.

The suite brings tools, prompts and resources of its own that a server under test is to have. What it then finds missing
here is listed in docs/MCP.md; anything else that fails, and anything listed that passes, is a failure."""
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from platform_under_test import BUILD, ROOT, Tap
from reading import Reading

tap = Tap()
SCRIPTS = os.path.join(HERE, "clients")
PLACE = os.path.join(BUILD, "mcp-clients")
NPM = ["@modelcontextprotocol/client@2", "@modelcontextprotocol/sdk@1", "@modelcontextprotocol/conformance@0.2.0-alpha.12",
       "node@22"]
PYPI = ["mcp>=2,<3"]
VERSIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
INSTALL_S, RUN_S = 180, 120
TOOLS = {"bank_account_changes", "bank_account_events", "bank_account_get", "bank_audit", "bank_account_query", "bank_close",
         "bank_deposit", "bank_open", "bank_withdraw"}


def same(found, wanted, name, detail=""):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r}\n{detail}")


def run(command, seconds, **options):
    """(exit code, output); a program that is not there or does not end is None and why."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=seconds, **options)
        return done.returncode, done.stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)


# ---- getting them ----

def installed(place, wanted):
    try:
        with open(os.path.join(place, "installed"), encoding="utf-8") as file:
            return file.read() == wanted
    except OSError:
        return False


def why(output):
    """The first line that says error, or the last one."""
    lines = output.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])[:200]


def install(place, wanted, commands):
    """None, or in one line why they are not there."""
    if installed(place, wanted):
        return None
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    for command in commands:
        code, output = run(command, INSTALL_S, cwd=place)
        if code != 0:
            return why(output)
    with open(os.path.join(place, "installed"), "w", encoding="utf-8") as file:
        file.write(wanted)
    return None


class Kit:
    """Programs of one registry; why: what hinders, or None."""

    def __init__(self, name, wanted, commands):
        self.place, self.why = os.path.join(PLACE, name), None
        self.thread = threading.Thread(target=self.get, args=(" ".join(wanted), commands))
        self.thread.start()

    def get(self, wanted, commands):
        self.why = install(self.place, wanted, commands)

    def ready(self, what):
        self.thread.join()
        if self.why is not None:
            tap.note(f"NOT RUN: {what}: {self.why}")
        return self.why is None


def npm_kit():
    return Kit("npm", NPM, [["npm", "init", "-y"], ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries", "0", "--fetch-timeout", "20000",
                                                    *NPM]])


def pypi_kit():
    return Kit("pypi", PYPI, [[sys.executable, "-m", "venv", "env"],
                              [os.path.join("env", "bin", "pip"), "install", "--quiet", "--disable-pip-version-check",
                               "--retries", "0", "--timeout", "20", *PYPI]])


def node(place):
    """The one that was installed beside the clients, which is new enough for all of them."""
    own = os.path.join(place, "node_modules", ".bin", "node")
    return own if run([own, "--version"], 20)[0] == 0 else "node"


# ---- the story ----

def judge(name, output, identifier, version, listens):
    try:
        seen = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        tap.check(False, f"{name} tells its story", output[-3000:])
        return
    same(seen["version"], version, f"{name} speaks {version}")
    same(TOOLS - set(seen["tools"]), set(), f"{name} lists the tools")
    same((seen["opened"]["status"], seen["opened"]["version"], seen["deposited"]["version"]), ("ok", 1, 2),
         f"{name} calls commands")
    same(([event["type"] for event in seen["dry"]["data"]["events"]], seen["dry"]["data"]["changes"],
          seen["after"]["version"], seen["after"]["data"]["balance"]),
         (["withdrawn"], [{"at": "/balance", "from": 500, "to": 470}], 2, 500), f"{name}: a dry run changes nothing")
    same([event["type"] for event in seen["events"]["events"]], ["opened", "deposited"], f"{name} reads events")
    same(([row["_id"] for row in seen["found"]["rows"]], seen["found"]["total"]), ([identifier], 1),
         f"{name} queries, and sees what it wrote", seen["found"])
    same((seen["rejected"]["isError"], seen["rejected"]["structuredContent"]["problem"]["errcode"]),
         (True, "insufficient_funds"), f"{name} is told why not")
    same(seen["unknown"], -32602, f"{name}: an unknown tool is an error of the protocol")
    same((seen["state"]["identifier"], seen["state"]["data"]["balance"]), (identifier, 500), f"{name} reads a resource")
    tap.check(seen["missing"] in (-32602, -32002), f"{name}: a resource that is not there", seen["missing"])
    tap.check("fluvius://bank" in seen["resources"] and
              "fluvius://bank/account/{identifier}{?version,at}" in seen["templates"], f"{name} lists resources", seen)
    tap.check("describe_bank" in seen["prompts"] and "bank_withdraw" in seen["prompt"], f"{name} gets a prompt", seen)
    if listens:
        same(seen.get("changed"), f"fluvius://bank/account/{identifier}", f"{name} listens, and is told of a change")
    same(seen.get("completion", ["bank_open"]), ["bank_open"], f"{name} completes")


def tell(name, command, server, mode, version, place, listens=False):
    identifier = "t-" + uuid.uuid4().hex
    code, output = run([*command, server + "/mcp", identifier, mode], RUN_S, cwd=place)
    judge(name, output if code == 0 else f"ended with {code}\n{output}", identifier, version, listens)


def test_typescript(server, place):
    for name in os.listdir(SCRIPTS):
        shutil.copy(os.path.join(SCRIPTS, name), place)
    program = node(place)
    tell("TypeScript, previous line", [program, "previous.mjs"], server, "legacy", VERSIONS[1], place)
    tell("TypeScript, current line", [program, "current.mjs"], server, "legacy", VERSIONS[1], place)
    tell("TypeScript, current line, discovering", [program, "current.mjs"], server, "auto", VERSIONS[2], place, True)


def test_python(server, place):
    program = [os.path.join(place, "env", "bin", "python"), os.path.join(SCRIPTS, "story.py")]
    tell("Python", program, server, "legacy", VERSIONS[1], place)
    tell("Python, discovering", program, server, "auto", VERSIONS[2], place)


# ---- the suite ----

def not_applicable():
    """{version: [scenario or scenario:check]} from the table of docs/MCP.md."""
    with open(os.path.join(ROOT, "docs", "MCP.md"), encoding="utf-8") as file:
        text = file.read().split("<!-- conformance: begin -->")[1].split("<!-- conformance: end -->")[0]
    found = {version: [] for version in VERSIONS}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) != 3 or not cells[0].startswith("`"):
            continue
        for version in VERSIONS:
            if version in cells[1]:
                found[version] += re.findall("`([^`]+)`", cells[0])
    return found


def test_suite(server, place):
    program = [node(place), os.path.join("node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js")]
    listed = not_applicable()
    for version in VERSIONS:
        baseline = os.path.join(place, f"baseline-{version}.yml")
        with open(baseline, "w", encoding="utf-8") as file:
            file.write("server:\n" + "".join(f"  - {name}\n" for name in listed[version]))
        code, output = run([*program, "server", "--url", server.replace("127.0.0.1", "localhost") + "/mcp", "--suite", "all",
                            "--spec-version", version, "--expected-failures", baseline, "-o", f"results-{version}"],
                           RUN_S, cwd=place)
        total = re.search(r"Total: (\d+) passed, (\d+) failed", output)
        tap.check(code == 0 and total is not None and int(total.group(1)) > 20,
                  f"conformance suite, {version}: what fails is what does not apply", output[max(0, output.find("Total:")):])
        tap.note(f"conformance suite, {version}: {total.group(0) if total else 'no total'}; {len(listed[version])} listed")


def main():
    npm, pypi = npm_kit(), pypi_kit()
    ran = []
    with Reading(domains=("bank", os.path.join(BUILD, "tests", "tools", "suite.so"))) as platform:
        if npm.ready("the TypeScript clients and the conformance suite"):
            test_typescript(platform.http, npm.place)
            test_suite(platform.http, npm.place)
            ran += ["TypeScript", "conformance suite"]
        if pypi.ready("the Python client"):
            test_python(platform.http, pypi.place)
            ran += ["Python"]
    tap.check(True, f"official clients that were run: {', '.join(ran) or 'none'}")
    tap.end()


if __name__ == "__main__":
    main()
