#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""An owner is stopped until another has its units, and one of two brokers does not hear of that: it goes on sending what
it gets to the one that was stopped. That one wakes and does not reach the database for a while. Nothing but its own
lease tells it that what it remembers is old: reads and dry runs that came through the deaf broker must not be answered
from that.

  deaf_test.py [--rounds N] [--lease-ms N] [--seed N]"""
import argparse
import os
import random
import signal
import subprocess
import time

import scene
from pause_test import wait_until
from platform_under_test import Tap
from proxy import Line, Proxy

LOOKERS_FROM = 10


def owned_by(stage, pid):
    return all(owner == pid for _, owner in stage.owners().values())


def look(stage, number, deaf):
    """A client that reads and rehearses through the deaf broker, until it is told to stop."""
    return stage.start_client(number, 100, bus=deaf)[0]


def one_round(stage, number, line, other, deaf, faults):
    """other is the shard that takes over, by line it reaches the deaf broker."""
    pid = stage.shard_pids()["shard-0"]
    if not wait_until(lambda: 0 < sum(owner == pid for _, owner in stage.owners().values()) < len(stage.owners())):
        faults.append(f"units are not shared: {stage.owners()}")
    line.frozen = lambda link: True
    os.kill(pid, signal.SIGSTOP)
    if not wait_until(lambda: owned_by(stage, other.pid)) or not stage.wait_for_answers():
        faults.append("not taken over")
    looker = look(stage, LOOKERS_FROM + number, deaf)
    time.sleep(0.5)  # what the deaf broker sends meanwhile waits for the stopped one
    stage.proxy.frozen = lambda link: link.pid == pid
    os.kill(pid, signal.SIGCONT)
    time.sleep(0.7)  # nothing is waited for: this is for how long nobody tells it anything
    stage.proxy.thaw()
    line.thaw()
    looker.stdin.close()
    code = looker.wait(60)
    if code != 0:
        faults.append("the looker: " + looker.stderr.read().decode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--lease-ms", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    tap = Tap()
    tap.note(f"seed {options.seed}")
    faults = []
    with scene.Scene(options.seed, 1, options.lease_ms, brokers=2, keep=options.keep, silent_ms=60000) as stage:
        hearing, deaf = stage.platform.bus.split(",")
        with Proxy(int(deaf.rsplit(":", 1)[1]), kind=Line) as line:
            other = stage.start_shard("shard-deaf", f"{hearing},tcp://127.0.0.1:{line.port}")
            stage.bus = hearing
            tap.check(stage.start() and stage.wait_for_answers(), "clients get answers")
            for number in range(options.rounds):
                one_round(stage, number, line, other, deaf, faults)
            tap.check(not faults, f"{options.rounds} times an owner was stopped and a broker kept in the dark", "\n".join(faults))
            stage.judge(tap)
            other.terminate()
            try:
                other.wait(30)
            except subprocess.TimeoutExpired:
                other.kill()
    tap.end()


if __name__ == "__main__":
    main()
