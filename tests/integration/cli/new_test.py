#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""`fluvius new domain NAME`: what it makes builds, passes its tests, runs, and does what its README says."""
import os
import re
import shlex
import subprocess
import tempfile

from commands import fluvius
from platform_under_test import Platform, Tap

tap = Tap()


def shell(command, directory):
    done = subprocess.run(command, shell=True, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def readme_commands(directory):
    with open(os.path.join(directory, "README.md"), encoding="utf-8") as file:
        return re.findall(r"^    (.*)$", file.read(), re.M)


def runs_as_its_readme_says(commands, directory):
    with Platform(domains=[os.path.join(directory, "build", "orders.so")]) as platform:
        for command in commands:
            words = shlex.split(command)
            if words[:2] == ["fluvius", "up"]:
                continue
            if words[0] == "fluvius":
                answer = fluvius(*words[1:], "--data", platform.data)
                tap.check(answer.code == 0, command, answer)
            elif words[0] == "curl":
                code, output = shell("curl -sf " + shlex.join(words[1:-1] + [platform.http + "/" + words[-1].split(
                    "/", 3)[3]]), directory)
                tap.check(code == 0, command, output)
        state = fluvius("state", "orders.item/first", "--data", platform.data).json()
        tap.check(state.get("data", {}).get("quantity") == 3, "all of it took place", state)


with tempfile.TemporaryDirectory(prefix="fluvius-new-") as temporary:
    answer = fluvius("new", "domain", "orders", cwd=temporary)
    made = os.path.join(temporary, "orders")
    tap.check(answer.code == 0 and sorted(os.listdir(made)) == ["CMakeLists.txt", "README.md", "orders.c",
                                                                "orders_test.c"], "it makes four files", answer)
    steps = readme_commands(made)
    built, said = shell(steps[0], made)
    tap.check(built == 0 and "100% tests passed" in said and "warning:" not in said, steps[0], said)
    runs_as_its_readme_says(steps[1:], made)
    answer = fluvius("new", "domain", "orders", cwd=temporary)
    tap.check(answer.code == 1 and "orders" in answer.err, "what is there is not overwritten", answer)
    for name in ("Orders", "1st", "a-b", "", "x" * 32, "../x"):
        tap.check(fluvius("new", "domain", name, cwd=temporary).code == 2, f'"{name}" is not a name')
    tap.check(fluvius("new", cwd=temporary).code == 2, "nothing to make is a usage error (2)")
tap.end()
