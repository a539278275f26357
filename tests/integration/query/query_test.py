#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Queries over HTTP, the socket and the command line: pages, filters, positions, faults; reading one's own writes over two
query processes; what happens while projectors or query processes are gone.

  query_test.py [--pairs N] [--store sqlite|postgresql]    so many writes, each read at once (default 2,000; when no store
                                                           is named both are tried, PostgreSQL with a tenth of them)"""
import argparse
import json
import os
import re
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
from pairs import own_writes
from platform_under_test import Gateway, Platform, Tap, tool
from postgres_under_test import Postgres
from web import Web

tap = Tap()
PEOPLE = [("ada", "Ada", "Lovelace", 300), ("alan", "Alan", "Turing", 100), ("grace", "Grace", "Hopper", 200),
          ("john", "John", "Keynes", 0), ("emmy", "Emmy", "Noether", 500)]


def quote(value):
    return urllib.parse.quote(json.dumps(value))


def same(found, wanted, name, detail=""):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r} {detail!r}")


def identifiers(answer):
    return [row["_id"] for row in answer.json["data"]] if answer.status == 200 else answer


def open_accounts(web):
    """The position after which all of them are there."""
    positions = []
    for identifier, given, family, balance in PEOPLE:
        answer = web.post(f"/bank:open/account/{identifier}", {"holder": {"given": given, "family": family}})
        if balance:
            answer = web.post(f"/bank:deposit/account/{identifier}", {"amount": balance})
        assert answer.status == 200, answer
        positions.append(answer.fields["fluvius-position"])
    return ",".join(positions)


def read_model_there(web):
    """Until the first build of the read models is whole."""
    until = time.monotonic() + 30
    while web.get("/bank.account/").status != 200 and time.monotonic() < until:
        time.sleep(0.05)


def lists(web, position):
    answer = web.get("/bank.account/?sort=_id.asc", fields={"Fluvius-Position": position})
    same(identifiers(answer), ["ada", "alan", "emmy", "grace", "john"], "a list has all rows")
    same(answer.json["meta"], {"limit": 25, "page": 1, "total": 5, "pages": 1, "next": None}, "and says of what it is a page")
    row = answer.json["data"][0]
    tap.check(row["balance"] == 300 and row["holder"]["given"] == "Ada" and row["_creator"] == "anonymous" and
              row["_realm"] == "default" and row["_etag"] == "2" and row["_deleted"] is None and row["_created"] <= row["_updated"],
              "a row has the model's fields and the audit fields", row)
    tag = answer.fields["etag"]
    same(web.get("/bank.account/?sort=_id.asc", fields={"If-None-Match": tag}).status, 304, "what is known is not sent again")
    same(identifiers(web.get("/bank.account/?sort=balance.desc&limit=2")), ["emmy", "ada"], "it is sorted")
    same(web.get("/bank.account/?include=balance,_id&limit=1&sort=_id.asc").json["data"], [{"_id": "ada", "balance": 300}],
         "include chooses fields")
    tap.check("balance" not in web.get("/bank.account/?exclude=balance").json["data"][0], "exclude leaves some out")
    same(web.get("/bank.account/?total=false").json["meta"]["total"], None, "the total can be left out")


def filters(web):
    for path, wanted, name in (
            (f"?query={quote({'balance.gt': 200})}", ["ada", "emmy"], "a filter"),
            (f"?query={quote({'balance!between': [100, 300]})}", ["emmy", "john"], "a negated filter"),
            (f"?query={quote({'.or': [{'_id.eq': 'ada'}, {'balance': 0}]})}", ["ada", "john"], "alternatives"),
            ("~balance.in:(100,200)/?", ["alan", "grace"], "a path query"),
            ("~.or:((_id.eq:ada),(balance.eq:0))/?", ["ada", "john"], "alternatives in the path"),
            ("holder.given=Grace/?", ["grace"], "a scope"),
            ("holder.given=Grace/~balance.lt:100/?", [], "a scope and a path query together"),
            ("?text=lovelace+ada", ["ada"], "words")):
        answer = web.get(f"/bank.account/{path}&sort=_id.asc")
        same(identifiers(answer), wanted, name, answer)
    same(web.get("/bank.account/holder.given=Grace/grace").json["data"]["balance"], 200, "a row in a scope")
    same(web.get("/bank.account/holder.given=Ada/grace").code, "unknown_row", "and outside of it there is none")
    for path, code, name in (("?query=%7B%22nothing%22%3A1%7D", "invalid_query", "an unknown field"),
                             ("?query=%7B%22balance.has%22%3A1%7D", "invalid_query", "an operator that the field has not"),
                             ("?sort=nothing.asc", "invalid_query", "a sort by nothing"),
                             ("?limit=1001", "invalid_query", "a page that is too large"),
                             ("?cursor=abc", "invalid_query", "a cursor of nobody"),
                             ("?at_least=x", "invalid_query", "a position that is none"),
                             ("?at_least=1:0.1", "other_log", "a position of another log")):
        answer = web.get("/bank.account/" + path)
        tap.check(answer.status == 422 and answer.code == code and answer.json["errors"], f"{name} is refused by name", answer)
    same(web.get("/bank.nothing/").code, "unknown_query", "a read model that is not there")


def pages(web):
    found, path, steps = [], "/bank.account/?limit=2&sort=balance.asc", 0
    while path and steps < 10:
        answer = web.get(path)
        found += identifiers(answer)
        following = re.search(r'<([^>]*)>; rel="next"', answer.fields.get("link", ""))
        path, steps = following and following.group(1), steps + 1
    same(found, ["john", "alan", "grace", "ada", "emmy"], "links lead through all pages")
    same(identifiers(web.get("/bank.account/?limit=2&page=3&sort=balance.asc")), ["emmy"], "pages have numbers too")


def metadata(web):
    answer = web.get("/_meta/bank.account/").json
    balance = next(field for field in answer["fields"] if field["name"] == "balance")
    tap.check(balance["type"] == "integer" and balance["input"] == "number" and balance["default_operator"] == "eq" and
              {"key": "balance.between", "operator": "between", "label": "is between", "type": "integer", "input": "range"}
              in balance["filters"], "metadata say what can be asked", balance)
    for field in answer["fields"]:
        for entry in field["filters"]:
            key = entry["key"]
            listed = web.get(f"/bank.account/?limit=1&query={quote({key: sample(field, entry)})}")
            if listed.status != 200:
                tap.check(False, f"{key} can be asked", listed)
                return
    tap.check(True, "every filter that metadata name can be asked")


def sample(field, entry):
    one = {"integer": 1, "number": 1.5, "decimal": "1.00", "boolean": True, "datetime": "2026-01-01T00:00:00Z", "date": "2026-01-01",
           "uuid": "0193f5c5-0000-7abc-8def-0123456789ab", "bytes": "AA", "array": [], "json": {}}.get(field["type"], "x")
    if field["type"] == "enum":
        one = field["values"][0]
    if entry["operator"] in ("in", "notin"):
        return [one]
    return [one, one] if entry["operator"] == "between" else one


def socket_and_command_line(platform, position):
    with fluvius.Client(platform.bus) as client:
        page = client.query("bank.account", {"balance.gte": 300}, sort="balance.asc", at_least=position)
        same([row["_id"] for row in page.rows], ["ada", "emmy"], "a query over the socket")
        same(client.query("bank.account", id="grace").rows[0]["balance"], 200, "one row by its identifier")
        reply = client.send("bank:deposit", "account/john", {"amount": 7})
        same(client.query("bank.account", id="john", at_least=reply)[0]["balance"], 7, "a write is read at once with its reply's position")
        again = client.query("bank.account", id="john", at_least=client.query("bank.account", id="john").position)
        same(again[0]["balance"], 7, "an answer's position can be given too")
        try:
            client.query("bank.account", {"nothing": 1})
            tap.check(False, "an unknown field raises")
        except fluvius.Invalid as fault:
            same([entry.at for entry in fault.reply.faults], ["/query/nothing"], "a fault names its place")
    run = lambda *words: subprocess.run([tool("fluvius"), "query", *words, "--bus", platform.bus], capture_output=True, text=True)
    shown = run("bank.account", "--query", '{"balance.gt": 250}', "--sort", "balance.desc", "--include", "_id,balance")
    same([json.loads(line) for line in shown.stdout.splitlines()], [{"_id": "emmy", "balance": 500}, {"_id": "ada", "balance": 300}],
         "fluvius query shows a row a line", shown)
    shown = run("bank.account", "--include", "_id,balance", "--sort", "_id.asc", "--limit", "2", "--format", "table")
    same(shown.stdout.split(), ["_id", "balance", "ada", "300", "alan", "100"], "or a table", shown)
    shown = run("bank.account", "grace", "--format", "json")
    tap.check(shown.returncode == 0 and json.loads(shown.stdout)["data"]["rows"][0]["_id"] == "grace", "or the whole reply of one row", shown)
    same(run("bank.account", "nobody").returncode, 5, "a row that is not there: exit code 5")
    same(run("bank.account", "--query", "{").returncode, 2, "a filter that is no JSON: exit code 2")


# ---- reading one's own writes ----

def seen(connection, name, version, written):
    """Reads the list with the position of the write."""
    ask = lambda: connection.ask("GET", f"/bank.account/~_id.eq:{name}/?total=false", None,
                                 {"Fluvius-Position": written.fields.get("fluvius-position", "")})
    answer = ask()
    while answer.status == 503 and answer.code == "behind":
        answer = ask()
    return answer, [row["balance"] for row in answer.json["data"]] == [version - 1]


def busy_processes(platform):
    """How many query processes have answered."""
    shown = subprocess.run([tool("fluvius"), "metrics", "--bus", platform.bus], capture_output=True, text=True).stdout
    return len([line for line in shown.splitlines() if re.match(r'fluvius_queries_total\{status="ok".* [1-9]\d*$', line)])


# ---- what is gone ----

def projector_stands_still(platform, web):
    projector = next(pid for name, pid in platform.children().items() if "projector" in name)
    os.kill(projector, signal.SIGSTOP)
    try:
        written = web.post("/bank:deposit/account/ada", {"amount": 1})
        position = written.fields["fluvius-position"]
        start = time.monotonic()
        answer = web.get("/bank.account/", fields={"Fluvius-Position": position})
        took = time.monotonic() - start
        tap.check(answer.status == 503 and answer.code == "behind" and int(answer.fields["retry-after"]) >= 1,
                  "while the projector stands still a read with the position is 503 with Retry-After", answer)
        tap.check(1.5 < took < 4, "within the bound", took)
        start = time.monotonic()
        answer = web.get("/bank.account/", fields={"Fluvius-Position": position, "Fluvius-Timeout": "600"})
        tap.check(answer.status == 503 and time.monotonic() - start < 1.5, "which a nearer deadline makes nearer", answer)
        same(web.get("/bank.account/").status, 200, "without a position it is answered from what is there")
    finally:
        os.kill(projector, signal.SIGCONT)
    until = time.monotonic() + 30
    while (answer := web.get("/bank.account/~_id.eq:ada/", fields={"Fluvius-Position": position})).code == "behind" and time.monotonic() < until:
        pass
    same(answer.status == 200 and answer.json["data"][0]["balance"], 301, "and the position is reached when it goes on", answer)


def query_process_is_killed(platform, http):
    answers = []
    stop = threading.Event()

    def ask():
        own = Web(http)
        while not stop.is_set():
            answers.append(own.get("/bank.account/?limit=1"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for name in ("query-0", "query-1"):
        os.kill(platform.children()[name], signal.SIGKILL)
        until = time.monotonic() + 20
        while (name not in platform.children() or busy_processes(platform) < 2) and time.monotonic() < until:
            time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    bad = [answer for answer in answers if answer.status != 200]
    tap.check(len(answers) > 20 and not bad, f"query processes are killed under {len(answers)} queries: each is answered", bad[:1])


# ---- whose rows ----

def realms():
    """Each realm sees its own rows, whatever it asks for."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "tokens")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write("token-of-ada-0123456789 ada acme\ntoken-of-bob-0123456789 bob boss\n")
        with Platform("--token-file", path) as platform:
            ada, bob = (Web(platform.http, {"Authorization": f"Bearer token-of-{name}-0123456789"}) for name in ("ada", "bob"))
            positions = []
            for web, given in ((ada, "Ada"), (bob, "Bob")):
                answer = web.post("/bank:open/account/same", {"holder": {"given": given, "family": "X"}})
                positions.append(answer.fields["fluvius-position"])
            read_model_there(ada)
            for web, given, realm in ((ada, "Ada", "acme"), (bob, "Bob", "boss")):
                answer = web.get("/bank.account/", fields={"Fluvius-Position": ",".join(positions)})
                same([(row["holder"]["given"], row["_realm"]) for row in answer.json["data"]], [(given, realm)],
                     "the same identifier in two realms: each sees its own row", answer)
            for filter in ({"_realm.eq": "boss"}, {".or": [{"_realm.eq": "boss"}, {"_id.eq": "same"}]}, {"_realm!eq": "acme"}):
                answer = ada.get(f"/bank.account/?query={quote(filter)}&deleted=true")
                tap.check(answer.status == 200 and all(row["_realm"] == "acme" for row in answer.json["data"]),
                          f"{filter} shows nothing of another realm", answer)
            same(Web(platform.http).get("/bank.account/").status, 401, "without a token nothing is shown")


