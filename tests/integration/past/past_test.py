#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Reads of what was, by query processes: each sees the writes that were answered before it, no shard is needed, a query
process may be killed, and a domain that crashes on the past disturbs nothing else.

  past_test.py [--pairs N] [--store sqlite|postgresql]    so many writes, each read at once (default 800; when no store is
                                                          named both are tried, PostgreSQL with a quarter of them)"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), *(os.path.join(os.path.dirname(HERE), part) for part in ("http", "socket")),
                os.path.join(HERE, "..", "..", "..", "clients", "python")]
import fluvius
from pairs import PERSON, own_writes
from platform_under_test import BUILD, Platform, Tap, tool
from postgres_under_test import Postgres
from web import Connection, Web
from wire import Wire, frame

tap = Tap()
HEAVIES, HEAVY_EVENTS = ("heavy-0", "heavy-1"), 1500
HEAVY_VERSION = HEAVY_EVENTS - 300  # before the last snapshot: it is folded from the first event on
PATIENCE = {"Fluvius-Timeout": "30000"}
BURNING = os.path.join(BUILD, "tests", "tools", "fuse_burns.so")
SOUND = os.path.join(BUILD, "tests", "tools", "fuse.so")


def same(found, wanted, name, detail=""):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r} {detail!r}")


# ---- a read sees the writes before it ----

def seen(connection, name, version, written):
    """Reads the past in one of four ways. No position is given."""
    ask = lambda more: connection.ask("GET", f"/bank.account/{name}{more}")
    way = version % 4
    if way == 0:
        answer = ask(f"/events?after={version - 1}")
        return answer, [event["version"] for event in answer.json["data"]] == [version]
    if way == 1:
        answer = ask(f"?version={version}")
        return answer, answer.json["data"]["balance"] == version - 1
    if way == 2:
        answer = ask("?at=2100-01-01T00:00:00Z")
        return answer, answer.json["data"]["balance"] == version - 1
    answer = ask(f"/changes?from={version - 1}")
    return answer, answer.json["data"]["changes"] == [{"at": "/balance", "from": version - 2, "to": version - 1}]


def busy_processes(platform):
    """How many query processes have read what was."""
    shown = subprocess.run([tool("fluvius"), "metrics", "--bus", platform.bus], capture_output=True, text=True).stdout
    return len([line for line in shown.splitlines() if re.match(r"fluvius_history_seconds_count\{.* [1-9]\d*$", line)])


def until_busy(platform, count):
    until = time.monotonic() + 20  # metrics come four times a second
    while busy_processes(platform) < count and time.monotonic() < until:
        Web(platform.http).get("/bank.account/pairs-0/events")
    same(busy_processes(platform), count, "all query processes take part")


# ---- without shards, without query processes ----

def shards_stand_still(platform, web):
    shards = [pid for name, pid in platform.children().items() if "shard" in name]
    for pid in shards:
        os.kill(pid, signal.SIGSTOP)
    try:
        answers = [web.get("/bank.account/pairs-1" + more).status for more in ("/events", "?version=2", "/changes?from=1&to=2")]
        same(answers, [200, 200, 200], "while no shard runs, what was is told")
        answer = web.get("/bank.account/pairs-1", fields={"Fluvius-Timeout": "300"})
        same(answer.status, 504, "and what is is not", answer)
    finally:
        for pid in shards:
            os.kill(pid, signal.SIGCONT)


def query_process_is_killed(platform, web):
    """Reads go on while query processes are killed: each is answered, by another one or the next."""
    stop, failed, done = threading.Event(), [], []

    def read():
        with Connection(platform.http) as connection:
            while not stop.is_set():
                answer = connection.ask("GET", "/bank.account/pairs-2?version=3")
                done.append(1)
                if answer.status != 200:
                    failed.append(answer)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(4):
        name = f"query-{turn % 2}"
        before = len(done)
        pid = platform.children().get(name)
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 20
        while (platform.children().get(name) in (None, pid) or len(done) < before + 50) and time.monotonic() < until:
            time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    tap.check(not failed, f"query processes are killed: all of {len(done)} reads are answered", failed[:1])


def commands_go_by(web):
    """Reads that nobody answers hold up no command of the same gateway: all of them are still waited for when it is done."""
    waiting = []
    ask = lambda: waiting.append(web.get("/bank.account/ada?version=1", fields={"Fluvius-Timeout": "4000"}))
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    answers = [web.post("/bank:deposit/account/ada", {"amount": 1}).status for _ in range(5)]
    still = len(threads) - len(waiting)
    for thread in threads:
        thread.join()
    same((answers, still), (5 * [200], 8), "while reads wait for a query process, commands are answered")


def without_query_processes():
    with Platform("--queries", "0") as platform:
        web = Web(platform.http)
        web.post("/bank:open/account/ada", PERSON)
        commands_go_by(web)
        target = {"ns": "bank", "res": "account", "agg": "ada"}
        found = []
        thread = threading.Thread(target=lambda: found.append(web.get("/bank.account/ada?version=1")))
        thread.start()
        with Wire(platform.bus) as wire:
            replies = wire.ask(frame({"op": "events", **target}, {"op": "state", "ver": 1, **target}, {"op": "state", "at": 1, **target},
                                     {"op": "changes", **target}, {"op": "log", "p": 0}, {"op": "state", **target}))["r"]
        thread.join()
        same([(reply["st"], reply.get("code")) for reply in replies], 5 * [("unavailable", "no_query")] + [("ok", None)],
             "without a query process what was is unavailable, no_query, and what is is told")
        same([(answer.status, answer.code, "retry-after" in answer.fields) for answer in found], [(503, "no_query", True)],
             "over HTTP that is 503, and says when to try again")
        same(web.get("/bank.account/ada").status, 200, "and the state is the actor's")


