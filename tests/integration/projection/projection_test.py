#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Read models are what their domain makes of the log, row by row, whatever happens to projectors: killed under load,
stopped for longer than their lease, given a module with other records, or one that lacks an event, or large records, or
set beside another with another module.

  projection_test.py [--kills N] [--seed N]"""
import argparse
import contextlib
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(ROOT, "clients", "python")]
import fluvius
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

    def __init__(self, platform, *modules, options=(), name="lone", store=None):
        command = [tool("fluvius-projector"), "--name", name, "--bus", platform.bus, "--store",
                   store or "sqlite:" + platform.data, *options]
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


ACCOUNTS = 300


def accounts_open(client):
    """Those that are open stay so."""
    holder = {"holder": {"given": "Ada", "family": "Lovelace"}}
    client.send_all([fluvius.command("bank:open", f"account/{number}", holder) for number in range(ACCOUNTS)], WAIT_S)


def deposits(client, count):
    """To random accounts, all at once. Gives the replies that are not well."""
    commands = [fluvius.command("bank:deposit", f"account/{random.randrange(ACCOUNTS)}", {"amount": 5}) for _ in range(count)]
    return [reply for reply in client.send_all(commands, WAIT_S) if reply.status != "ok"]


def burst(platform, count):
    """So many deposits; what is not well of them."""
    with fluvius.Client(platform.bus) as client:
        accounts_open(client)
        return deposits(client, count)


class Load(threading.Thread):
    """Deposits, many at once, again and again until it is stopped."""

    def __init__(self, platform):
        super().__init__(daemon=True)
        self.platform, self.over, self.sent, self.faults = platform, False, 0, []
        self.start()
        wait(lambda: self.sent > 0)

    def run(self):
        with fluvius.Client(self.platform.bus) as client:
            accounts_open(client)
            while not self.over:
                self.faults += deposits(client, 256)
                self.sent += 256

    def finish(self):
        """Did all go well?"""
        self.over = True
        self.join()
        return self.sent > 0 and not self.faults


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

def kill_at_random(platform, names, kills, randomness):
    """Kills one that runs that often, under load all the while. Did the commands go on?"""
    done, load = 0, Load(platform)
    while done < kills:
        time.sleep(randomness.uniform(0.05, 0.4))
        pid = platform.children().get(randomness.choice(names))
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                done += 1
    return load.finish() or load.faults[:3]


def killed(kills, randomness):
    with Platform(domains=("bank",)) as platform:
        said = kill_at_random(platform, ["projector"], kills, randomness)
        tap.check(said is True, f"projector killed {kills} times under load, SQLite", said)
        store = "sqlite:" + platform.data
        compare(store, store, module("bank"), "each row is what the log says")


def killed_and_stopped_on_postgres(server, kills, randomness):
    with Platform("--store", server.url, "--projectors", "2", domains=("bank",),
                  environment={"FLUVIUS_LEASE_MS": "1000"}) as platform:
        load = Load(platform)
        wait(lambda: held_by(server, "projector-0") > 0 and held_by(server, "projector-1") > 0)
        stopped = platform.children()["projector-0"]
        os.kill(stopped, signal.SIGSTOP)
        other = wait(lambda: held_by(server, "projector-0") == 0 and held_by(server, "projector-1") == slots(server))
        os.kill(stopped, signal.SIGCONT)
        tap.check(other, "the slots of a projector that is stopped longer than its lease go to the other",
                  server.rows("SELECT * FROM fluvius_read.slot"))
        tap.check(load.finish(), "under load that goes on", load.faults[:3])
        said = kill_at_random(platform, ["projector-0", "projector-1"], kills, randomness)
        tap.check(said is True, f"projectors killed {kills} times under load, PostgreSQL", said)
        compare(server.url, server.url, module("bank"), "after that each row is right")
        shared = wait(lambda: {n for n, in server.rows("SELECT count(*) FROM fluvius_read.slot GROUP BY build, boot")} ==
                      {"8"})
        tap.check(shared, "two projectors have eight slots each of each build",
                  server.rows("SELECT build, slot, boot FROM fluvius_read.slot ORDER BY 1, 2"))


def slots(server):
    return int(server.rows("SELECT count(*) FROM fluvius_read.slot s JOIN fluvius_read.build b ON b.id = s.build"
                           " WHERE b.state <> 2")[0][0])


def held_by(server, name):
    return int(server.rows("SELECT count(*) FROM fluvius_read.slot s JOIN fluvius_read.projector p ON p.boot = s.boot"
                           f" WHERE p.holder LIKE 'projector {name} %'")[0][0])


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
            faults = burst(platform, 20000)
            tap.check(wait(models.live) and not faults, "a build goes live", faults[:3])
            compare(store, store, module("bank"), "and is right")
        watcher = Watcher(models)
        watcher.start()
        load = Load(platform)
        with Projector(platform, module("bank"), newer):
            second = wait(lambda: (models.live() or 0) > 1)
            tap.check(load.finish() and second and len(watcher.builds) == 2,
                      "a module with another record is built beside, and goes live",
                      models.rows("SELECT id, state FROM build"))
            compare(store, store, newer, "and is right")
            subprocess.run([tool("fluvius"), "rebuild", "bank", "--data", platform.data], check=True,
                           stdout=subprocess.DEVNULL)
            tap.check(wait(lambda: (models.live() or 0) > 2), "fluvius rebuild has it built again",
                      models.rows("SELECT id, state FROM build"))
            compare(store, store, newer, "and it is right")
            whole = wait(lambda: watcher.answers > 100 and len(watcher.builds) == 3)
            watcher.over = True
            watcher.join()
            tap.check(whole and not watcher.faults, "there was always one answer, and none was older than one before",
                      (watcher.faults[:5], watcher.builds))


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
        for number in range(20):
            send(platform, "bank:open", f"account/other-{number}", holder)
        with Projector(platform, module("bank")):
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


# ---- two modules in one pool ----

class Rivals:
    """The read models of bank in a database, as two projectors with modules of their own see them."""

    def __init__(self, url):
        self.url, self.answers = url, []

    def rows(self, sql):
        found = subprocess.run(["psql", "-XqAt", "-F", " ", "-d", self.url, "-c", sql], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, check=False).stdout
        return [line.split() for line in found.splitlines()]

    def live(self):
        """The live builds; from the first on that is one, always."""
        found = [row[0] for row in self.rows("SELECT id FROM fluvius_read.build WHERE state = 1 AND projection = 'bank'")]
        if found or self.answers:
            self.answers.append(found)
        return found[0] if len(found) == 1 else None

    def builds(self):
        return [row[0] for row in self.rows("SELECT id FROM fluvius_read.build WHERE projection = 'bank' ORDER BY id")]

    def one_always(self):
        return all(len(found) == 1 for found in self.answers)


def said(platform, text, name):
    """How often processes have logged a message."""
    with open(platform.log, encoding="utf-8", errors="replace") as log:
        return sum(text in line and name in line for line in log)


OVERTAKEN = "another projector has a newer module"


def rivals(platform, url):
    """One with an older and one with a newer module, that start and stop in all orders."""
    older, newer = module("bank"), built("bank_next.so")
    models = Rivals(url)
    old = lambda: Projector(platform, older, name="old", store=url, options=("--lease-ms", "1000"))
    new = lambda: Projector(platform, newer, name="new", store=url, options=("--lease-ms", "1000"))
    with old():
        burst(platform, 4000)
        first = wait(models.live)
        compare(url, url, older, "a projector with an older module makes its rows")
        load = Load(platform)
        with new():
            second = wait(lambda: models.live() not in (first, None) and models.live())
            tap.check(load.finish() and first and second,
                      "beside it one with a newer module makes its own, which go live under load",
                      models.rows("SELECT id, projection, state FROM fluvius_read.build"))
            compare(url, url, newer, "and are right")
            tap.check(wait(lambda: said(platform, OVERTAKEN, "bank")), "the older is told that it was overtaken")
    with new(), old():
        tap.check(wait(lambda: said(platform, OVERTAKEN, "bank") > 1), "when both start anew the older knows it")
        burst(platform, 1000)
        compare(url, url, newer, "the newer's rows stay live and fresh")
        tap.check(models.live() == second and models.builds()[-1] == second,
                  "and nothing is built again", models.builds())
    with old():
        tap.check(wait(lambda: any("was overtaken" in alarm for alarm in health(platform)["alarms"])),
                  "an older one alone builds nothing, and fluvius health says so", health(platform))
        tap.check(models.live() == second and models.builds()[-1] == second, "the newer's rows still answer")
        subprocess.run([tool("fluvius"), "rebuild", "bank", "--read-models", url], check=True, stdout=subprocess.DEVNULL)
        third = wait(lambda: models.live() not in (second, None) and models.live())
        compare(url, url, older, "until fluvius rebuild makes it the newest")
        with new():
            told = wait(lambda: said(platform, OVERTAKEN, "bank") > 2 and
                        models.rows("SELECT count(*) FROM fluvius_read.request") == [["0"]])
            tap.check(told and models.live() == third and models.builds()[-1] == third,
                      "then the other one builds nothing, and nothing is built twice", (third, models.builds()))
    tap.check(models.one_always() and len(models.answers) > 10, "there was one live answer always", models.answers)


def strangers(platform, store, url):
    """Neither was ever live: both start at once where there is nothing."""
    models = Rivals(url)
    options = ("--read-models", url, "--lease-ms", "1000")
    with Projector(platform, module("bank"), name="one", store=store, options=options), \
            Projector(platform, built("bank_next.so"), name="two", store=store, options=options):
        live = wait(models.live)
        latest = models.rows("SELECT to_hex(fingerprint), number FROM fluvius_read.module WHERE namespace = 'bank'"
                             " ORDER BY number")
        burst(platform, 1000)
        tap.check(live and len(latest) == 2 and wait(lambda: models.live() == models.builds()[-1]),
                  "of two that come at once one makes the rows", (live, latest))
        tap.check(len(models.builds()) <= 2 and models.one_always(), "and neither builds again", models.builds())


def database_make(server, name):
    server.psql(f"CREATE DATABASE {name}")
    return server.url.rsplit("/", 1)[0] + "/" + name


def in_one_pool(server):
    store, other = database_make(server, "pool"), database_make(server, "other")
    with Platform("--store", store, "--projectors", "0", domains=("bank",), environment=SERVICE) as platform:
        rivals(platform, store)
        strangers(platform, store, other)


# ---- large records ----

NOTES, NOTE_BYTES, CACHE_BYTES, MEMORY_MIB = 250, 200000, 1 << 20, 120


def note_write(connection, number):
    connection.request("POST", f"/notes:write/note/{number}", json.dumps({"body": chr(97 + number % 26) * NOTE_BYTES}),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def memory_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


def large():
    path = built("notes.so")
    with Platform("--projectors", "0", domains=(path,), environment=SERVICE) as platform:
        models, store = ReadModels(platform), "sqlite:" + platform.data
        connection = http.client.HTTPConnection(*platform.http.removeprefix("http://").split(":"), timeout=60)
        written = [note_write(connection, number) for number in range(NOTES)]
        connection.close()
        with Projector(platform, path, options=("--cache-bytes", str(CACHE_BYTES))) as projector:
            live = wait(lambda: models.rows("SELECT id FROM build WHERE state = 1 AND projection = 'notes'"))
            compare(store, store, path, f"{NOTES * NOTE_BYTES // 1000000} MB of records are projected")
            took = memory_mib(projector.process.pid)
            tap.note(f"{took} MiB")
            tap.check(live and set(written) <= {200, 201} and took < MEMORY_MIB,
                      "a turn holds as much of them as the cache allows", (took, set(written)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    tap.note(f"seed {options.seed}")
    randomness = random.Random(options.seed)
    killed(options.kills, randomness)
    with Postgres() as server:
        killed_and_stopped_on_postgres(server, options.kills, randomness)
        in_one_pool(server)
    changed()
    large()
    poisoned()
    tap.end()


if __name__ == "__main__":
    main()
