#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What it costs to read the past of a long aggregate, and what those who read a short one notice of it: milliseconds of a
state early, in the middle and late, of a page of changes, and of pages one after the other; then those of short reads, alone
and beside others that fold the long aggregate all the time.

  fold_bench.py [--events N] [--seconds N] [--folders N] [--threads N] [--store sqlite|postgresql]     FLUVIUS_BUILD says of which build"""
import argparse
import contextlib
import itertools
import os
import statistics
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "integration"), os.path.join(HERE, "..", "..", "..", "clients", "python")]
import fluvius
from platform_under_test import Platform
from postgres_under_test import Postgres

AT_ONCE = 1000


def streams_make(bus, events):
    with fluvius.Client(bus, timeout_s=60) as client:
        for name in ["long", *(f"short-{i}" for i in range(64))]:
            client.send("bank:open", f"account/{name}", {"holder": {"given": "A", "family": "B"}})
            client.send("bank:deposit", f"account/{name}", {"amount": 1})
        for done in range(2, events, AT_ONCE):
            deposits = [fluvius.command("bank:deposit", "account/long", {"amount": 1}) for _ in range(min(AT_ONCE, events - done))]
            assert all(reply.status == "ok" for reply in client.send_all(deposits, 60))


def timed_ms(times, ask):
    """Median of so many; ask is given the number of the time."""
    took = []
    for turn in range(times):
        start = time.perf_counter()
        ask(turn)
        took.append(1000 * (time.perf_counter() - start))
    return statistics.median(took)


def alone(client, events):
    state = lambda version: lambda turn: client.state("bank.account/long", version + turn)
    changes = lambda first: lambda turn: client.ask("changes", "bank.account/long", **{"from": first + 25 * turn})
    print(f"  state at version 10            {timed_ms(20, state(10)):9.2f} ms")
    print(f"  state in the middle            {timed_ms(7, state(events // 2)):9.2f} ms")
    print(f"  state {events // 100} before the end      {timed_ms(7, state(events - events // 100)):9.2f} ms")
    print(f"  state 10 before the end        {timed_ms(9, state(events - 10)):9.2f} ms")
    print(f"  the last 25 changes            {timed_ms(7, lambda turn: changes(events - 25)(0)):9.2f} ms")
    print(f"  25 changes, page after page    {timed_ms(40, changes(events // 2)):9.2f} ms")


class Folder(threading.Thread):
    """Folds the long aggregate again and again."""

    def __init__(self, bus, events, number):
        super().__init__()
        self.bus, self.events, self.number = bus, events, number
        self.stop, self.done = threading.Event(), 0

    def run(self):
        with fluvius.Client(self.bus, timeout_s=60) as client:
            for turn in itertools.count(1):
                if self.stop.is_set():
                    break
                version = 1 + (self.events // 2 + self.number * 7919 + turn * 104729) % (self.events - 300)
                self.done += client.state("bank.account/long", version).status == "ok"


def short_reads(bus, seconds):
    """Milliseconds, sorted."""
    took, until = [], time.monotonic() + seconds
    with fluvius.Client(bus) as client:
        for turn in itertools.count():
            if time.monotonic() > until:
                return sorted(took)
            start = time.perf_counter()
            client.state(f"bank.account/short-{turn % 64}", 2)
            took.append(1000 * (time.perf_counter() - start))


def shown(took):
    return f"{len(took):6} short reads, p50 {took[len(took) // 2]:8.2f} ms, p99 {took[len(took) * 99 // 100]:8.2f} ms, longest {took[-1]:8.2f} ms"


def beside(bus, events, seconds, count):
    folders = [Folder(bus, events, number) for number in range(count)]
    for folder in folders:
        folder.start()
    print(f"  beside {count} who fold: {shown(short_reads(bus, seconds))}")
    for folder in folders:
        folder.stop.set()
    for folder in folders:
        folder.join()
    print(f"    folds a second {sum(folder.done for folder in folders) / seconds:7.2f}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--events", type=int, default=100000)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--folders", type=int, default=8)
    options.add_argument("--threads", help="of each query process that read the past")
    options.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    settings = options.parse_args()
    with contextlib.ExitStack() as stack:
        environment = {"FLUVIUS_HISTORY_THREADS": settings.threads} if settings.threads else {}
        if settings.store == "postgresql":
            environment["FLUVIUS_STORE"] = stack.enter_context(Postgres()).url
        platform = stack.enter_context(Platform("--queries", "1", environment=environment))
        streams_make(platform.bus, settings.events)
        print(f"{settings.store}, {settings.events} events")
        with stack.enter_context(fluvius.Client(platform.bus, timeout_s=60)) as client:
            alone(client, settings.events)
        print(f"  alone: {shown(short_reads(platform.bus, settings.seconds))}")
        beside(platform.bus, settings.events, settings.seconds, settings.folders)


if __name__ == "__main__":
    main()
