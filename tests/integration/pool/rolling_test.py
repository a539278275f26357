#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Restarts a whole pool under load, one process after the other and gracefully, kind by kind. Clients over
sockets use the client library; clients over HTTP do what docs/HTTP.md says, and what made them repeat a request is printed.
No command may fail, be lost or be applied twice.

  rolling_test.py [--rounds N] [--seed N] [--keep]"""
import argparse
import os
import random
import re
import signal
import time

import load
from platform_under_test import Platform, Tap
from postgres_under_test import Postgres

SHARDS = 4
ORDER = ("broker", "shard", "projector", "query", "gateway")


def running(platform):
    """{name: pid}; brokers by their addresses."""
    found = {name: pid for name, pid in platform.children().items() if name != "broker"}
    for pid, words in platform.processes():
        if words[0].endswith("fluvius-broker"):
            found["broker " + words[words.index("--bus") + 1]] = pid
    return found


def in_order(platform):
    """Names of all processes, by kind."""
    return sorted(running(platform), key=lambda name: (ORDER.index(re.split("[ -]", name)[0]), name))


def well(platform, server):
    said = load.health(platform)
    return said is not None and said["unowned"] == 0 and len(said["shards"]) == SHARDS and load.settled(server, SHARDS)


def restart(platform, server, name):
    """Gives the seconds until it had ended, and until all was well again."""
    pid, started = running(platform)[name], time.monotonic()
    os.kill(pid, signal.SIGTERM)
    load.wait_until(f"{name} ends", lambda: running(platform).get(name) != pid)
    ended = time.monotonic() - started
    load.wait_until(f"{name} is back", lambda: name in running(platform))
    load.wait_until(f"all is well after {name}", lambda: well(platform, server))
    return ended, time.monotonic() - started


def roll(platform, server, clients, tap):
    for name in in_order(platform):
        before = sum((client.seen for client in clients.over_http), load.collections.Counter())
        ended, back = restart(platform, server, name)
        seen = sum((client.seen for client in clients.over_http), load.collections.Counter()) - before
        tap.note(f"{name}: ended after {ended:.1f} s, all well after {back:.1f} s; over HTTP repeated after {dict(seen)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    tap = Tap()
    tap.note(f"seed {options.seed}")
    with Postgres() as server, Platform("--shards", str(SHARDS), "--brokers", "2", "--store", server.url,
                                        keep=options.keep, environment=load.LOG) as platform:
        clients = load.Load(platform, tap, options.seed, sockets=2)
        load.wait_until("all units have owners", lambda: well(platform, server))
        before = running(platform)
        for _ in range(options.rounds):
            roll(platform, server, clients, tap)
        after = running(platform)
        clients.end()
        platform.stop()
        tap.check(len(before) == SHARDS + 5 and sorted(before) == sorted(after) and all(before[name] != after[name] for name in before),
                  "every process was restarted", f"{before} {after}")
        clients.judge(load.checker.read_postgres(server))
    tap.end()


if __name__ == "__main__":
    main()
