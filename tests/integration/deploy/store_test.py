#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""`fluvius migrate`, and deploy/backup: a copy taken while commands run is a log by itself, it comes back as another log, with
all that was acknowledged before, and whoever kept a position of the old one can tell. On SQLite and on PostgreSQL."""
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time

from files import DEPLOY, run
from platform_under_test import Platform, Tap, module, tool
from postgres_under_test import Postgres

tap = Tap()
BACKUP = os.path.join(DEPLOY, "backup", "fluvius-backup")
READY = re.compile(r"^ready: log (\d+), (\d+) partitions in (\d+) units\n$")
ADA = '{"holder":{"given":"Ada","family":"Lovelace"}}'


def migrate(url, *options, environment=None):
    code, said = run(tool("fluvius"), "migrate", "--store", url, *options, environment=environment)
    ready = READY.match(said)
    return code, said, ready.groups() if ready else None


# ---- migrate ----

def migrates_sqlite(directory):
    url = "sqlite:" + os.path.join(directory, "made")
    code, said, first = migrate(url)
    tap.check(code == 0 and first and first[1:] == ("16", "4"), "migrate makes a log on SQLite", said)
    tap.check(migrate(url)[2] == first, "and a second time leaves it as it is")
    code, said = run(tool("fluvius"), "migrate", environment={"FLUVIUS_STORE": url})
    tap.check(code == 0, "the store may come from the environment", said)
    code, said = run(tool("fluvius"), "migrate")
    tap.check(code == 2 and "--store" in said, "without a store it says so", said)
    code, said, _ = migrate("mysql://x")
    tap.check(code == 2 and "fluvius migrate:" in said, "an unknown store is refused", said)
    open(os.path.join(directory, "file"), "w", encoding="utf-8").close()
    code, said, _ = migrate("sqlite:" + os.path.join(directory, "file"))
    tap.check(code == 1 and "file" in said, "one that cannot be made is named", said)


def migrates_postgres(server):
    found = [None] * 6

    def one(place):
        found[place] = migrate(server.url)
    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.check(all(code == 0 for code, _, _ in found) and len({ready for _, _, ready in found}) == 1,
              "six that migrate at once make one log on PostgreSQL", found)
    tap.check(found[0][2][1:] == ("256", "16"), "of 256 partitions in 16 units", found[0])
    applied = server.rows("select number, count(*) from fluvius.migration group by 1 having count(*) > 1")
    tap.check(not applied, "and each step is taken once", applied)
    code, said, _ = migrate(server.url.replace(f":{server.port}/", ":1/"))
    tap.check(code == 1 and ":1/" in said, "a server that is not there is named", said)
    code, said, _ = migrate(server.url.replace("fluvius@", "nobody@"))
    tap.check(code == 1 and "nobody" in said, "a login that is refused is told", said)


# ---- backup ----

class Writer(threading.Thread):
    """Deposits 1 again and again, and remembers how many were acknowledged."""

    def __init__(self, platform):
        super().__init__()
        self.platform, self.done, self.stop = platform, 0, False

    def run(self):
        while not self.stop:
            self.done += send(self.platform, "bank:deposit", '{"amount":1}') == 0


def send(platform, command, data):
    return run(tool("fluvius"), "send", command, "account/ada", data, "--bus", platform.bus)[0]


def state(platform):
    code, said = run(tool("fluvius"), "state", "bank.account/ada", "--bus", platform.bus)
    return json.loads(said)["data"]["balance"] if code == 0 else said


def position(platform):
    """The incarnation that a position begins with."""
    code, said = run(tool("fluvius"), "send", "bank:deposit", "account/ada", '{"amount":1000000}', "--bus", platform.bus)
    return json.loads(said)["position"].split(":")[0] if code == 0 else said


def saved_under_load(platform, store, directory):
    """Saves while a writer writes. Gives how many of its deposits must be in the copy, and how many may be."""
    send(platform, "bank:open", ADA)
    writer = Writer(platform)
    writer.start()
    while writer.done < 20:
        threading.Event().wait(0.01)
    before = writer.done
    code, said = run(BACKUP, "save", store, directory)
    tap.check(code == 0 and said == f"saved: {directory}\n", f"save {store.split(':')[0]} while commands run", said)
    after = writer.done + 1
    writer.stop = True
    writer.join()
    return before, after


def comes_back(name, before, after, old, platform):
    balance = state(platform)
    tap.check(isinstance(balance, int) and before <= balance <= after, f"{name}: what was acknowledged before the copy is there",
              (before, balance, after))
    new = position(platform)
    tap.check(re.fullmatch("[0-9a-f]+", new) and new != old, f"{name}: it is another log", (old, new))
    until = time.monotonic() + 60
    while (health := run(tool("fluvius"), "health", "--bus", platform.bus))[0] != 0 and time.monotonic() < until:
        time.sleep(0.1)  # shards of a pool still share the units out
    tap.check(health[0] == 0, f"{name}: all is well", health[1])


def files(directory):
    return sorted(glob.glob(os.path.join(directory, "log-*.db")))


def backs_up_sqlite(directory):
    copy, restored = os.path.join(directory, "copy"), os.path.join(directory, "restored")
    with Platform() as platform:
        before, after = saved_under_load(platform, "sqlite:" + platform.data, copy)
        old = position(platform)
        code, said = run(BACKUP, "renew", "sqlite:" + platform.data)
        tap.check(code == 1 and "in use" in said, "a log that is in use is not renewed", said)
    code, said = run(BACKUP, "save", "sqlite:" + platform.data, copy)
    tap.check(code == 1 and "there already" in said, "a copy is not written over", said)
    code, said = run(tool("fluvius"), "replay", "--data", copy, "--domain", module("bank"), module("objects"))
    tap.check(code == 0, "the copy is a log that can be replayed", said)
    code, said = run(BACKUP, "restore", copy, "sqlite:" + restored)
    tap.check(code == 0 and said.startswith("restored: log "), "restore", said)
    code, said = run(BACKUP, "restore", copy, "sqlite:" + restored)
    tap.check(code == 1 and "not empty" in said, "a log is not written over", said)
    with Platform(data=restored) as platform:
        comes_back("SQLite", before, after, old, platform)
    kept = [sqlite3.connect(path).execute("select value from meta where key = 'incarnation'").fetchone() for path in files(restored)]
    tap.check(len(kept) > 1 and len(set(kept)) == 1, "SQLite: all files are of one log", kept)
    code, said = run(BACKUP, "renew", "sqlite:" + restored)
    tap.check(code == 0 and str(kept[0][0]) not in said, "renew gives a log that is not in use another name", said)


def damaged(directory):
    """A page in the middle of a file, overwritten."""
    other = os.path.join(directory, "damaged")
    shutil.copytree(os.path.join(directory, "copy"), other)
    for path in files(other):
        with open(path, "r+b") as file:
            file.seek(4096 * 2)
            file.write(b"\xff" * (os.path.getsize(path) - 4096 * 2))
    code, said = run(BACKUP, "save", "sqlite:" + other, os.path.join(directory, "second"))
    tap.check(code != 0 and not os.path.exists(os.path.join(directory, "second")), "a damaged log gives no copy", said)


def backs_up_postgres(server, directory):
    copy = os.path.join(directory, "dump")
    server.psql("create database restored")
    restored = server.url.replace("/postgres", "/restored")
    with Platform("--store", server.url) as platform:
        before, after = saved_under_load(platform, server.url, copy)
        old = position(platform)
        code, said = run(BACKUP, "renew", server.url)
        tap.check(code == 1 and "at work" in said, "a log that shards work on is not renewed", said)
    code, said = run(BACKUP, "restore", copy, restored + " " + restored)
    tap.check(code == 1 and "more servers" in said, "a part that is missing is told", said)
    with open(os.path.join(copy, "part-0.dump"), "rb") as file:
        whole = file.read()
    cut = os.path.join(directory, "cut")
    os.mkdir(cut)
    with open(os.path.join(cut, "part-0.dump"), "wb") as file:
        file.write(whole[:len(whole) * 3 // 4])
    code, said = run(BACKUP, "restore", cut, restored)
    left = run("psql", "-X", "-A", "-t", "-d", restored, "-c", "select count(*) from pg_namespace where nspname = 'fluvius'")[1]
    tap.check(code != 0 and left == "0\n", "a copy that is cut short leaves nothing behind", said + left)
    code, said = run(BACKUP, "restore", copy, restored)
    tap.check(code == 0 and said.endswith("\n") and "restored: log " in said, "restore", said)
    code, said = run(BACKUP, "restore", copy, restored)
    tap.check(code == 1 and "already" in said, "a log is not written over", said)
    with Platform("--store", restored) as platform:
        comes_back("PostgreSQL", before, after, old, platform)


def main():
    with tempfile.TemporaryDirectory(prefix="fluvius-store-") as directory:
        migrates_sqlite(directory)
        backs_up_sqlite(directory)
        damaged(directory)
        with Postgres() as server:
            migrates_postgres(server)
            backs_up_postgres(server, directory)
    tap.end()


if __name__ == "__main__":
    try:
        main()
    except subprocess.TimeoutExpired as error:
        tap.check(False, "it comes to an end", error)
        tap.end()
