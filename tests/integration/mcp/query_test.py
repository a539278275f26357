#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The read side as agents meet it: queries as tools and as resources, and streams of changes. Only the standard library is
used."""
import json
import os
import sys
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from agent import ACCEPT, Agent, Error, LEGACY, MODERN, PREFIX, meta
from platform_under_test import Tap
from reading import Reading, answers
from web import Connection, request

tap = Tap()


def same(found, wanted, name, detail=""):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r} {detail!r}")


def accounts(agent, family, balances):
    """Opens one account for each; gives identifiers and the last position."""
    found, position = [], None
    for number, balance in enumerate(balances):
        identifier = f"{family}-{number}"
        agent.tool("bank_open", identifier=identifier, data={"holder": {"given": "Ada", "family": family}})
        position = agent.tool("bank_deposit", identifier=identifier, data={"amount": balance})["position"]
        found.append(identifier)
    return found, position


def test_query(agent):
    family = "F" + uuid.uuid4().hex[:12]
    identifiers, position = accounts(agent, family, (10, 20, 30, 40, 50))
    found = agent.tool("bank_account_query", query={"holder.family.eq": family, "balance.gte": 20}, sort="balance.desc",
                       at_least=position)
    same((found.wrong, found["status"], [row["_id"] for row in found["rows"]], found["total"], found["next"]),
         (False, "ok", identifiers[:0:-1], 4, None), "a query with a position sees what was written before", found)
    same((found["rows"][0]["balance"], found["rows"][0]["_etag"]), (50, found["rows"][0]["_etag"]), "rows are whole")
    same([row["_id"] for row in agent.tool("bank_account_query", text=family, sort="_id.asc")["rows"]], identifiers,
         "words find")
    seen, cursor, pages = [], {}, 0
    while True:
        page = agent.tool("bank_account_query", query={"holder.family.eq": family}, sort="balance.asc", limit=2, **cursor)
        seen += [row["_id"] for row in page["rows"]]
        pages += 1
        if page["next"] is None or pages > 9:
            break
        cursor = {"cursor": page["next"]}
    same((seen, pages), (identifiers, 3), "pages follow each other, and end")
    found = agent.tool("bank_account_query", query={"nothing.eq": 1}, sort="balance.sideways", more=1)
    same((found.wrong, found["status"]), (True, "invalid"), "what a read model does not have is refused", found)
    places = " ".join(fault["at"] for fault in found["problem"]["errors"])
    tap.check("/query" in places and "/sort" in places and "/more" in places, "every fault is told with its place", found)
    uri = f"fluvius://bank/account?text={family}&limit=2&sort=balance.asc"
    contents = agent.call("resources/read", {"uri": uri})["contents"]
    content = json.loads(contents[0]["text"])
    same((contents[0]["uri"], [row["_id"] for row in content["rows"]], content["total"]), (uri, identifiers[:2], 5),
         "a read model is a resource")
    answers(agent, "bank_activity_query")
    rows = agent.tool("bank_activity_query", limit=1, at_least=position)
    same((rows.wrong, len(rows.get("rows", []))), (False, 1), "a hand-written read model is queried like any", rows)
    wrong = agent.call("resources/read", {"uri": "fluvius://bank/account?sort=nothing"})
    same((isinstance(wrong, Error), getattr(wrong, "code", None)), (True, -32602), "faults of a URI are told", wrong)


class Listening:
    """One stream of subscriptions/listen."""

    def __init__(self, server, uris, number="s-1"):
        self.connection, self.number = Connection(server), number
        body = {"jsonrpc": "2.0", "id": number, "method": "subscriptions/listen",
                "params": {"_meta": meta(), "notifications": {"resourceSubscriptions": uris, "toolsListChanged": True}}}
        self.connection.send(request("POST", "/mcp", body, {**ACCEPT, "MCP-Protocol-Version": MODERN,
                                                            "Mcp-Method": "subscriptions/listen"}, self.connection.host))
        self.head = self.connection.until(b"\r\n\r\n").decode().lower()

    def next(self):
        """The next message; comments between are passed over."""
        while True:
            line = self.connection.until(b"\n")
            if line is None:
                return None
            if line.startswith(b"data: "):
                return json.loads(line[6:])

    def close(self):
        self.connection.socket.close()


def test_listen(server, agent, open_ones):
    (first, second), _ = accounts(agent, "L" + uuid.uuid4().hex[:12], (10, 20))
    state, events = f"fluvius://bank/account/{first}", f"fluvius://bank/account/{second}/events"
    listening = Listening(server, [state, events, "fluvius://bank", "file:///x"])
    tap.check("content-type: text/event-stream" in listening.head and "x-accel-buffering: no" in listening.head,
              "the answer is a stream", listening.head)
    told = listening.next()
    same((told["method"], told["params"]["notifications"], told["params"]["_meta"]),
         ("notifications/subscriptions/acknowledged", {"resourceSubscriptions": [state, events]},
          {PREFIX + "subscriptionId": "s-1"}), "the first message says what is listened to")
    accounts(agent, "M" + uuid.uuid4().hex[:12], (1,))
    agent.tool("bank_deposit", identifier=second, data={"amount": 1})
    told = listening.next()
    same((told["method"], told["params"]), ("notifications/resources/updated", {
        "uri": events, "_meta": {PREFIX + "subscriptionId": "s-1"}}), "a change is told, and no other", told)
    agent.tool("bank_deposit", identifier=first, data={"amount": 1})
    same(listening.next()["params"]["uri"], state, "and so on")
    open_ones.append(listening)
    nothing = Listening(server, ["file:///x"], 7)
    told, result = nothing.next(), nothing.next()
    same((told["params"]["notifications"], result["id"], result["result"]["resultType"]), ({}, 7, "complete"),
         "a stream that would say nothing ends at once")
    nothing.close()


def test_legacy(agent):
    found = agent.call("subscriptions/listen", {"notifications": {}})
    same((isinstance(found, Error), found.code), (True, -32601), "the older era has no such stream")


def main():
    open_ones = []
    with Reading() as platform:
        for version in (MODERN, LEGACY[0]):
            tap.note(f"version {version}")
            test_query(Agent(platform.http, version))
        test_listen(platform.http, Agent(platform.http), open_ones)
        test_legacy(Agent(platform.http, LEGACY[0]))
        platform.stop()
        told = open_ones[0].next()
        same((told.get("id"), told.get("result", {}).get("resultType"), open_ones[0].next()), ("s-1", "complete", None),
             "a server that stops ends its streams with their result", told)
    tap.end()


if __name__ == "__main__":
    main()
