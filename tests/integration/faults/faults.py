# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What the fault tests share: switches for fault_preload.c, and the command line as a client."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from platform_under_test import BUILD, tool


class Faults:
    """The switches that fault_preload.c reads."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="fluvius-faults-")
        self.environment = {"FLUVIUS_FAULTS": self.directory,
                            "LD_PRELOAD": os.path.join(BUILD, "tests", "tools", "fault_preload.so")}

    def path(self, name):
        return os.path.join(self.directory, name)

    def on(self, name):
        with open(self.path(name), "w", encoding="ascii"):
            pass

    def off(self, name):
        if os.path.exists(self.path(name)):
            os.unlink(self.path(name))

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def wait_for(condition, what, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError("waited in vain for " + what)
        time.sleep(0.005)


def start_send(platform, *words):
    return subprocess.Popen([tool("fluvius"), "send", "--bus", platform.bus, *words], stdout=subprocess.PIPE)


def send(platform, *words):
    """(reply, exit code)"""
    process = start_send(platform, *words)
    out, _ = process.communicate()
    return json.loads(out) if out else {}, process.returncode
