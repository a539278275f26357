#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What a platform does when its disk fails: nothing is acknowledged before it is durable, a failed sync ends the process,
a full disk stops the service until there is space, and no fault loses or doubles anything."""
import json
import os
import select
import subprocess
import sys
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import checker
from faults import Faults, send, start_send, wait_for
from platform_under_test import Platform, Tap, tool

tap = Tap()


def balance(platform, account):
    out = subprocess.run([tool("fluvius"), "state", "--bus", platform.bus, f"bank.account/{account}"],
                         stdout=subprocess.PIPE, check=False).stdout
    return json.loads(out)["data"]["balance"] if out else None


def open_account(platform, account):
    return send(platform, "bank:open", f"account/{account}", '{"holder":{"given":"Ada","family":"King"}}')


def has_answer(process):
    return bool(select.select([process.stdout], [], [], 0)[0])


def tail_line(tail, needle, seconds):
    """Does a line with needle come out of a running `fluvius tail`?"""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([tail.stdout], [], [], 0.05)[0]:
            line = tail.stdout.readline()
            if not line or needle in line:
                return bool(line)
    return False


def nothing_leaves_before_the_sync():
    faults = Faults()
    with Platform(environment=faults.environment) as platform:
        open_account(platform, "held")
        tail = subprocess.Popen([tool("fluvius"), "tail", "--follow", "--bus", platform.bus], stdout=subprocess.PIPE)
        tap.check(tail_line(tail, b'"held"', 30), "a subscriber sees what is committed")
        faults.on("hold-sync")
        writer = start_send(platform, "bank:deposit", "account/held", '{"amount": 5}')
        wait_for(lambda: os.path.exists(faults.path("held")), "a sync that is held")
        reader = subprocess.Popen([tool("fluvius"), "state", "--bus", platform.bus, "bank.account/held"],
                                  stdout=subprocess.PIPE)
        leaked = tail_line(tail, b'"deposited"', 0.5)
        tap.check(not has_answer(writer), "no reply leaves before the sync returns")
        tap.check(not has_answer(reader), "no read shows what is not durable")
        tap.check(not leaked, "no event is published before the sync returns")
        faults.off("hold-sync")
        reply = json.loads(writer.communicate()[0])
        tap.check(reply.get("status") == "ok" and reply.get("version") == 2, "the reply comes after the sync", reply)
        state = json.loads(reader.communicate()[0])
        tap.check(state["data"]["balance"] == 5, "the read shows it then", state)
        tap.check(tail_line(tail, b'"deposited"', 30), "the event is published then")
        tail.kill()
        tail.wait()
        tail.stdout.close()
    faults.close()


def a_failed_sync_ends_the_process():
    faults = Faults()
    with Platform(environment=faults.environment) as platform:
        open_account(platform, "io")
        before = platform.children()
        identifier = str(uuid.uuid4())
        faults.on("fail-sync")
        reply, _ = send(platform, "bank:deposit", "account/io", '{"amount": 5}', "--id", identifier, "--deadline",
                        "2000")
        tap.check(reply.get("status") in ("unavailable", "deadline"), "a failed sync is never acknowledged", reply)
        wait_for(lambda: platform.children() != before, "a shard that leaves")
        faults.off("fail-sync")
        reply, code = send(platform, "bank:deposit", "account/io", '{"amount": 5}', "--id", identifier, "--deadline",
                           "30000")
        tap.check(code == 0, "the retry is answered by the next process", reply)
        tap.check(balance(platform, "io") == 5, "and applied once")
        platform.stop()
        found = checker.store_faults(checker.read_log(platform.data))
        tap.check(not found, "the log is whole", "\n".join(found))
    faults.close()


def a_full_disk_stops_the_service_until_there_is_space():
    faults = Faults()
    with Platform(environment=faults.environment) as platform:
        open_account(platform, "full")
        before = platform.children()
        faults.on("full")
        reply, code = send(platform, "bank:deposit", "account/full", '{"amount": 5}', "--deadline", "1500")
        tap.check(code in (10, 12) and reply.get("status") in ("unavailable", "deadline"),
                  "a full disk is told, not acknowledged", reply)
        health = subprocess.run([tool("fluvius"), "health", "--bus", platform.bus], stdout=subprocess.PIPE,
                                check=False)
        tap.check(health.returncode != 0 and b"space" in health.stdout, "health names it", health.stdout)
        faults.off("full")
        reply, code = send(platform, "bank:deposit", "account/full", '{"amount": 7}', "--deadline", "30000")
        tap.check(code == 0, "service resumes by itself when there is space", reply)
        tap.check(balance(platform, "full") in (7, 12), "nothing is half applied")
        tap.check(platform.children() == before, "no process had to end for it")
        platform.stop()
        found = checker.store_faults(checker.read_log(platform.data))
        tap.check(not found, "the log is whole", "\n".join(found))
    faults.close()


nothing_leaves_before_the_sync()
a_failed_sync_ends_the_process()
a_full_disk_stops_the_service_until_there_is_space()
tap.end()
