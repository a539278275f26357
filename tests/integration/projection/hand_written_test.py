#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Hand-written projections on a whole platform, on SQLite and on PostgreSQL: under load, with projectors that are killed
again and again, their rows are a fold of the log; a module whose projection has a higher version builds its rows anew
beside the old ones, which answer until then. Prints TAP.

  tests/integration/projection/hand_written_test.py [--seconds N] [--kills N]    of each run, 2 and 3 when not given"""
import argparse
import collections
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from platform_under_test import BUILD, Platform, Tap, tool  # noqa: E402
from postgres_under_test import Postgres  # noqa: E402

TILLS = [f"t{i}" for i in range(12)]
WHATS = ["tea", "cake", "milk"]
PATIENCE_S = 60


def till_module(version):
    return os.path.join(BUILD, "tests", "tools", f"till_{version}.so")


def wait_for(condition, what):
    """What condition gives, once it is true."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError(what)


class Load:
    """Clients that send commands until they are stopped."""

    def __init__(self, platform, clients=3):
        self.platform, self.stopping, self.sent, self.failures = platform, False, 0, []
        self.threads = [threading.Thread(target=self.run, args=(seed,)) for seed in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, seed):
        chance = random.Random(seed)
        connection = http.client.HTTPConnection(*self.platform.http.removeprefix("http://").split(":"), timeout=30)
        while not self.stopping:
            till, command, body = chance.choice(TILLS), "put", {"amount": chance.randrange(1, 100),
                                                               "what": chance.choice(WHATS)}
            if chance.randrange(30) == 0:
                command, body = "clear", {}
            connection.request("POST", f"/till:{command}/till/{till}", json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status not in (200, 201, 404):
                self.failures.append(text)
            self.sent += 1
        connection.close()

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


class SqliteRows:
    """What is in the read models, read with a library that is not ours."""

    def __init__(self, directory):
        self.path, self.schema = os.path.join(directory, "read.db"), ""

    def rows(self, sql):
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()


class PostgresRows:
    def __init__(self, server):
        self.server, self.schema = server, "fluvius_read."

    def rows(self, sql):
        return [tuple(None if value == "" else int(value) if value.lstrip("-").isdigit() else value for value in row)
                for row in self.server.rows(sql)]


def live_build(read, projection):
    found = read.rows(f"SELECT id FROM {read.schema}build WHERE projection = '{projection}' AND state = 1")
    return found[0][0] if found else None


def table(read, name, columns):
    """{key: the first columns} of a projection's rows that are there."""
    build = live_build(read, f"till.{name}")
    if build is None:
        return None
    names = ", ".join(f"c{i}" for i in range(columns))
    return {row[0]: row[1:] for row in
            read.rows(f"SELECT _id, {names} FROM {read.schema}m{build}_0 WHERE _deleted IS NULL")}


def page_of(connection, till, after):
    """A page of a till's events; None when it could not be read now, which is not to say that there are none."""
    connection.request("GET", f"/till.till/{till}/events?after={after}&limit=1000")
    answer = connection.getresponse()
    page = json.loads(answer.read())
    if answer.status == 404:
        return {"data": []}
    return page if answer.status == 200 else None


def log_of(platform):
    """[(till, event, data)] of all tills, each in order."""
    connection = http.client.HTTPConnection(*platform.http.removeprefix("http://").split(":"), timeout=30)
    found = []
    for till in TILLS:
        events, after = True, 0
        while events:
            events = wait_for(lambda: page_of(connection, till, after), "a page of events")["data"]
            found += [(till, event["type"], event["data"]) for event in events]
            after = events[-1]["version"] if events else after
    connection.close()
    return found


def fold(log, version):
    """What the three projections must be."""
    purse, entry, sums = {}, {}, {}
    versions, totals = collections.Counter(), collections.Counter()
    for till, event, data in log:
        versions[till] += 1
        key = f"{till}:{versions[till]}"
        if event == "was_put":
            amount, what = data["amount"], data["what"]
            total, largest = purse.get(till, (0, 0))
            purse[till] = (total + amount, max(largest, amount))
            totals[till] += amount
            entry[key] = (amount, totals[till], what)
            times, whole, most = sums.get(what, (0, 0, 0))
            sums[what] = (times + 1, whole + amount * version, max(most, amount))
        else:
            purse.pop(till, None)
            entry[key] = (-totals[till], 0, "cleared")
            totals[till] = 0
    return {"purse": purse, "entry": entry, "sums": sums}


COLUMNS = {"purse": 2, "entry": 3, "sums": 3}


def is_fold(read, expected):
    return all(table(read, name, COLUMNS[name]) == rows for name, rows in expected.items())


def differences(read, expected):
    text = []
    for name, rows in expected.items():
        found = table(read, name, COLUMNS[name])
        if found is None:
            text.append(f"{name}: no live build")
            continue
        wrong = [key for key in rows.keys() | found.keys() if rows.get(key) != found.get(key)]
        text += [f"{name} {key}: {found.get(key)}, not {rows.get(key)}" for key in sorted(wrong)[:5]]
    return "\n".join(text)


def projectors(platform):
    return {name: pid for name, pid in platform.children().items() if name.startswith("projector")}


def kill_projectors(platform, chance, times, seconds):
    """Kills one of them that often, each time one that runs."""
    for _ in range(times):
        time.sleep(seconds / times * chance.uniform(0.5, 1))
        running = wait_for(lambda: projectors(platform), "no projector runs")
        os.kill(chance.choice(sorted(running.values())), signal.SIGKILL)


def answers(platform, key):
    """GET /till.sums/KEY: the status, and the row or why there is none."""
    connection = http.client.HTTPConnection(*platform.http.removeprefix("http://").split(":"), timeout=30)
    try:
        connection.request("GET", f"/till.sums/{key}")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return answer.status, body["data"] if answer.status == 200 else body
    finally:
        connection.close()


def check_kills(tap, platform, read, arguments, name):
    load = Load(platform)
    kill_projectors(platform, random.Random(name), arguments.kills, arguments.seconds)
    wait_for(lambda: load.sent > 200 or load.failures, "commands")
    load.stop()
    expected = fold(log_of(platform), 1)
    tap.note(f"{name}: {load.sent} commands, {len(expected['entry'])} events")
    tap.check(not load.failures, f"{name}: commands go on while projectors are killed", load.failures[:3])
    try:
        wait_for(lambda: is_fold(read, expected), "rows")
    except TimeoutError:
        pass
    tap.check(len(expected["entry"]) > 100 and is_fold(read, expected),
              f"{name}: rows are a fold of the log after {arguments.kills} kills", differences(read, expected))


def check_version(tap, platform, read, link, name):
    """A new module comes as one does: the file is replaced, and the projectors are started again."""
    old, kept = live_build(read, "till.sums"), live_build(read, "till.entry")
    load = Load(platform, clients=1)
    silent, wrong, asked = [], [], 0
    link_set(link, 2)
    for pid in projectors(platform).values():
        os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + PATIENCE_S
    while live_build(read, "till.sums") == old and time.monotonic() < until:
        for what in WHATS:
            status, row = answers(platform, what)
            asked += 1
            if status != 200:
                silent.append((status, row))
            elif not row["times"] <= row["amount"] <= 2 * row["times"] * row["largest"]:
                wrong.append(row)
    load.stop()
    expected = fold(log_of(platform), 2)
    try:
        wait_for(lambda: is_fold(read, expected), "rows")
    except TimeoutError:
        pass
    tap.check(live_build(read, "till.sums") != old and is_fold(read, expected),
              f"{name}: a projection of a higher version is built anew", differences(read, expected))
    tap.check(asked > 0 and not silent and not wrong, f"{name}: rows answer all the while", (silent[:3], wrong[:3]))
    tap.note(f"{name}: {asked} answers meanwhile")
    tap.check(live_build(read, "till.entry") == kept, f"{name}: those that have not changed keep their rows")


def post(platform, path, body):
    connection = http.client.HTTPConnection(*platform.http.removeprefix("http://").split(":"), timeout=30)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def alarms(platform):
    out = subprocess.run([tool("fluvius"), "health", "--data", platform.data], stdout=subprocess.PIPE, text=True,
                         check=False).stdout
    return json.loads(out)["alarms"]


def check_poison(tap, platform, read, link, name):
    """One event cannot be projected: its partition of that projection halts, all else goes on, until a mended module
    comes; what that no longer declares answers no more."""
    build = live_build(read, "till.sums")
    post(platform, "/till:put/till/t0", {"amount": 7, "what": "poison"})
    told = wait_for(lambda: [text for text in alarms(platform) if "till.sums" in str(text)], "an alarm")
    tap.check("halted" in str(told), f"{name}: what cannot be projected is told", told)
    post(platform, "/till:put/till/t0", {"amount": 8, "what": "tea"})
    expected = fold(log_of(platform), 2)
    wait_for(lambda: table(read, "purse", 2) == expected["purse"], "purses")
    tap.check(table(read, "sums", 3)["tea"] != expected["sums"]["tea"] and "poison" not in table(read, "sums", 3),
              f"{name}: nothing behind it is projected, and other projections go on")
    link_set(link, 3)
    for pid in projectors(platform).values():
        os.kill(pid, signal.SIGKILL)
    try:
        wait_for(lambda: table(read, "sums", 3) == expected["sums"], "sums")
        wait_for(lambda: live_build(read, "till.entry") is None, "no entries")
        wait_for(lambda: not alarms(platform), "no alarms")
    except TimeoutError as error:
        tap.note(f"there are no {error}")
    del expected["entry"]
    tap.check(is_fold(read, expected) and live_build(read, "till.sums") == build,
              f"{name}: a mended module goes on at the event", differences(read, expected))
    tap.check(live_build(read, "till.entry") is None and not alarms(platform),
              f"{name}: a projection that is no more answers no more", alarms(platform))


def check_http(tap, platform, read, name):
    status, row = answers(platform, "tea")
    times, amount, largest = table(read, "sums", 3)["tea"]
    tap.check(status == 200 and (row["times"], row["amount"], row["largest"], row["_id"]) ==
              (times, amount, largest, "tea"), f"{name}: GET /till.sums/tea is its row", (status, row))
    odd = "~AB/1 50%: \u00e9"
    post(platform, "/till:put/till/t1", {"amount": 5, "what": odd})
    wait_for(lambda: odd in table(read, "sums", 3), "an odd key")
    status, row = answers(platform, urllib.parse.quote(odd, safe="").replace("~", "%7E"))
    tap.check(status == 200 and row["_id"] == odd, f"{name}: whatever a key has, its row has a URL", (status, row))
    status, row = answers(platform, "coffee")
    tap.check(status == 404, f"{name}: a row that is not there is not found", (status, row))


def link_set(link, version):
    """Makes the path a link to the module of that version, at once."""
    os.symlink(till_module(version), link + ".new")
    os.replace(link + ".new", link)


def check_all(tap, arguments, name, options, read_of):
    with tempfile.TemporaryDirectory(prefix="fluvius-till-") as directory:
        link = os.path.join(directory, "till.so")
        link_set(link, 1)
        with Platform(*options, domains=(link,)) as platform:
            read = read_of(platform)
            check_kills(tap, platform, read, arguments, name)
            wait_for(lambda: answers(platform, "tea")[0] == 200, "queries are answered")
            check_http(tap, platform, read, name)
            check_version(tap, platform, read, link, name)
            check_poison(tap, platform, read, link, name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--kills", type=int, default=3)
    arguments = parser.parse_args()
    tap = Tap()
    check_all(tap, arguments, "sqlite", (), lambda platform: SqliteRows(platform.data))
    with Postgres() as server:
        check_all(tap, arguments, "postgresql", ("--store", server.url, "--projectors", "2"),
                  lambda platform: PostgresRows(server))
    tap.end()


if __name__ == "__main__":
    main()
