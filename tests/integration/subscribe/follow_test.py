#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A follower that is stopped at full load catches up later with every event once and in order, the last one too when its
stream falls silent; query processes and brokers that are killed meanwhile change nothing.

  follow_test.py [--stop-s 120] [--kills 100] [--limits]     --limits: memory and writers' p99 must stay within the goals"""
import argparse
import random
import signal
import time

from scene import Follower, Load, Scene, Tap, os, resident_kib, wait_for
from postgres_under_test import Postgres

tap = Tap()


def memory_kib(scene):
    return sum(resident_kib(pid) for pid in scene.pids())


def caught_up(follower, load):
    return wait_for(lambda: follower.count >= load.written or follower.faults, 120)


def stopped_follower(scene, stop_s, limits):
    """While it is stopped nothing waits for it anywhere; afterwards it reads what it missed."""
    load, follower = Load(scene), Follower(scene, ns="bank")
    follower.start()
    load.start()
    wait_for(lambda: follower.count > 500)
    load.times.clear()
    time.sleep(stop_s / 2)
    before_ms, before_kib = load.p99_ms(), memory_kib(scene)
    follower.pausing.set()
    load.times.clear()
    had = follower.count
    time.sleep(stop_s)
    after_ms, after_kib = load.p99_ms(), memory_kib(scene)
    load.stop()
    missed = load.written - had
    follower.pausing.clear()
    start = time.monotonic()
    caught_up(follower, load)
    took_s = time.monotonic() - start
    tap.check(not follower.faults and follower.count == load.written,
              f"a follower stopped for {stop_s:g} s at full load has every event once and in order, the last one too",
              f"{follower.count} of {load.written}: {follower.faults[:5]}")
    tap.note(f"{missed} events missed, caught up in {took_s:.2f} s; memory of all processes {before_kib} -> {after_kib} KiB; "
             f"writers' p99 {before_ms:.1f} -> {after_ms:.1f} ms")
    if limits:
        tap.check(after_kib - before_kib < 64 * 1024, "memory grew by less than 64 MiB", f"{after_kib - before_kib} KiB")
        tap.check(after_ms < before_ms * 1.2 + 1, "the writers' p99 grew by less than a fifth")
    follower.stop()


def silent_stream(scene):
    """The last event of a stream is seen at once by who waits for it, though nothing follows it."""
    client, follower = scene.client(), Follower(scene, ns="bank", agg="silent")
    follower.start()
    client.send("bank:open", "account/silent", {"holder": {"given": "A", "family": "B"}})
    tap.check(wait_for(lambda: follower.count == 1), "the only event of a stream is seen")
    client.send("bank:deposit", "account/silent", {"amount": 1})
    tap.check(wait_for(lambda: follower.count == 2), "so is the last one before it falls silent")
    follower.stop()


def killed_processes(scene, kills):
    load, follower = Load(scene, batch=20), Follower(scene, ns="bank")
    follower.start()
    load.start()
    for kill in range(kills):
        time.sleep(random.uniform(0.05, 0.3))
        if kill % 3 == 2:
            os.kill(scene.platform.children()["broker"], signal.SIGKILL)
            wait_for(lambda: "broker" in scene.platform.children())
        else:
            scene.queries.kill(kill % len(scene.queries.running))
    load.stop()
    total = sum(1 for _ in all_events(scene))
    wait_for(lambda: follower.count >= total or follower.faults, 60)
    tap.check(not follower.faults and follower.count == total,
              f"after {kills} kills of query processes and brokers no event is missing, none comes twice, all are in order",
              f"{follower.count} of {total}: {follower.faults[:5]}")
    follower.stop()


def all_events(scene):
    """From the shards' own log, partition by partition."""
    client = scene.client()
    for partition in range(client.health()["partitions"]):
        after = 0
        while True:
            records = list(client.log(partition, after=after))
            yield from (record for record in records if record.type and record.namespace == "bank")
            if not records:
                break
            after = records[-1].seq


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stop-s", type=float, default=1.0)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--limits", action="store_true")
    options = parser.parse_args()
    with Scene() as scene:
        stopped_follower(scene, options.stop_s, options.limits)
        silent_stream(scene)
    with Scene() as scene:
        killed_processes(scene, options.kills)
    with Postgres() as server, Scene(store=server.url) as scene:
        tap.note("on PostgreSQL")
        stopped_follower(scene, min(options.stop_s, 10) / 2, False)
        silent_stream(scene)
        killed_processes(scene, options.kills // 2)
    tap.end()


main()
