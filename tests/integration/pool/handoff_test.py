#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Planned hand-overs under load: shards of a pool are restarted gracefully one after the other, and another one joins and
leaves, until so many units have changed hands. Prints how long the commands took that met a hand-over, and all others;
none may end in an error, be lost or be applied twice.

  handoff_test.py [--handoffs N] [--seed N] [--limit-ms N] [--keep]

With --limit-ms it fails when 1 of 100 of the commands that met a hand-over took longer."""
import argparse
import collections
import os
import random
import signal
import subprocess
import time

import load
from platform_under_test import Platform, Tap, module, tool
from postgres_under_test import Postgres

SHARDS, TOKEN = 4, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"


class Extra:
    """A shard of the test's own, that joins the pool."""

    def __init__(self, platform, server):
        self.log = os.path.join(platform.data, "extra.jsonl")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [tool("fluvius-shard"), "--name", "extra", "--bus", platform.bus, "--journal",
                 os.path.join(platform.data, "extra.journal"), "--domain", module("bank"), "--domain", module("objects")],
                env=dict(os.environ, FLUVIUS_STORE=server.url, FLUVIUS_SERVICE_TOKEN=TOKEN), stdout=log, stderr=log)

    def leave(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def handed(server):
    """How often units got a new owner."""
    return int(server.rows("select sum(epoch) from fluvius.unit")[0][0])


def restart(platform, server, name):
    """One shard leaves and comes back."""
    pid = platform.children()[name]
    os.kill(pid, signal.SIGTERM)
    load.wait_until(f"{name} left", lambda: platform.children().get(name) not in (pid,))
    load.wait_until(f"{name} is back", lambda: platform.children().get(name) is not None
                    and load.settled(server, SHARDS))


def join_and_leave(platform, server, tap):
    extra = Extra(platform, server)
    load.wait_until("another shares all units", lambda: load.settled(server, SHARDS + 1))
    code = extra.leave()
    load.wait_until("the others have them again", lambda: load.settled(server, SHARDS))
    if code != 0:
        tap.check(False, "a shard that leaves ends well", code)


def hand_over(platform, server, options, chance, tap):
    """Gives how often units changed hands."""
    load.wait_until("all units have owners", lambda: load.settled(server, SHARDS))
    before, changes, rounds = handed(server), [], 0
    while handed(server) - before < options.handoffs:
        started = time.monotonic()
        if rounds % 2 == 0:
            restart(platform, server, chance.choice([f"shard-{number}" for number in range(SHARDS)]))
        else:
            join_and_leave(platform, server, tap)
        changes.append(time.monotonic() - started)
        rounds += 1
    tap.note(f"{rounds} shards left and joined; each time units were shared evenly again after "
             f"{min(changes):.1f} to {max(changes):.1f} s")
    return handed(server) - before


def gaps(rows):
    """{partition: [(last time of an owner, first time of the next)]}, in microseconds since 1970."""
    found, last = collections.defaultdict(list), {}
    for row in rows:
        epoch, time_us = last.get(row["partition"], (row["epoch"], 0))
        if row["epoch"] != epoch:
            found[row["partition"]].append((time_us, row["time_us"]))
        last[row["partition"]] = (row["epoch"], row["time_us"])
    return found


def latencies(calls, rows):
    """Milliseconds of calls that met a hand-over, and of all others: those under way after the last record of an owner
    and before the first of the next, on an aggregate in the same partition."""
    homes, found = {row["identifier"]: row["partition"] for row in rows}, gaps(rows)
    offset_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000
    met, others = [], []
    for call in calls:
        if "end" not in call:
            continue
        start, end = call["start"] // 1000 + offset_us, call["end"] // 1000 + offset_us
        here = found.get(homes.get(call["aggregate"]), [])
        kind = met if any(start < after and end > before for before, after in here) else others
        kind.append((call["end"] - call["start"]) / 1e6)
    return met, others


def figures(values):
    return (f"{len(values)} commands: p50 {load.percentile(values, 0.5):.1f} ms, p99 {load.percentile(values, 0.99):.1f} ms, "
            f"max {max(values, default=0):.1f} ms")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--handoffs", type=int, default=15)
    parser.add_argument("--limit-ms", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    tap, chance = Tap(), random.Random(options.seed)
    tap.note(f"seed {options.seed}")
    with Postgres() as server, Platform("--shards", str(SHARDS), "--brokers", "2", "--store", server.url, keep=options.keep,
                                        environment={"FLUVIUS_SERVICE_TOKEN": TOKEN, **load.LOG}) as platform:
        clients = load.Load(platform, tap, options.seed, over_http=0)
        count = hand_over(platform, server, options, chance, tap)
        clients.end()
        platform.stop()
        tap.check(count >= options.handoffs, f"{options.handoffs} units were handed over", count)
        rows = load.checker.read_postgres(server)
        met, others = latencies(clients.calls(), rows)
        tap.note(f"{count} hand-overs; met one: {figures(met)}")
        tap.note(f"met none: {figures(others)}")
        tap.check(met, "commands met hand-overs")
        if options.limit_ms:
            tap.check(load.percentile(met, 0.99) < options.limit_ms, f"99 of 100 of them took less than {options.limit_ms} ms")
        clients.judge(rows)
    tap.end()


if __name__ == "__main__":
    main()
