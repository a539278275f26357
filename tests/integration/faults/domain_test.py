#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Domain code that crashes or never comes back is given up after three attempts, while others go on; modules that cannot
be served are refused by name before anything starts."""
import os
import shutil
import subprocess
import sys
import tempfile
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import checker
from faults import send, tool, wait_for
from platform_under_test import Platform, Tap, BUILD, module

tap = Tap()
TROUBLE = os.path.join(BUILD, "tests", "tools", "trouble.so")


def given_up(platform, command):
    identifier = str(uuid.uuid4())
    words = (f"trouble:{command}", "thing/a", "{}", "--id", identifier, "--deadline", "50000")
    reply, code = send(platform, *words)
    tap.check(code == 13 and reply.get("code") == "domain_crash",
              f"a decision that does {command} is given up after three attempts", reply)
    reply, code = send(platform, "trouble:work", "thing/a", "{}", "--deadline", "30000")
    tap.check(code == 0, "the same aggregate goes on", reply)
    again, _ = send(platform, *words)
    tap.check(again.get("code") == "domain_crash", "the command's answer stays", again)


def misbehaving_domains():
    with Platform(domains=("bank", TROUBLE)) as platform:
        send(platform, "trouble:work", "thing/a", "{}")
        given_up(platform, "crash")
        given_up(platform, "spin")
        reply, code = send(platform, "bank:open", "account/b", '{"holder":{"given":"Ada","family":"King"}}',
                           "--deadline", "30000")
        tap.check(code == 0, "other domains go on", reply)
        health = subprocess.run([tool("fluvius"), "health", "--bus", platform.bus], stdout=subprocess.PIPE, check=False)
        tap.check(health.returncode != 0 and b"crashed" in health.stdout, "health raises an alarm", health.stdout)
        before = platform.children()
        os.kill(before["shard-0"], 9)
        os.kill(before["shard-1"], 9)
        wait_for(lambda: len(platform.children()) == len(before), "the shards to come back")
        reply, code = send(platform, "trouble:work", "thing/a", "{}", "--deadline", "30000")
        tap.check(code == 0, "and again after the shards were killed", reply)
        platform.stop()
        found = checker.store_faults(checker.read_log(platform.data))
        tap.check(not found, "the log is whole", "\n".join(found))


def refused(name, needle, *modules):
    data = tempfile.mkdtemp(prefix="fluvius-test-")
    command = [tool("fluvius"), "up", "--data", data, "--http", "127.0.0.1:0", "--bus", "tcp://127.0.0.1:0", "--events",
               "tcp://127.0.0.1:0"]
    for path in modules:
        command += ["--domain", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    tap.check(done.returncode != 0 and needle in done.stdout.decode(), name, done.stdout.decode())
    shutil.rmtree(data, ignore_errors=True)


def unfit_modules():
    tools = os.path.join(BUILD, "tests", "tools")
    refused("two modules of one namespace are refused", "same namespace", module("bank"), module("bank"))
    refused("a module that imports what it must not is refused by the symbol's name", "getenv",
            os.path.join(tools, "importing.so"))
    refused("a module of another ABI is refused", "ABI", os.path.join(tools, "other_abi.so"))
    refused("a file that is no module is refused", "fault_preload.so", os.path.join(tools, "fault_preload.so"))
    refused("a file that is not there is refused by name", "nowhere.so", "/nowhere.so")


misbehaving_domains()
unfit_modules()
tap.end()
