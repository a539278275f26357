# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What the tests of deploy/ read files and run programs with. YAML is read by Debian's python3-yaml."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from platform_under_test import ROOT

DEPLOY = os.path.join(ROOT, "deploy")
TO_JSON = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1], encoding='utf-8')))))"


def text_of(*path):
    with open(os.path.join(DEPLOY, *path), encoding="utf-8") as file:
        return file.read()


def run(*words, environment=None, cwd=None, stdin=""):
    """Gives (exit code, standard output and standard error together)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FLUVIUS_", "COMPOSE_", "PG"))}
    done = subprocess.run(words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd, check=False,
                          timeout=300, env={**clean, **(environment or {})})
    return done.returncode, done.stdout


def documents(path):
    """The documents of a YAML file."""
    code, said = run("/usr/bin/python3", "-c", TO_JSON, path)
    if code != 0:
        raise RuntimeError(f"{path}: {said}")
    return [document for document in json.loads(said) if document is not None]


def have(program):
    return shutil.which(program) is not None
