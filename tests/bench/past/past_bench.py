#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What writers notice of those who read the past: `fluvius bench commands` alone, and beside reads of an aggregate's state at
earlier versions at a fixed rate, in turns. Each read folds a long stream's events from the first one on.

  past_bench.py [--seconds N] [--turns N] [--rate READS_A_SECOND] [--events N] [--json]     FLUVIUS_BUILD says of which build"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "integration"), os.path.join(HERE, "..", "..", "integration", "socket"),
                os.path.join(HERE, "..", "..", "..", "clients", "python")]
import fluvius
from platform_under_test import Platform, tool
from wire import Wire, frame

TOGETHER = 4  # requests of one frame


def stream_make(platform, events):
    with fluvius.Client(platform.bus) as client:
        client.send("bank:open", "account/long", {"holder": {"given": "A", "family": "B"}})
        for _ in range(events - 1):
            client.send("bank:deposit", "account/long", {"amount": 1})


class Reads(threading.Thread):
    """Reads at a fixed rate, as far as answers keep up."""

    def __init__(self, platform, rate, events):
        super().__init__()
        self.bus, self.rate, self.events = platform.bus, rate, events
        self.stop, self.done, self.failed = threading.Event(), 0, 0

    def run(self):
        start = time.monotonic()
        with Wire(self.bus) as wire:
            while not self.stop.is_set():
                ahead = start + self.done / self.rate - time.monotonic()
                if ahead > 0:
                    self.stop.wait(ahead)
                ask = [{"op": "state", "ns": "bank", "res": "account", "agg": "long", "ver": self.events - i} for i in range(TOGETHER)]
                replies = wire.ask(frame(*ask))["r"]
                self.done += len(replies)
                self.failed += sum(reply["st"] != "ok" for reply in replies)
        self.took = time.monotonic() - start


def writers(platform, seconds):
    said = subprocess.run([tool("fluvius"), "bench", "commands", "--bus", platform.bus, "--seconds", str(seconds), "--json"],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(said.splitlines()[-1])


def rate_of(figures):
    return figures["commands_per_second"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--turns", type=int, default=3)
    options.add_argument("--rate", type=int, default=200)
    options.add_argument("--events", type=int, default=2000)
    options.add_argument("--json", action="store_true")
    settings = options.parse_args()
    alone, beside, reads, failed = [], [], [], 0
    with Platform("--queries", "1") as platform:
        stream_make(platform, settings.events)
        for _ in range(settings.turns):
            alone.append(rate_of(writers(platform, settings.seconds)))
            readers = Reads(platform, settings.rate, settings.events)
            readers.start()
            beside.append(rate_of(writers(platform, settings.seconds)))
            readers.stop.set()
            readers.join()
            reads.append(readers.done / readers.took)
            failed += readers.failed
    figures = {"writers_alone": statistics.median(alone), "writers_beside": statistics.median(beside),
               "ratio": statistics.median(beside) / statistics.median(alone), "reads_per_second": statistics.median(reads),
               "reads_failed": failed}
    if settings.json:
        print(json.dumps(figures))
    else:
        print(f"writers alone {figures['writers_alone']:.0f} commands/s, beside {figures['reads_per_second']:.0f} reads/s of "
              f"{settings.events} events each {figures['writers_beside']:.0f} ({figures['ratio']:.2f} of it); {failed} reads failed")


if __name__ == "__main__":
    main()
