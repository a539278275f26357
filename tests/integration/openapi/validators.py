# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Public validators from npm, put into the build directory once. They are no part of the product, so where they cannot
be had the other checks stand alone."""
import json
import os
import shutil
import subprocess
import tempfile

from platform_under_test import BUILD

PACKAGES = ("@readme/openapi-parser@9.0.0", "@asyncapi/parser@3.6.6")
PLACE = os.path.join(BUILD, "tests", "validators")
MARK = os.path.join(PLACE, "ready")
INSTALL_LIMIT_S = 60
HERE = os.path.dirname(os.path.abspath(__file__))


def install():
    """Empty, or why they cannot be had."""
    wanted = " ".join(PACKAGES)
    if os.path.exists(MARK):
        with open(MARK, encoding="utf-8") as file:
            if file.read() == wanted:
                return ""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "npm is not installed"
    os.makedirs(PLACE, exist_ok=True)
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--fetch-retries=1",
               "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000", "--prefix", PLACE, *PACKAGES]
    try:
        outcome = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                                 timeout=INSTALL_LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"npm gave nothing within {INSTALL_LIMIT_S} s"
    if outcome.returncode != 0:
        return "the registry cannot be reached: " + (outcome.stderr.strip().splitlines() or ["npm says nothing"])[0]
    with open(MARK, "w", encoding="utf-8") as file:
        file.write(wanted)
    return ""


def public_faults(openapi, asyncapi):
    """(faults, empty) or (None, why not)."""
    why = install()
    if why:
        return None, why
    with tempfile.TemporaryDirectory(prefix="fluvius-documents-") as place:
        for name, document in (("openapi", openapi), ("asyncapi", asyncapi)):
            with open(os.path.join(place, name + ".json"), "w", encoding="utf-8") as file:
                json.dump(document, file)
        outcome = subprocess.run(["node", os.path.join(HERE, "validate.js"), PLACE, place], capture_output=True, text=True,
                                 check=False, timeout=120)
    if outcome.returncode != 0:
        return [outcome.stderr[-2000:]], ""
    return json.loads(outcome.stdout), ""
