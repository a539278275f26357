#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Read models are what their domain makes of the log, row by row, whatever happens to projectors: killed under load,
stopped for longer than their lease, given a module with other records, or one that lacks an event.

  projection_test.py [--kills N] [--seed N]"""
import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from platform_under_test import Platform, Tap, BUILD, module, tool
from postgres_under_test import Postgres

tap = Tap()
WAIT_S = 60
SERVICE = {"FLUVIUS_SERVICE_TOKEN": "service-of-this-test"}  # so that what is not started by `fluvius up` is known


def built(name):
    return os.path.join(BUILD, "tests", "tools", name)


def wait(condition, seconds=WAIT_S):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    return None


class Projector:
    """One that is not started by `fluvius up`, so that a test chooses its modules."""

    def __init__(self, platform, *modules, options=(), name="lone"):
        command = [tool("fluvius-projector"), "--name", name, "--bus", platform.bus, "--store",
                   "sqlite:" + platform.data, *options]
        for path in modules:
            command += ["--domain", path]
        self.log = open(platform.log, "ab")
        self.process = subprocess.Popen(command, stderr=self.log, env={**os.environ, **SERVICE})

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()


class Load:
    """Deposits to accounts as fast as they go, until it is stopped or its time is over."""

    def __init__(self, platform, seconds, accounts=300):
        self.process = subprocess.Popen([tool("fluvius"), "bench", "commands", "--bus", platform.bus, "--seconds",
                                         str(seconds), "--clients", "2", "--in-flight", "64", "--aggregates",
                                         str(accounts)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self):
        output = self.process.communicate()[0]
        return self.process.returncode, output

    def running(self):
        return self.process.poll() is None


def compare(store, read_models, path, name):
    result = subprocess.run([built("rows_check"), store, read_models, str(WAIT_S * 1000), path], capture_output=True,
                            text=True)
    return tap.check(result.returncode == 0, name, result.stdout + result.stderr)


def send(platform, *words):
    result = subprocess.run([tool("fluvius"), "send", *words, "--bus", platform.bus], capture_output=True, text=True)
    return json.loads(result.stdout)


class ReadModels:
    """read.db, as anybody may read it."""

    def __init__(self, platform):
        self.path = os.path.join(platform.data, "read.db")

    def rows(self, sql):
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=5)) as database:
                database.execute("PRAGMA query_only = 1")
                return database.execute(sql).fetchall()
        except sqlite3.Error:
            return []

    def live(self):
        found = self.rows("SELECT id FROM build WHERE state = 1 AND projection = 'bank'")
        return found[0][0] if len(found) == 1 else None


# ---- killed under load ----

def kill_at_random(platform, names, kills, randomness, load):
    done = 0
    while done < kills and load.running():
        time.sleep(randomness.uniform(0.05, 0.4))
        pid = platform.children().get(randomness.choice(names))
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                done += 1
    return done


def load_seconds(kills):
    """One that is killed again and again is started again after a second."""
    return max(2, int(kills * 0.3 if kills < 10 else kills * 1.5))


def killed(kills, randomness):
    with Platform(domains=("bank",)) as platform:
        load = Load(platform, load_seconds(kills))
        done = kill_at_random(platform, ["projector"], kills, randomness, load)
        code, output = load.finish()
        tap.check(done == kills and code in (0, 1), f"projector killed {kills} times under load, SQLite", (done, output))
        store = "sqlite:" + platform.data
        compare(store, store, module("bank"), "each row is what the log says")


def killed_and_stopped_on_postgres(kills, randomness):
    with Postgres() as server, \
            Platform("--store", server.url, "--projectors", "2", domains=("bank",),
                     environment={"FLUVIUS_LEASE_MS": "1000"}) as platform:
        load = Load(platform, load_seconds(kills) + 2)
        stopped = platform.children()["projector-0"]
        taken = epochs(server)
        os.kill(stopped, signal.SIGSTOP)
        other = wait(lambda: [e for e, t in zip(epochs(server), taken) if e > t])
        os.kill(stopped, signal.SIGCONT)
        tap.check(other, "the slots of a projector that is stopped longer than its lease go to the other", taken)
        done = kill_at_random(platform, ["projector-0", "projector-1"], kills, randomness, load)
        load.finish()
        tap.check(done == kills, f"projectors killed {kills} times under load, PostgreSQL", done)
        compare(server.url, server.url, module("bank"), "after that each row is right")
        shared = wait(lambda: sorted(n for n, in server.rows("SELECT count(*) FROM fluvius_read.slot WHERE boot IS NOT"
                                                             " NULL GROUP BY boot")) in (["8", "8"], [8, 8]))
        tap.check(shared, "two projectors have eight slots each",
                  server.rows("SELECT slot, holder FROM fluvius_read.slot ORDER BY slot"))


def epochs(server):
    return [int(epoch) for epoch, in server.rows("SELECT epoch FROM fluvius_read.slot ORDER BY slot")]


# ---- a changed module, under load ----

class Watcher(threading.Thread):
    """Asks for what is live again and again: there is always one answer, and no sum ever goes back."""

    def __init__(self, models):
        super().__init__(daemon=True)
        self.models, self.over, self.faults, self.answers, self.builds = models, False, [], 0, set()

    def run(self):
        before = (0, 0)
        with contextlib.closing(sqlite3.connect(self.models.path, timeout=5, check_same_thread=False)) as database:
            database.execute("PRAGMA query_only = 1")
            while not self.over:
                before = self.ask(database, before)
                time.sleep(0.002)

    def ask(self, database, before):
        database.execute("BEGIN")
        live = database.execute("SELECT id FROM build WHERE state = 1 AND projection = 'bank'").fetchall()
        found = before
        if len(live) == 1:
            self.builds.add(live[0][0])
            found = database.execute(f"SELECT count(*), coalesce(sum(c0), 0) FROM m{live[0][0]}_0").fetchone()
        database.execute("ROLLBACK")
        self.answers += 1
        if len(live) != 1 or found < before:
            self.faults.append((live, before, found))
        return max(before, found)


def changed():
    newer = built("bank_next.so")
    with Platform("--projectors", "0", domains=("bank",), environment=SERVICE) as platform:
        models, store = ReadModels(platform), "sqlite:" + platform.data
        with Projector(platform, module("bank")):
            code, output = Load(platform, 1).finish()
            tap.check(wait(models.live), "a build goes live", output)
            compare(store, store, module("bank"), "and is right")
        watcher = Watcher(models)
        watcher.start()
        load = Load(platform, 1)
        with Projector(platform, module("bank"), newer):
            second = wait(lambda: (models.live() or 0) > 1)
            load.finish()
            tap.check(second and len(watcher.builds) == 2, "a module with another record is built beside, and goes live",
                      models.rows("SELECT id, state FROM build"))
            compare(store, store, newer, "and is right")
            watcher.over = True
            watcher.join()
            tap.check(not watcher.faults and watcher.answers > 100,
                      "there was always one answer, and none was older than one before", watcher.faults[:5])
            subprocess.run([tool("fluvius"), "rebuild", "bank", "--data", platform.data], check=True,
                           stdout=subprocess.DEVNULL)
            tap.check(wait(lambda: (models.live() or 0) > 2), "fluvius rebuild has it built again",
                      models.rows("SELECT id, state FROM build"))
            compare(store, store, newer, "and it is right")


# ---- a record that cannot be applied ----

def halted(models):
    return models.rows("SELECT c.build, c.partition, c.halted, c.fault FROM checkpoint c JOIN build b ON b.id = c.build"
                       " WHERE c.halted <> 0 AND b.state <> 2 AND b.projection = 'bank'")


def poisoned():
    newer = built("bank_next.so")
    holder = '{"holder":{"given":"Ada","family":"Lovelace"}}'
    with Platform("--projectors", "0", domains=(newer,), environment=SERVICE) as platform:
        models, store = ReadModels(platform), "sqlite:" + platform.data
        count = lambda: (models.rows("SELECT count(*) FROM m1_0") or [(0,)])[0][0]
        send(platform, "bank:open", "account/a", holder)
        send(platform, "bank:freeze", "account/a", "{}")
        with Projector(platform, module("bank")):
            for number in range(20):
                send(platform, "bank:open", f"account/other-{number}", holder)
            stuck = wait(lambda: halted(models))
            tap.check(stuck and len(stuck) == 1 and stuck[0][2] == 2 and "frozen" in stuck[0][3],
                      "an event that the module does not know halts its partition, and says why", stuck)
            rows = wait(lambda: count() >= 16 and count())
            tap.check(rows, "the others go on", rows)
            alarms = wait(lambda: [alarm for alarm in health(platform)["alarms"] if "halted" in alarm])
            tap.check(alarms, "fluvius health says so", health(platform))
            tap.check(models.live() is None, "a build that has not come to the end of the log is not live")
        with Projector(platform, module("bank")):
            time_before = stuck
            tap.check(wait(lambda: health(platform)["alarms"]) and halted(models)[0][:3] == time_before[0][:3],
                      "after a restart it is tried again, and not skipped", halted(models))
            tap.check(models.live() is None, "and does not make its unfinished build live")
        with Projector(platform, newer):
            compare(store, store, newer, "with a module that knows it all rows are right")
            tap.check(not halted(models), "and nothing is halted", halted(models))


def health(platform):
    result = subprocess.run([tool("fluvius"), "health", "--bus", platform.bus], capture_output=True, text=True)
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    tap.note(f"seed {options.seed}")
    randomness = random.Random(options.seed)
    killed(options.kills, randomness)
    killed_and_stopped_on_postgres(max(2, options.kills // 2), randomness)
    changed()
    poisoned()
    tap.end()


if __name__ == "__main__":
    main()