# ---- a domain that the past ends ----

class Burning:
    """A query process with the module that burns, started again when it ends, as a supervisor does."""

    def __init__(self, platform):
        self.platform, self.ends, self.stopping = platform, [], False
        self.process = self.start()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def start(self):
        return subprocess.Popen([tool("fluvius-query"), "--name", "burning", "--bus", self.platform.bus,
                                 "--store", "sqlite:" + self.platform.data, "--domain", BURNING, "--decide-ms", "200",
                                 "--history-threads", "2",
                                 "--journal", os.path.join(self.platform.data, "burning.journal")], stderr=subprocess.DEVNULL,
                                env=dict(os.environ, FLUVIUS_SERVICE_TOKEN="of-this-test"))

    def watch(self):
        while not self.stopping:
            code = self.process.wait()
            if not self.stopping:
                self.ends.append(code)
                self.process = self.start()

    def stop(self):
        self.stopping = True
        self.process.terminate()
        self.thread.join()
        self.process.wait()


class Heavy(threading.Thread):
    """Reads the past of a wire whose events take their time, again and again."""

    def __init__(self, http, name):
        super().__init__()
        self.http, self.name, self.stopping = http, name, False

    def run(self):
        web = Web(self.http)
        while not self.stopping:
            web.get(f"/fuse.wire/{self.name}?version={HEAVY_VERSION}", fields=PATIENCE)


def heavies_make(platform):
    with fluvius.Client(platform.bus, timeout_s=60) as client:
        for name in HEAVIES:
            client.send_all([fluvius.command("fuse:load", f"wire/{name}", {"current": 888}) for _ in range(HEAVY_EVENTS)], 60)


def burns(platform, web, burning):
    """Twice an aggregate's past ends the process, while those of others are folded by another thread."""
    codes = lambda name: [web.get(f"/fuse.wire/{name}?version=1", fields=PATIENCE).code for _ in range(2)]
    heavies = [Heavy(platform.http, name) for name in HEAVIES]
    for heavy in heavies:
        heavy.start()
    same(codes("crash"), ["query_crash", "domain_crash"], "a past that crashes the domain is told so")
    same(burning.ends, 3 * [-signal.SIGILL], "after the third time it is not run again")
    same(codes("spin"), ["query_crash", "domain_crash"], "so is one that never ends")
    same(burning.ends[3:], 3 * [75], "the watchdog ends the process")
    for heavy in heavies:
        heavy.stopping = True
    for heavy in heavies:
        heavy.join()
    answers = [web.get(f"/fuse.wire/{name}?version={HEAVY_VERSION}", fields=PATIENCE) for name in HEAVIES]
    same([(answer.status, answer.code) for answer in answers], [(200, None)] * len(HEAVIES),
         "what other threads folded meanwhile is not blamed for it")


def domain_burns():
    with Platform("--queries", "0", domains=(SOUND,), environment={"FLUVIUS_SERVICE_TOKEN": "of-this-test"}) as platform:
        web = Web(platform.http)
        for name, current in (("crash", 666), ("spin", 777), ("sound", 5)):
            web.post(f"/fuse:load/wire/{name}", {"current": current})
        heavies_make(platform)
        burning = Burning(platform)
        try:
            burns(platform, web, burning)
            same(web.get("/fuse.wire/sound?version=1").json["data"]["current"], 5, "other aggregates' past is told")
            same(web.get("/fuse.wire/crash/events").json["data"][0]["data"], {"current": 666}, "and events need no domain")
            same(web.get("/fuse.wire/crash").json["data"]["current"], 666, "the shard noticed nothing")
            until = time.monotonic() + 10
            while not (alarms := health(platform)) and time.monotonic() < until:
                time.sleep(0.05)
            same(alarms, ["domain code crashed or span three times in burning on an aggregate's past: see the log"], "health says so")
        finally:
            burning.stop()


def health(platform):
    shown = subprocess.run([tool("fluvius"), "health", "--bus", platform.bus], capture_output=True, text=True).stdout
    return [alarm for alarm in json.loads(shown or "{}").get("alarms", []) if "past" in alarm]


def on_sqlite(pairs):
    with Platform("--queries", "2") as platform:
        web = Web(platform.http)
        own_writes(tap, platform, pairs, seen)
        until_busy(platform, 2)
        shards_stand_still(platform, web)
        query_process_is_killed(platform, web)
    without_query_processes()
    domain_burns()


def on_postgresql(pairs):
    with Postgres() as server, Platform("--queries", "2", environment={"FLUVIUS_STORE": server.url}) as platform:
        own_writes(tap, platform, pairs, seen)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--pairs", type=int, default=800)
    options.add_argument("--store", choices=("sqlite", "postgresql"))
    settings = options.parse_args()
    if settings.store != "postgresql":
        on_sqlite(settings.pairs)
    if settings.store != "sqlite":
        tap.note("on PostgreSQL")
        on_postgresql(settings.pairs if settings.store else settings.pairs // 4)
    tap.end()


if __name__ == "__main__":
    main()