def on_postgresql(pairs):
    with Postgres() as server, Platform("--queries", "2", environment={"FLUVIUS_STORE": server.url}) as platform:
        web = Web(platform.http)
        position = open_accounts(web)
        read_model_there(web)
        lists(web, position)
        filters(web)
        pages(web)
        own_writes(tap, platform, pairs, seen)
        same(busy_processes(platform), 2, "both query processes took part")
        projector_stands_still(platform, web)
        server.kill()
        until = time.monotonic() + 20
        while (answer := web.get("/bank.account/", fields={"Fluvius-Timeout": "2000"})).status == 200 and time.monotonic() < until:
            time.sleep(0.05)
        tap.check(answer.status in (503, 504), "while the server is gone a query is told so", answer)
        server.start()
        server.wait_until_ready()
        until = time.monotonic() + 30
        while (answer := web.get("/bank.account/")).status != 200 and time.monotonic() < until:
            time.sleep(0.05)
        tap.check(answer.status == 200, "and is answered when it is back", answer)


def without_query_processes():
    with Platform("--queries", "0") as platform, Gateway(platform.bus) as gateway:
        answer = Web(gateway.http).get("/bank.account/")
        tap.check(answer.status == 503 and answer.code == "no_query" and "retry-after" in answer.fields,
                  "without a query process a query is 503 no_query", answer)


def on_sqlite(pairs):
    with Platform("--queries", "2") as platform:
        web = Web(platform.http)
        position = open_accounts(web)
        read_model_there(web)
        lists(web, position)
        filters(web)
        pages(web)
        metadata(web)
        socket_and_command_line(platform, position)
        own_writes(tap, platform, pairs, seen)
        same(busy_processes(platform), 2, "both query processes took part")
        projector_stands_still(platform, web)
        with Gateway(platform.bus) as gateway:
            query_process_is_killed(platform, gateway.http)
    without_query_processes()
    realms()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--pairs", type=int, default=2000)
    options.add_argument("--store", choices=("sqlite", "postgresql"))
    options = options.parse_args()
    if options.store != "postgresql":
        on_sqlite(options.pairs)
    if options.store != "sqlite":
        tap.note("on PostgreSQL")
        on_postgresql(options.pairs if options.store else options.pairs // 10)
    tap.end()


if __name__ == "__main__":
    main()
