#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Reads that a gateway answers itself (--reads): the same answers, byte for byte, as from one that leaves all to query
processes; what it passes on; a file that is not there, comes, is replaced and goes; a read that ends the process.
Prints TAP."""
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "http")]
from platform_under_test import BUILD, Gateway, Platform, Tap, tool
from web import Web

tap = Tap()
PATIENCE_S = 60
POISON = "poison-of-this-test"
TOKENS = {"ada": "token-of-ada-0123456789", "bob": "token-of-bob-0123456789"}
DOMAINS = ("bank", os.path.join(BUILD, "tests", "tools", "till_1.so"))
SERVICE = {"FLUVIUS_SERVICE_TOKEN": "token-of-services-0123456789"}
ACCOUNTS = 40
COSTLY = "/bank.account/~.or:(" + ",".join(f"(balance:{1000 + number})" for number in range(200)) + ")/"


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def quote(value):
    return urllib.parse.quote(json.dumps(value))


def counts(web):
    """How many reads the gateway has answered, and how many it has passed on."""
    text = web.get("/metrics").body.decode()
    return tuple(int(re.search(rf"^{name}{{[^}}]*}} (\d+)$", text, re.M).group(1))
                 for name in ("fluvius_http_read_seconds_count", "fluvius_http_reads_passed_total"))


def ask(web, *request):
    """The answer, and whether the gateway gave it itself."""
    before = counts(web)
    answer = web.ask(*request)
    return answer, counts(web)[0] > before[0]


def open_accounts(web):
    """The position after which all of them are there."""
    positions = []
    for number in range(ACCOUNTS):
        answer = web.post(f"/bank:open/account/a{number:02}", {"holder": {"given": f"Given {number % 7}", "family": "Family"}})
        assert answer.status == 200, answer
        positions.append(answer.fields["fluvius-position"])
    for path, body in (("/bank:deposit/account/a00", {"amount": 5}), ("/till:put/till/t0", {"amount": 5, "what": "tea"})):
        positions.append(web.post(path, body).fields["fluvius-position"])
    return ",".join(positions)


# ---- the same answers ----

def requests(position, incarnation):
    """(method, path, fields, whether a gateway with --reads answers it itself; None: as it may be)."""
    here = {"Fluvius-Position": position}
    for path in ("", "?limit=7", "?limit=7&page=2&sort=holder.given.asc,_id.desc", "?limit=7&total=false", "?include=balance,_id",
                 "?exclude=holder", "?deleted=true", "?text=given+3", "?sort=balance.desc&limit=3", "a1/?limit=5"[3:],
                 f"?query={quote({'balance.gt': 1})}", "~holder.given.eq:Given%203/?limit=2", "holder.given=Given%203/?total=false",
                 "~_id.in:(a01,a02)/", f"?at_least={position}", "?limit=1000", "a07", "holder.given=Given%200/a07",
                 "?limit=%37", "?limit=", "?query=%7B%7D"):
        yield "GET", "/bank.account/" + path, {}, True
        yield "HEAD", "/bank.account/" + path, here, True
    yield "GET", "/bank.account/", {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", **here}, True
    yield "GET", "/bank.account/", {"Origin": "http://localhost", "Host": "localhost"}, True
    yield "GET", "/bank.account/", {"Fluvius-Timeout": "20000"}, True
    for path in ("nobody", "holder.given=Given%201/a07", "?limit=1001", "?limit=x", "?page=0", "?cursor=abc", "?sort=nothing.asc",
                 "?query=%7B%22nothing%22%3A1%7D", "?query=%7B%22balance.has%22%3A1%7D", "?query=%5B1%5D", "?query=%7B", "?nothing=1",
                 "?at_least=x", f"?at_least={incarnation}:99.1", "?at_least=1:0.1", "~name.eq/", "?text=%FF", "?limit=1&limit=2"):
        yield "GET", "/bank.account/" + path, {}, False
    yield "GET", "/bank.account/", {"Fluvius-Position": f"{incarnation}:0.999999", "Fluvius-Timeout": "200"}, False
    yield "GET", "/bank.nothing/", {}, False
    yield "GET", "/bank.nothing/a", {}, None
    yield "GET", "/bank.account/", {"Host": "elsewhere.example"}, False
    yield "GET", "/bank.account/", {"Fluvius-Timeout": "soon"}, False
    yield "POST", "/bank.account/", {}, False
    yield "GET", COSTLY, {}, False
    for path, direct in (("/till.sums/", True), ("/till.sums/tea", True), ("/till.sums/tea?include=times", True),
                         ("/till.sums/nothing", False), ("/till.sums/times=1/tea", True), ("/till.sums/times=2/tea", False)):
        yield "GET", path, here, direct


def compare(web, plain, method, path, fields, direct):
    # an item is a row only where the model says so; otherwise it is the aggregate's state, which nobody reads here
    direct = None if re.search(r"/a07$", path) else direct
    mine, itself = ask(web, method, path, None, fields) if direct is not None else (web.ask(method, path, None, fields), None)
    theirs = plain.ask(method, path, None, fields)
    parts = [(answer.status, {name: value for name, value in answer.fields.items() if name != "date"}, answer.body)
             for answer in (mine, theirs)]
    tap.check(parts[0] == parts[1] and itself == direct, f"{method} {path[:60]} {list(fields)}: the same",
              f"read itself: {itself}\n{mine}\n{theirs}")
    return mine


def same_answers(platform, web, plain, position):
    for path in ("/bank.account/", "/till.sums/"):
        until(lambda path=path: ask(web, "GET", path, None, {"Fluvius-Position": position})[1])
    incarnation = position.split(":")[0]
    for request in requests(position, incarnation):
        compare(web, plain, *request)
    following = "/bank.account/?limit=9&sort=holder.given.asc"
    seen, tags = [], []
    while following and len(seen) <= ACCOUNTS:
        answer = compare(web, plain, "GET", following, {}, True)
        seen += [row["_id"] for row in answer.json["data"]]
        tags.append((following, answer.fields["etag"]))
        link = re.search(r'<([^>]*)>; rel="next"', answer.fields.get("link", ""))
        following = link and link.group(1)
    tap.check(len(seen) == len(set(seen)) == ACCOUNTS, "cursors of one lead through all rows", seen)
    for path, tag in tags:
        answer = compare(web, plain, "GET", path, {"If-None-Match": tag}, True)
        tap.check(answer.status == 304, "what is known is not sent again", answer)
        compare(web, plain, "GET", path, {"If-None-Match": '"0000000000000000"'}, True)
    tap.check(counts(plain) == (0, 0), "a gateway without --reads reads nothing itself", counts(plain))


def whose_rows(platform, path, position):
    """As the token says, and nobody without one."""
    options = ("--token-file", path)
    with Gateway(platform.bus, *options, "--reads", "sqlite:" + platform.data, environment=SERVICE) as direct, \
            Gateway(platform.bus, *options, environment=SERVICE) as passing:
        bearer = {name: {"Authorization": f"Bearer {token}"} for name, token in TOKENS.items()}
        for fields in (bearer["ada"], bearer["bob"], {}, {"Authorization": "Bearer nobodys-token-0123456789"}):
            answer = compare(Web(direct.http), Web(passing.http), "GET", "/bank.account/?limit=2", fields, None)
            realms = {row["_realm"] for row in answer.json["data"]} if answer.status == 200 else answer.status
            tap.check(realms == ({"acme"} if fields == bearer["ada"] else set() if fields == bearer["bob"] else 401),
                      "rows are those of the token's realm", answer)
        answered = counts(Web(direct.http, bearer["ada"]))[0]
        tap.check(answered == 2, "which the gateway read itself", answered)
    with Gateway(platform.bus, "--reads", "sqlite:" + platform.data, environment=SERVICE) as blind:
        web = Web(blind.http)
        answer = web.get("/bank.account/?limit=2")
        tap.check(answer.status in (401, 403) and counts(web) == (0, 0),
                  "a gateway without a token file reads nothing where brokers want tokens", answer)


def other_log(platform, web, position):
    """While read models are still those of a log that was restored since, a position is for query processes to judge."""
    file = sqlite3.connect(os.path.join(platform.data, "read.db"), timeout=30)
    set_log = lambda change: file.executescript(f"UPDATE meta SET value = value {change} WHERE key = 'log';"
                                                "UPDATE meta SET value = value + 1 WHERE key = 'change';")
    set_log("+ 1")
    _, plain = ask(web, "GET", "/bank.account/", None, {})
    answer, placed = ask(web, "GET", "/bank.account/", None, {"Fluvius-Position": position})
    tap.check(plain and not placed and answer.status == 200, "during a restore a read with a position is passed on", (plain, placed, answer))
    set_log("- 1")
    answer, placed = ask(web, "GET", "/bank.account/", None, {"Fluvius-Position": position})
    tap.check(placed and answer.status == 200, "and read here afterwards", answer)
    file.close()


def rebuilt(platform, web):
    """While read models are made anew, and when the new ones are there, reads go on."""
    build = lambda: sqlite3.connect(f"file:{platform.data}/read.db?mode=ro", uri=True).execute(
        "SELECT max(id) FROM build WHERE state = 1 AND projection = 'bank'").fetchone()[0]
    before, answers = build(), []
    subprocess.run([tool("fluvius"), "rebuild", "bank", "--data", platform.data], check=True, stdout=subprocess.DEVNULL)
    until(lambda: answers.append(web.get("/bank.account/")) or build() > before)
    answer, itself = ask(web, "GET", "/bank.account/", None, {})
    bad = [one for one in answers + [answer] if one.status != 200 or one.json["meta"]["total"] != ACCOUNTS]
    tap.check(not bad and itself, f"{len(answers)} reads while a build goes live are answered, and those after it read here", bad[:1])


# ---- the file ----

def file_comes_and_goes(platform):
    with tempfile.TemporaryDirectory(prefix="fluvius-reads-") as directory:
        place = os.path.join(directory, "place")
        with Gateway(platform.bus, "--reads", "sqlite:" + place) as gateway:
            web = Web(gateway.http)

            def check(itself, name):
                answers = []
                reached = until(lambda: answers.append(ask(web, "GET", "/bank.account/", None, {})) or answers[-1][1] == itself)
                bad = [answer for answer, _ in answers if answer.status != 200 or answer.json["meta"]["total"] != ACCOUNTS]
                tap.check(reached and not bad, name, bad[:1])

            check(False, "while there is no file, reads are passed on")
            os.symlink(platform.data, place)
            check(True, "when it comes, they are read here")
            os.unlink(place)
            check(False, "when it is gone, they are passed on")
            os.symlink(platform.data, place)
            check(True, "until it is back")
            other = os.path.join(directory, "other")
            os.mkdir(other)
            open(os.path.join(other, "read.db"), "wb").close()
            os.symlink(other, place + ".new")
            os.replace(place + ".new", place)
            check(False, "and while another that has nothing in it is in its place")
            tap.check(gateway.process.poll() is None, "the gateway has run all the while")


def without_query_processes():
    with Platform("--queries", "0", domains=DOMAINS) as platform:
        web = Web(platform.http)
        position = open_accounts(web)
        answer = until(lambda: (found := web.get("/bank.account/", fields={"Fluvius-Position": position})).status == 200 and found)
        tap.check(answer and answer.json["meta"]["total"] == ACCOUNTS, "short pages need no query process", answer)


def ends_the_process(platform):
    """A read that ends the gateway does so once."""
    with tempfile.TemporaryDirectory(prefix="fluvius-poison-") as directory:
        journal = os.path.join(directory, "journal")
        environment = {"LD_PRELOAD": os.path.join(BUILD, "tests", "tools", "poison_preload.so"), "FLUVIUS_POISON": POISON}
        options = ("--reads", "sqlite:" + platform.data, "--journal", journal)
        path = f"/bank.account/?query={quote({'holder.family.eq': POISON})}"
        with Gateway(platform.bus, *options, environment=environment) as gateway:
            try:
                answer = Web(gateway.http).get(path)
            except OSError:
                answer = None
            tap.check(answer is None and gateway.process.wait(30) != 0, "a read ends the gateway", answer)
        with Gateway(platform.bus, *options, environment=environment) as gateway:
            answer, itself = ask(Web(gateway.http), "GET", path, None, {})
            tap.check(answer.status == 200 and not itself, "the next one leaves it to query processes", answer)
            answer, itself = ask(Web(gateway.http), "GET", "/bank.account/", None, {})
            tap.check(answer.status == 200 and itself, "and reads others", answer)


def main():
    with Platform(domains=DOMAINS) as platform:
        web = Web(platform.http)
        position = open_accounts(web)
        with Gateway(platform.bus) as gateway:
            same_answers(platform, web, Web(gateway.http), position)
        other_log(platform, web, position)
        rebuilt(platform, web)
        file_comes_and_goes(platform)
        ends_the_process(platform)
    with tempfile.TemporaryDirectory(prefix="fluvius-tokens-") as directory:
        path = os.path.join(directory, "tokens")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(f"{TOKENS['ada']} ada acme\n{TOKENS['bob']} bob boss\n")
        with Platform("--token-file", path, domains=DOMAINS, environment=SERVICE) as platform:
            web = Web(platform.http, {"Authorization": f"Bearer {TOKENS['ada']}"})
            position = open_accounts(web)
            until(lambda: web.get("/bank.account/", fields={"Fluvius-Position": position}).status == 200)
            whose_rows(platform, path, position)
    without_query_processes()
    tap.end()


if __name__ == "__main__":
    main()
