#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Cuts connections between shards and PostgreSQL at chosen moments while clients run commands: in the middle of COPY,
before the COMMIT reaches the server, while nobody knows whether it has, after the server has committed and before its
answer comes back, before the fence of other writes, and after any number of bytes. Every outcome must be resolved: what
was acknowledged is there, nothing is there twice, repeated ids get the same answer, and histories are linearizable.

  cut_test.py [--cuts N] [--shards N] [--lease-ms N] [--seed N] [--standby]

With --standby the server waits for a synchronous standby, which is stopped for moments; at the end the server is killed
and the standby promoted: it must have what was acknowledged, and the shards go on with it."""
import argparse
import contextlib
import random
import threading
import time

import scene
import standby
from platform_under_test import Tap
from postgres_under_test import Postgres
from proxy import CUT, PASS

MOMENTS = ("end", "committed", "sent", "bytes", "copy", "sent", "committed", "bytes", "fence", "end")
PATIENCE_S = 60


def after_bytes(count, chance):
    """A link that has not passed the count yet, or one that carries more from now on: cut when it has."""
    seen = {}

    def fits(link):
        first = seen.setdefault(link, link.passed)
        return link.pid != 0 and link.passed - first >= count
    return fits


def half_cut(link):
    """The shard's end goes at once; the server's stays as it is until the server has done what it was told."""
    link.shard.transport.abort()
    return PASS


def cut(stage, moment, chance):
    """False when the moment did not come."""
    if moment == "fence":
        stage.add_old_receipts()
    fits = after_bytes(chance.randrange(1, 100000), chance) if moment == "bytes" else lambda link: link.pid != 0
    done = stage.proxy.arm(moment, half_cut if moment == "sent" else lambda link: CUT, fits)
    if done.wait(PATIENCE_S):
        return True
    stage.proxy.disarm()
    return False


class Lag(threading.Thread):
    """Stops the standby for moments."""

    def __init__(self, follower, seed):
        super().__init__(daemon=True)
        self.follower, self.chance, self.ended, self.times = follower, random.Random(seed), threading.Event(), 0

    def run(self):
        while not self.ended.wait(self.chance.uniform(0.2, 2.0)):
            self.times += self.follower.lag(self.chance.choice((0.05, 0.3, 1.0, 2.5)))

    def end(self):
        self.ended.set()
        self.join()


def run(stage, options, chance, tap):
    missed, counts = [], {}
    tap.check(stage.start() and stage.wait_for_answers(), "clients get answers")
    for number in range(options.cuts):
        moment = MOMENTS[number % len(MOMENTS)]
        if cut(stage, moment, chance):
            counts[moment] = counts.get(moment, 0) + 1
        else:
            missed.append(moment)
        time.sleep(chance.uniform(0.0, 0.5))  # how long connections live is the test's input
    tap.note(f"cut {sum(counts.values())} times: {counts}")
    tap.check(not missed, f"connections were cut {options.cuts} times", missed)
    tap.check(stage.wait_for_answers(), "clients get answers afterwards")
    epochs = sum(epoch for epoch, _ in stage.owners().values())
    tap.check(epochs > options.cuts // 4, "units were claimed anew, by their owners or others", epochs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=40)
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--lease-ms", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--standby", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    tap, chance = Tap(), random.Random(options.seed)
    tap.note(f"seed {options.seed}")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Postgres())
        follower = stack.enter_context(standby.Standby(server)) if options.standby else None
        stage = stack.enter_context(scene.Scene(options.seed, options.shards, options.lease_ms, keep=options.keep, server=server))
        lag = Lag(follower, options.seed) if follower else None
        if lag:
            lag.start()
        run(stage, options, chance, tap)
        if lag:
            lag.end()
            tap.note(f"the standby was stopped {lag.times} times")
            server.kill()
            follower.promote()
            stage.move_to(follower)
            tap.check(stage.wait_for_answers(), "clients get answers from the standby, once it was promoted")
        stage.judge(tap)
    tap.end()


if __name__ == "__main__":
    main()
