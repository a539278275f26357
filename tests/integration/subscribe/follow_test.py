#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Followers that are stopped at full load catch up later with every event once and in order, the last one too when the
streams fall silent; query processes and brokers that are killed meanwhile change nothing; and writers do not notice whether
there are stopped followers.

  follow_test.py [--stop-s 120] [--kills 100] [--rounds 15 --round-s 4 --deaf 20] [--limits]
                             --limits: memory and writers' p99 must stay within the goals"""
import argparse
import random
import signal
import statistics
import time

from scene import Deaf, Follower, Load, Scene, StreamFollower, Tap, answer_bytes, os, resident_kib, wait_for
from postgres_under_test import Postgres

tap = Tap()


def memory_kib(scene):
    return sum(resident_kib(pid) for pid in scene.pids())


def caught_up(follower, wanted):
    return wait_for(lambda: follower.count >= wanted() or follower.faults, 300)


def stopped_followers(scene, stop_s, limits):
    """One over the bus and one that reads a stream; while they are stopped nothing waits for them anywhere, afterwards they
    read what they missed. Gives how many commands a second the load wrote."""
    load = Load(scene)
    follower, stream = Follower(scene, ns="bank"), StreamFollower(scene, "/bank.account/load-0/events")
    for thread in (follower, stream, load):
        thread.start()
    wait_for(lambda: follower.count > 500 and stream.count > 10)
    first_kib = memory_kib(scene)
    time.sleep(stop_s / 2)
    before_kib, had, start = memory_kib(scene), load.written, time.monotonic()
    follower.pausing.set()
    stream.pausing.set()
    time.sleep(stop_s)
    rate, after_kib = (load.written - had) / (time.monotonic() - start), memory_kib(scene)
    load.stop()
    missed, start = load.written - follower.count, time.monotonic()
    follower.pausing.clear()
    stream.pausing.clear()
    caught_up(follower, lambda: load.written)
    took_s = time.monotonic() - start
    tap.check(not follower.faults and follower.count == load.written,
              f"a follower stopped for {stop_s:g} s at full load has every event once and in order, the last one too",
              f"{follower.count} of {load.written}: {follower.faults[:5]}")
    mine = scene.client().state("bank.account/load-0").version
    caught_up(stream, lambda: mine)
    tap.check(not stream.faults and stream.count == mine, "so has a client of an event stream",
              f"{stream.count} of {mine}: {stream.faults[:5]}")
    tap.note(f"{rate:.0f} commands a second; {missed} events missed, caught up in {took_s:.2f} s; the stream was cut "
             f"{stream.cuts} times; memory of all processes {first_kib} -> {before_kib} KiB while they ran, -> {after_kib} KiB "
             f"while they were stopped")
    if limits:
        tap.check(after_kib - before_kib < 64 * 1024, "memory grew by less than 64 MiB", f"{after_kib - before_kib} KiB")
    follower.stop()
    stream.ending.set()
    return rate


def settled(scene):
    """The bytes that clients have not taken stay as they are: whoever reads nothing has his sockets full."""
    seen = {answer_bytes(scene) for _ in range(10) if not time.sleep(0.05)}
    return len(seen) == 1


def writers_period(scene, load, deaf, round_s):
    """p99 of the frames of one period, with so many stopped clients, which have taken what fits their sockets before."""
    with Deaf(scene, deaf):
        wait_for(lambda: settled(scene))
        wait_for(lambda: load.times and time.monotonic() - load.times[-1][0] < 3 * load.batch / load.rate)
        start = time.monotonic()
        time.sleep(round_s)
        end = time.monotonic()
        wait_for(lambda: load.times and load.times[-1][0] >= end - load.batch / load.rate)
        return load.p99_ms(start, end)


def writers(scene, rate, rounds, round_s, deaf, limits):
    """A fixed rate, of which the platform can do twice as much; periods with and without stopped followers in turns, which
    of the two is first alternating; the median of their p99."""
    frames_s, found = 100, {0: [], deaf: []}
    load = Load(scene, batch=max(1, round(rate / 2 / frames_s)), rate=rate / 2, name="paced")
    load.start()
    for number in range(rounds):
        for stopped in (0, deaf) if number % 2 == 0 else (deaf, 0):
            found[stopped].append(writers_period(scene, load, stopped, round_s))
    load.stop()
    without, with_them = statistics.median(found[0]), statistics.median(found[deaf])
    tap.check(all(found[0] + found[deaf]), "frames were written in every period", found)
    tap.note(f"writers' p99 at {rate / 2:.0f} commands a second, median of {rounds} periods of {round_s:g} s: {without:.2f} ms "
             f"without, {with_them:.2f} ms with {deaf} stopped followers, which had all of the log before them")
    if limits:
        tap.check(with_them < without * 1.2, "the writers' p99 grew by less than a fifth", found)


def silent_stream(scene):
    """The last event of a stream is seen at once by who waits for it, though nothing follows it."""
    client, follower = scene.client(), Follower(scene, ns="bank", agg="silent")
    follower.start()
    client.send("bank:open", "account/silent", {"holder": {"given": "A", "family": "B"}})
    tap.check(wait_for(lambda: follower.count == 1), "the only event of a stream is seen")
    client.send("bank:deposit", "account/silent", {"amount": 1})
    tap.check(wait_for(lambda: follower.count == 2), "so is the last one before it falls silent")
    follower.stop()


def broker_kill(scene):
    """And waits for the next one: who kills it again and again has it started later and later."""
    killed = scene.platform.children()["broker"]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: scene.platform.children().get("broker", killed) != killed, 60)


def killed_processes(scene, kills):
    load, follower = Load(scene, batch=20), Follower(scene, ns="bank")
    follower.start()
    load.start()
    for kill in range(kills):
        time.sleep(random.uniform(0.05, 0.3))
        if kill % 3 == 2:
            broker_kill(scene)
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
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--round-s", type=float, default=0.3)
    parser.add_argument("--deaf", type=int, default=3)
    parser.add_argument("--limits", action="store_true")
    options = parser.parse_args()
    with Scene() as scene:
        rate = stopped_followers(scene, options.stop_s, options.limits)
        silent_stream(scene)
        writers(scene, rate, options.rounds, options.round_s, options.deaf, options.limits)
    with Scene() as scene:
        killed_processes(scene, options.kills)
    with Postgres() as server, Scene(store=server.url) as scene:
        tap.note("on PostgreSQL")
        stopped_followers(scene, min(options.stop_s, 10) / 2, False)
        silent_stream(scene)
        killed_processes(scene, options.kills // 2)
    tap.end()


main()
