#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Stops an owner's process with SIGSTOP for three leases while clients run commands, reads and dry runs: at any time, in
the middle of COPY, between COPY and COMMIT, after COMMIT before it is told, and before the fence of its other writes.
Others must take its units over; what it does when it wakes must change nothing and tell nobody anything stale; and it
must come back into the pool.

  pause_test.py [--pauses N] [--shards N] [--lease-ms N] [--seed N] [--limit]

With --limit taking over within the lease and 2 s is demanded, not only printed."""
import argparse
import os
import random
import signal
import time

import scene
from platform_under_test import Tap
from proxy import HOLD, PASS

MOMENTS = ("copy", "end", "any", "fence", "committed")
PATIENCE_S = 30


def stop_at(stage, moment, chance):
    """Stops an owner at the moment; gives its pid, or None if the moment did not come."""
    stopped = []

    def stop(link):
        os.kill(link.pid, signal.SIGSTOP)
        stopped.append((link.pid, time.monotonic()))
        return PASS if moment == "committed" else HOLD

    pids = set(stage.shard_pids().values()) & {pid for _, pid in stage.owners().values()}
    if moment == "any":
        time.sleep(chance.uniform(0.0, 0.3))  # where it is stopped is the test's input
        pid = chance.choice(sorted(pids))
        os.kill(pid, signal.SIGSTOP)
        return pid, time.monotonic()
    if moment == "fence":
        stage.add_old_receipts()
    if not stage.proxy.arm(moment, stop, lambda link: link.pid in pids).wait(PATIENCE_S):
        stage.proxy.disarm()
        return None, 0
    return stopped[0]


def wait_until(good, seconds=PATIENCE_S):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if good():
            return True
        time.sleep(0.02)
    return False


def pause(stage, moment, chance, faults, took):
    pid, since = stop_at(stage, moment, chance)
    if pid is None:
        faults.append(f"no shard was {moment}")
        return
    before = stage.owners()
    if wait_until(lambda: all(owner not in (0, pid) for _, owner in stage.owners().values())):
        took.append(time.monotonic() - since)
    else:
        faults.append(f"{moment}: not taken over: {stage.owners()}, before {before}")
    time.sleep(max(0.0, 3 * stage.lease_ms / 1000 - (time.monotonic() - since)))  # three leases are the test's input
    os.kill(pid, signal.SIGCONT)
    stage.proxy.release()
    if not wait_until(lambda: any(owner == pid for _, owner in stage.owners().values())):
        faults.append(f"{moment}: shard {pid} did not come back; {stage.shard_pids()}, {stage.owners()}")
    if not stage.wait_for_answers():
        faults.append(f"{moment}: clients got no answers afterwards")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pauses", type=int, default=4)
    parser.add_argument("--shards", type=int, default=3)
    parser.add_argument("--lease-ms", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--limit", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    tap, chance = Tap(), random.Random(options.seed)
    tap.note(f"seed {options.seed}")
    faults, took, counts = [], [], {}
    with scene.Scene(options.seed, options.shards, options.lease_ms, keep=options.keep) as stage:
        tap.check(stage.start() and stage.wait_for_answers(), "clients get answers")
        for number in range(options.pauses):
            moment = MOMENTS[number % len(MOMENTS)]
            counts[moment] = counts.get(moment, 0) + 1
            pause(stage, moment, chance, faults, took)
        tap.note(f"owners stopped for three leases of {options.lease_ms} ms: {counts}")
        took.sort()
        if took:
            tap.note(f"taken over after: median {took[len(took) // 2]:.2f} s, longest {took[-1]:.2f} s, of {len(took)}")
        tap.check(not faults, "each was stopped, its units were taken over, and it came back", "\n".join(faults))
        if options.limit:
            limit = options.lease_ms / 1000 + 2
            tap.check(took and took[-1] < limit, f"units had an owner again within the lease and 2 s: {limit:.1f} s", took)
        stage.judge(tap)
    tap.end()


if __name__ == "__main__":
    main()
