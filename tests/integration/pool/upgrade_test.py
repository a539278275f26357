#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Upgrades the module of a pool's shards one after the other, under load: the new version writes events that the old one
cannot read. No command may fail. Then shards with the old module and with one that is not compatible join: they are given
nothing, they say so, and nothing is lost. On an embedded store, which no other shard could serve, the old module is
refused with the reason.

  upgrade_test.py [--shards N] [--seed N] [--keep]"""
import argparse
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import tempfile

import load
import rolling_test
from platform_under_test import BUILD, Platform, Tap, module, tool
from postgres_under_test import Postgres

NEXT, WITHOUT = (os.path.join(BUILD, "tests", "tools", name + ".so") for name in ("bank_next", "bank_without"))
LOG = {**load.LOG, "FLUVIUS_SERVICE_TOKEN": "upgrade"}
UNREAD = "no loaded module reads version %d of bank.account's event %s"


def replace(path, by):
    shutil.copy(by, path + ".new")
    os.rename(path + ".new", path)


def kinds(server):
    """{(event, version): in how many units}"""
    return {(event, int(schema)): int(units) for event, schema, units in server.rows(
        "select event, schema, count(*) from fluvius.kind where namespace = 'bank' group by 1, 2")}


def fluvius(platform, *words):
    return subprocess.run([tool("fluvius"), words[0], "--bus", platform.bus, *words[1:]], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def upgrade(platform, server, path, tap):
    replace(path, NEXT)
    for number in range(rolling_test.SHARDS):
        rolling_test.restart(platform, server, f"shard-{number}")
        tap.note(f"shard-{number} has the new module; kinds of events by units: {kinds(server)}")
    load.wait_until("new deposits everywhere", lambda: kinds(server).get(("deposited", 2)) == 16)
    fluvius(platform, "send", "bank:open", "account/frozen", '{"holder":{"given":"Ann","family":"Lee"}}')
    answer = fluvius(platform, "send", "bank:freeze", "account/frozen", "{}")
    tap.check(answer.returncode == 0 and kinds(server).get(("frozen", 1)) == 1, "an event of a new type is written", answer.stdout)


@contextlib.contextmanager
def joined(platform, server, name, domain):
    """A shard beside the platform's own."""
    log = os.path.join(platform.data, name + ".jsonl")
    words = [os.path.join(BUILD, "bin", "fluvius-shard"), "--name", name, "--bus", platform.bus, "--domain", domain,
             "--store", server.url, "--journal", os.path.join(platform.data, name + ".journal")]
    with open(log, "wb") as errors, subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=errors, stdout=errors,
                                                     env={**os.environ, **LOG}) as process:
        try:
            yield log
        finally:
            process.terminate()


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def alarm_of(platform, text):
    said = load.health(platform)
    return [alarm for alarm in said["alarms"] if text in alarm] if said else []


def refused(platform, server, name, domain, text, tap):
    """It joins the pool, is given no unit, and says why."""
    before = server.rows("select number, epoch, boot from fluvius.unit order by 1")
    with joined(platform, server, name, domain) as log:
        load.wait_until(f"alarm of {name}", lambda: alarm_of(platform, text))
        load.wait_until(f"{name} in the pool", lambda: name in load.owners(server))
        alarm = alarm_of(platform, text)[0]
        load.wait_until("three more beats", lambda counted=beats(server, name): beats(server, name) >= counted + 3)
        after = server.rows("select number, epoch, boot from fluvius.unit order by 1")
        tap.check(load.owners(server)[name] == 0 and before == after, f"{name}: no unit is given to it, none moves", load.owners(server))
        tap.check("cannot read 16 of 16 units" in alarm, f"{name}: health says which event it cannot read", alarm)
        tap.check("units cannot be read" in read(log) and text in read(log), f"{name}: so does its log", read(log))
        count = re.findall(r'^fluvius_units_unreadable\{[^}]*shard="%s"[^}]*\} (\d+)$' % name, fluvius(platform, "metrics").stdout, re.M)
        tap.check(count == ["16"], f"{name}: and a metric", count)
    load.wait_until(f"{name} has left", lambda: name not in load.owners(server))


BEATS = {}


def beats(server, name):
    """Counts the different times of its last beat that were seen."""
    seen = BEATS.setdefault(name, set())
    seen.update(row[0] for row in server.rows(f"select beat_at from fluvius.member where name = '{name}'"))
    return len(seen)


def embedded(tap):
    directory = tempfile.mkdtemp(prefix="fluvius-upgrade-")
    with Platform("--shards", "1", domains=(NEXT,), data=directory) as platform:
        for words in (("bank:open", "account/ann", '{"holder":{"given":"Ann","family":"Lee"}}'),
                      ("bank:deposit", "account/ann", '{"amount":5}')):
            fluvius(platform, "send", *words)
    log = os.path.join(directory, "old.jsonl")
    with open(log, "wb") as errors, subprocess.Popen(
            [tool("fluvius"), "up", "--data", directory, "--domain", module("bank"), "--shards", "1", "--http", "127.0.0.1:0",
             "--bus", "tcp://127.0.0.1:0", "--events", "tcp://127.0.0.1:0"], stdout=subprocess.PIPE, stderr=errors) as process:
        load.wait_until("the reason", lambda: UNREAD % (2, "deposited") in read(log))
        process.terminate()
        tap.check(process.stdout.read() == b"", "on an embedded store the old module is refused with the reason")
    with Platform("--shards", "1", domains=(NEXT,), data=directory) as platform:
        state = json.loads(fluvius(platform, "state", "bank.account/ann").stdout)
        tap.check(state.get("version") == 2, "and with the new one all is there", state)
    shutil.rmtree(directory)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    rolling_test.SHARDS = options.shards
    tap = Tap()
    tap.note(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="fluvius-module-") as directory, Postgres() as server:
        path = os.path.join(directory, "bank.so")
        replace(path, module("bank"))
        with Platform("--shards", str(options.shards), "--brokers", "2", "--store", server.url, domains=(path,), keep=options.keep,
                      environment=LOG) as platform:
            clients = load.Load(platform, tap, options.seed, sockets=2)
            load.wait_until("all units have owners", lambda: rolling_test.well(platform, server))
            upgrade(platform, server, path, tap)
            refused(platform, server, "old", module("bank"), "no loaded module reads", tap)
            refused(platform, server, "without", WITHOUT, UNREAD % (1, "withdrawn"), tap)
            clients.end()
            platform.stop()
            clients.judge(load.checker.read_postgres(server))
    embedded(tap)
    tap.end()


if __name__ == "__main__":
    main()
