#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Queries in trouble: one that ends every process that runs it; positions that a halted projection will not reach; pages
of rows that are too large for one answer; a broker that has just begun. On SQLite, and where the database matters on PostgreSQL too. Prints TAP."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "http"), os.path.join(ROOT, "clients", "python")]
import fluvius
from platform_under_test import BUILD, Gateway, Platform, Tap, tool
from postgres_under_test import Postgres
from web import Web

tap = Tap()
PATIENCE_S = 60
POISON = "poison-of-this-test"
LARGE, LARGE_BYTES = 12, 100000


def until(condition):
    """What condition gives, once it is true; what it gave last, if it does not become so."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def quote(value):
    return urllib.parse.quote(json.dumps(value))


# ---- a query that ends its process ----

class Others:
    """Clients that ask for rows all the while."""

    def __init__(self, http):
        self.http, self.stopping, self.answers = http, threading.Event(), []
        self.threads = [threading.Thread(target=self.ask) for _ in range(6)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        web = Web(self.http)
        while not self.stopping.is_set():
            self.answers.append(web.get("/bank.account/?limit=2"))

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        return self.answers


def crashes_counted(platform):
    shown = subprocess.run([tool("fluvius"), "metrics", "--bus", platform.bus], capture_output=True, text=True).stdout
    return [line.rsplit(" ", 1)[1] for line in shown.splitlines() if line.startswith("fluvius_query_crashes_total")]


def poison_query():
    with tempfile.TemporaryDirectory(prefix="fluvius-poison-") as directory:
        log = os.path.join(directory, "ended")
        environment = {"LD_PRELOAD": os.path.join(BUILD, "tests", "tools", "poison_preload.so"),
                       "FLUVIUS_POISON": POISON, "FLUVIUS_POISON_LOG": log}
        with Platform("--queries", "2", environment=environment) as platform, Gateway(platform.bus) as gateway:
            web = Web(gateway.http)
            web.post("/bank:open/account/ada", {"holder": {"given": "Ada", "family": "Lovelace"}})
            until(lambda: web.get("/bank.account/").status == 200)
            others = Others(gateway.http)
            answer = web.get(f"/bank.account/?query={quote({'holder.family.eq': POISON})}", fields={"Fluvius-Timeout": "60000"})
            tap.check(answer.status == 500 and answer.code == "query_crash", "a query that ends its process is answered query_crash",
                      answer)
            with open(log, encoding="ascii") as file:
                ended = file.read().split()
            tap.check(len(ended) == 3 and len(set(ended)) == 3, "after the third process, and is given to no fourth", ended)
            running = until(lambda: {name: pid for name, pid in platform.children().items() if name.startswith("query-")
                                     and str(pid) not in ended})
            tap.check(running and web.get("/bank.account/?limit=1").status == 200, "query processes are there again", running)
            answers = others.stop()
            bad = [answer for answer in answers if answer.status != 200]
            tap.check(len(answers) >= len(others.threads) and not bad, f"{len(answers)} other queries meanwhile: each is answered", bad[:1])
            tap.check(crashes_counted(platform) == ["1"], "which metrics tell", crashes_counted(platform))


# ---- a projection that halts ----

def put(web, till, what):
    answer = web.post(f"/till:put/till/{till}", {"amount": 5, "what": what})
    assert answer.status == 200, answer
    return answer.fields["fluvius-position"]


def ask(web, path, position):
    """The answer to a query with a position, asked again as long as it is told that it may come."""
    answers = []
    until(lambda: answers.append(web.get(path, fields={"Fluvius-Position": position})) or answers[-1].code != "behind")
    return answers[-1]


def halted_projection(web, name):
    before = put(web, "t0", "tea")
    answer = ask(web, "/till.sums/tea", before)
    tap.check(answer.status == 200 and answer.json["data"]["times"] == 1, f"{name}: a position that is reached is answered", answer)
    behind = put(web, "t0", "poison")
    answer = ask(web, "/till.sums/", behind)
    tap.check(answer.status == 503 and answer.code == "halted" and int(answer.fields["retry-after"]) >= 1,
              f"{name}: at a position behind a poison event it is 503 halted, with Retry-After", answer)
    answer = web.get("/till.sums/?total=false", fields={"Fluvius-Position": behind, "Fluvius-Timeout": "60000"})
    tap.check(answer.code == "halted", f"{name}: however much time the client has", answer)
    answer = ask(web, "/till.sums/tea", before)
    tap.check(answer.status == 200, f"{name}: positions before it are answered", answer)
    tap.check(web.get("/till.sums/tea").status == 200, f"{name}: and who names none", answer)
    answer = ask(web, "/till.purse/t0", behind)
    tap.check(answer.status == 200 and answer.json["data"]["total"] == 10, f"{name}: other projections reach it", answer)


# ---- rows that are too large for one answer ----

def large_pages(platform, web, name):
    for number in range(LARGE):
        position = put(web, "large", f"{number:02}" + "x" * LARGE_BYTES)
    where = quote({"_id.between": ["large", "larger"]})
    answer = ask(web, f"/till.entry/?query={where}&limit=1000", position)
    if not tap.check(answer.status == 200, f"{name}: large rows are answered", answer):
        return
    rows, following, pages = answer.json["data"], answer.json["meta"]["next"], 1
    tap.check(0 < len(rows) < LARGE and len(answer.body) < 600000 and following and answer.json["meta"] ==
              {"limit": 1000, "page": None, "total": LARGE, "pages": None, "next": following},
              f"{name}: a page of large rows ends early, says how many there are, and has no number", answer)
    while following and pages < LARGE:
        answer = web.get(f"/till.entry/?query={where}&limit=1000&cursor={urllib.parse.quote(following)}")
        rows, following, pages = rows + answer.json["data"], answer.json["meta"]["next"], pages + 1
    tap.check(sorted(row["what"][:2] for row in rows) == [f"{number:02}" for number in range(LARGE)] and
              len({row["_id"] for row in rows}) == LARGE, f"{name}: cursors lead to all of them, once each, in {pages} pages",
              [row["_id"] for row in rows])
    answer = web.get(f"/till.entry/?query={where}&limit=1000&page=1")
    tap.check(answer.status == 422 and [error["code"] for error in answer.json["errors"]] == ["page_too_large"],
              f"{name}: a page that is asked for by its number is refused", answer)
    answer = web.get(f"/till.entry/?query={where}&limit=2&page=2")
    tap.check(answer.status == 200 and len(answer.json["data"]) == 2 and answer.json["meta"]["pages"] == LARGE // 2,
              f"{name}: unless it fits", answer)
    answer = web.get(f"/till.entry/?query={where}&limit=1000&include=_id")
    tap.check(len(answer.json["data"]) == LARGE and answer.json["meta"]["next"] is None,
              f"{name}: what is left out of the rows does not count", answer)
    with fluvius.Client(platform.bus) as client:
        page = client.query("till.entry", {"_id.between": ["large", "larger"]}, limit=1000)
        tap.check(0 < len(page.rows) < LARGE and page.next and page.total == LARGE and page.pages is None,
                  f"{name}: over sockets likewise", (len(page.rows), page.total, page.pages))


# ---- a broker that knows nobody yet ----

def new_broker():
    with Platform() as platform:
        web, processes = Web(platform.http), platform.children()
        until(lambda: web.get("/bank.account/").status == 200)
        killed = processes.pop("broker")
        del processes["gateway"]
        for pid in processes.values():
            os.kill(pid, signal.SIGSTOP)
        os.kill(killed, signal.SIGKILL)
        until(lambda: platform.children().get("broker", killed) != killed)
        answer = until(lambda: (answer := web.get("/_meta/bonk/")).status == 404 and answer)
        tap.check(answer and answer.code == "unknown_namespace", "a broker is new, and the gateway asks it for descriptions", answer)
        tap.check(web.get("/_meta/bank/").status == 200, "names stay known while nobody has told it any")
        for pid in processes.values():
            os.kill(pid, signal.SIGCONT)
        answers = []
        until(lambda: answers.append(web.get("/bank.account/")) or answers[-1].status == 200)
        tap.check({answer.status for answer in answers} <= {200, 503}, "lists are answered again, and were always known", answers)


def on_store(name, environment):
    module = os.path.join(BUILD, "tests", "tools", "till_1.so")
    with Platform(domains=(module,), environment=environment) as platform:
        web = Web(platform.http)
        until(lambda: web.get("/till.sums/").status == 200)
        halted_projection(web, name)
        large_pages(platform, web, name)


def main():
    poison_query()
    new_broker()
    on_store("sqlite", {})
    with Postgres() as server:
        on_store("postgresql", {"FLUVIUS_STORE": server.url})
    tap.end()


if __name__ == "__main__":
    main()
