# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Running `fluvius` and reading what it says; for the scripts of this directory."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from platform_under_test import tool

ADA = '{"holder":{"given":"Ada","family":"Lovelace"}}'


class Answer:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            return {}

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __str__(self):
        return f"code {self.code}\n{self.out}{self.err}"


def fluvius(*words, stdin="", environment=None, cwd=None):
    done = subprocess.run([tool("fluvius"), *words], input=stdin, capture_output=True, text=True, cwd=cwd, timeout=120,
                          env=dict(os.environ, **(environment or {})), check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


def on(platform):
    """Gives a function that runs `fluvius COMMAND ...` against the platform, found by its data directory."""
    def run(command, *words, **options):
        return fluvius(command, *words, "--data", platform.data, **options)
    return run
