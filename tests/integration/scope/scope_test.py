#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Scoped URLs, /NS:COMMAND/KEY=VALUE:.../... and /NS.RESOURCE/KEY=VALUE:.../...: commands and reads of aggregates that are
of the scope, and of no others; on SQLite and on PostgreSQL."""
import json
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "http")]
from platform_under_test import Platform, Tap
from postgres_under_test import Postgres
from web import Connection, Web, request

tap = Tap()


def same(found, wanted, name, detail=""):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r} {detail!r}")


def refused(answer, status, code, name):
    return same((answer.status, answer.code), (status, code), name, answer)


def unknown(answer, name):
    return refused(answer, 404, "unknown_aggregate", name)


def holder(given):
    return {"holder": {"given": given, "family": "L"}}


def commands(web):
    same(web.post("/bank:open/account/ada", holder("Ada")).status, 200, "an account is opened")
    answer = web.post("/bank:deposit/holder.given=Ada:currency=EUR/account/ada", {"amount": 5})
    same((answer.status, answer.fields["etag"]), (200, '"2"'), "a command runs on an aggregate of its scope", answer)
    for scope in ("holder.given=Bob", "holder.given=Ada:currency=USD", "_realm=other", "_id=bob", "balance=4"):
        unknown(web.post(f"/bank:deposit/{scope}/account/ada", {"amount": 5}), f"of {scope} there is none")
        unknown(web.post(f"/bank:deposit/{scope}/account/ada?dry_run=1", {"amount": 5}), f"nor to a dry run of {scope}")
    unknown(web.post("/bank:deposit/holder.given=Bob/account/ada", {"amount": 5}, fields={"If-Match": '"9"'}),
            "the version of an aggregate of another scope is not told")
    answer = web.get("/bank.account/ada")
    same((answer.json["data"]["balance"], answer.fields["etag"]), (5, '"2"'), "and nothing has changed")
    answer = web.post("/bank:deposit/branch=7:balance=x/account/ada", {"amount": 5})
    refused(answer, 422, "invalid_scope", "fields that are none, and values that cannot be theirs, are invalid")
    same([(fault["at"], fault["code"]) for fault in answer.json["errors"]],
         [("/scope/branch", "unknown_field"), ("/scope/balance", "expected_integer")], "each by its name")


def creations(web):
    key = {"Idempotency-Key": "one in a scope"}
    answer = web.post("/bank:open/holder.given=Bob/account/:new", holder("Bob"), fields=key)
    same(answer.status, 200, "what is new in a scope is created", answer)
    made = answer.json["data"]["_id"]
    unknown(web.post(f"/bank:deposit/holder.given=Ada/account/{made}", {"amount": 1}), "and is of that scope alone")
    same(web.post("/bank:open/holder.given=Bob/account/:new", holder("Bob"), fields=key).json["data"]["_id"], made,
         "a retry is told the same")
    answer = web.post("/bank:open/holder.given=Bob/account/eve", holder("Eve"))
    refused(answer, 422, "out_of_scope", "what would come out of another scope is not")
    same(answer.kind, "rejected", "which is final", answer)
    refused(web.post("/bank:open/holder.given=Bob/account/eve?dry_run=1", holder("Eve")), 422, "out_of_scope",
            "a dry run says so too")
    same(web.get("/bank.account/eve").status, 404, "nothing was created")
    answer = web.post("/bank:open/holder.given=Bob/account/ada", holder("Bob"))
    unknown(answer, "nor on what is there, in another scope")


def retries(web):
    key = {"Idempotency-Key": "a deposit in a scope"}
    path = "/bank:deposit/balance=5/account/ada"
    first = web.post(path, {"amount": 1}, fields=key)
    again = web.post(path, {"amount": 1}, fields=key)
    same((first.status, again.status, again.fields.get("etag")), (200, 200, first.fields["etag"]),
         "a retry gets its answer after the aggregate has left the scope", again)
    refused(web.post("/bank:deposit/balance=6/account/ada", {"amount": 1}, fields=key), 422, "id_reused",
            "the same key in another scope is another command")


class Rival(threading.Thread):
    """Tries to be the one who finds the account empty."""

    def __init__(self, http, rounds):
        super().__init__()
        self.connection, self.rounds, self.won, self.others = Connection(http), rounds, [], []

    def run(self):
        for balance in range(self.rounds):
            answer = self.connection.ask("POST", f"/bank:deposit/balance={balance}/account/race", {"amount": 1})
            (self.won if answer.status == 200 else self.others).append((balance, answer.status, answer.code))


def races(platform, web):
    """Whoever deposits moves the account out of the others' scope: of each balance one may."""
    web.post("/bank:open/account/race", holder("R"))
    rivals = [Rival(platform.http, 40) for _ in range(4)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    won = sorted(balance for rival in rivals for balance, _, _ in rival.won)
    same(won, sorted(set(won)), "of commands that race for a scope one is decided in it")
    same(web.get("/bank.account/race").json["data"]["balance"], len(won), "and no other has changed anything")
    same({other[1:] for rival in rivals for other in rival.others} - {(404, "unknown_aggregate")}, set(), "the others find none")
    tap.note(f"{len(won)} of {4 * 40} commands found their scope")


def history(web):
    """Version 1 opens, 2 has 5, 3 has 6, 4 has 106."""
    web.post("/bank:deposit/account/ada", {"amount": 100})
    one = "/bank.account/{}/ada"
    answer = web.get(one.format("balance=6") + "?version=3")
    same((answer.status, answer.json["data"]["balance"]), (200, 6), "a state is of a scope by what it was", answer)
    unknown(web.get(one.format("balance=106") + "?version=3"), "not by what it is")
    same(web.get(one.format("balance=106") + "?at=2100-01-01T00:00:00Z").status, 200, "likewise at a time")
    unknown(web.get(one.format("balance=6") + "?at=2100-01-01T00:00:00Z"), "and not at another")
    refused(web.get(one.format("balance=106") + "?version=99"), 404, "unknown_version", "a version that is not there is not there")
    for what in ("events", "changes"):
        answer = web.get(one.format("balance=106") + f"/{what}?limit=3")
        same(answer.status, 200, f"{what} are of a scope by what their aggregate is", answer)
        next_page = answer.fields["link"].split(">")[0][1:]
        tap.check(next_page.startswith(one.format("balance=106")) and web.get(next_page).status == 200,
                  f"the next page of {what} is of the same scope", next_page)
        unknown(web.get(one.format("balance=6") + f"/{what}"), f"{what}: not by what it was")
        unknown(web.get("/bank.account/balance=0/nobody/" + what), f"{what}: nobody is of no scope")
        refused(web.get(one.format("branch=7") + f"/{what}"), 422, "invalid_scope", f"{what}: no field")


def stream_head(web, path):
    """The header, and the first event of a stream."""
    with Connection(web.server) as connection:
        connection.send(request("GET", path, fields={"Accept": "text/event-stream"}, host=connection.host))
        head = connection.until(b"\r\n\r\n").decode()
        if " 200 " not in head.split("\r\n")[0]:
            return head, None
        block = connection.until(b"\n\n").decode()
        while "data: " not in block:
            block = connection.until(b"\n\n").decode()
        return head, json.loads(next(line for line in block.splitlines() if line.startswith("data: "))[6:])


def streams(web):
    head, event = stream_head(web, "/bank.account/holder.given=Ada/ada/events?from=begin")
    tap.check("text/event-stream" in head and event["type"] == "bank.account.opened" and event["subject"] == "ada",
              "an aggregate's stream is of its scope", (head, event))
    head, _ = stream_head(web, "/bank.account/holder.given=Bob/ada/events?from=begin")
    tap.check(" 404 " in head and "problem+json" in head, "in another scope there is none", head)
    path = "/bank.account/branch=7/ada/events?from=begin"
    if not tap.check(" 422 " in stream_head(web, path)[0], "a stream of no field is none"):
        return
    answer = web.get(path, fields={"Accept": "text/event-stream"})
    same([fault["at"] for fault in answer.json.get("errors", [])], ["/scope/branch"], "and its fault is told", answer)


def lists(web):
    position = {"Fluvius-Position": web.post("/bank:close/account/race?dry_run=1", {}).fields.get("fluvius-position", "")
                or web.get("/bank.account/ada").fields["fluvius-position"]}
    answer = web.get("/bank.account/holder.given=Ada:currency=EUR/?include=_id", fields=position)
    same(answer.json["data"], [{"_id": "ada"}], "a list in a scope has its rows", answer)
    same(web.get("/bank.account/balance=106/ada", fields=position).json["data"]["balance"], 106, "one row in a scope")
    same(web.get("/bank.account/balance=106/ada?version=4").json["data"]["balance"], 106, "which is also a state, of a version")
    refused(web.get("/bank.activity/opened=1/x?version=4"), 400, "unknown_parameter", "rows of projections have no versions")


def scoped(platform):
    web = Web(platform.http)
    commands(web)
    creations(web)
    retries(web)
    races(platform, web)
    history(web)
    streams(web)
    lists(web)


def main():
    with Platform("--queries", "1") as platform:
        scoped(platform)
    with Postgres() as server, Platform("--queries", "1", environment={"FLUVIUS_STORE": server.url}) as platform:
        tap.note("on PostgreSQL")
        scoped(platform)
    tap.end()


if __name__ == "__main__":
    main()
