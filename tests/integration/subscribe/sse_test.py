#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Event streams over HTTP: live, resumed by Last-Event-ID, slow clients, too many of them.

  sse_test.py [--slow 200]"""
import argparse
import json
import urllib.error
import urllib.request

from scene import Deaf, HOLDER, Scene, Stream, Tap, answer_bytes, command, resident_kib, wait_for
from fluvius import FluviusError

tap = Tap()


def get(scene, path):
    try:
        with urllib.request.urlopen(scene.platform.http + path, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as fault:
        with fault:
            return fault.code, json.load(fault)


def places(events):
    return [event["id"] for _, event in events]


def deposit(client, name, count):
    client.send_all([command("bank:deposit", f"account/{name}", {"amount": 1}) for _ in range(count)])


def resume(scene):
    client = scene.client()
    client.send("bank:open", "account/live", HOLDER)
    stream = Stream(scene, "/_events")
    tap.check(stream.answer.headers["Content-Type"] == "text/event-stream", "a client that takes it gets an event stream")
    deposit(client, "live", 3)
    events = stream.take(3)
    tap.check([event["type"] for _, event in events] == ["bank.account.deposited"] * 3 and
              [event["streamversion"] for _, event in events] == [2, 3, 4], "events come as they are committed", events)
    stream.close()
    deposit(client, "live", 200)
    again = Stream(scene, "/_events", last=events[1][0])
    found = again.take(201)
    tap.check([event["streamversion"] for _, event in found] == list(range(4, 205)),
              "Last-Event-ID goes on behind that event, without a gap or a repeat",
              [event["streamversion"] for _, event in found])
    again.close()
    whole = Stream(scene, "/bank.account/live/events?from=begin")
    tap.check([event["streamversion"] for _, event in whole.take(204)] == list(range(1, 205)),
              "an aggregate's own stream has all of it")
    whole.close()


def pages(scene):
    client = scene.client()
    client.send_all([command("bank:open", f"account/page-{i}", HOLDER) for i in range(50)])
    found, position = [], None
    while True:
        status, page = get(scene, "/_events?types=opened&limit=7" + (f"&from={position}" if position else ""))
        found += [event["id"] for event in page["data"] if event["subject"].startswith("page-")]
        position = page["meta"]["position"]
        if not page["meta"]["more"] and not page["data"]:
            break
    tap.check(len(found) == len(set(found)) == 50, "pages give every event once", len(found))
    status, page = get(scene, f"/_events?from={position}&wait_ms=300")
    tap.check(status == 200 and page["data"] == [], "a page may wait, and end without an event", page)
    status, problem = get(scene, "/_events?from=ffff:0.1")
    tap.check((status, problem["errcode"]) == (422, "other_log"), "a position of another log is refused", problem)
    status, problem = get(scene, "/_events?tipes=opened")
    tap.check((status, problem["errcode"]) == (400, "unknown_parameter"), "a misspelt parameter is refused", problem)


def killed_query(scene):
    client = scene.client()
    stream = Stream(scene, "/bank.account/live/events")
    deposit(client, "live", 1)
    versions = [stream.next()[1]["streamversion"]]
    for number in range(len(scene.queries.running)):
        scene.queries.kill(number)
    deposit(client, "live", 5)
    versions += [event["streamversion"] for _, event in stream.take(5)]
    tap.check(versions == list(range(versions[0], versions[0] + 6)),
              "a stream outlives the query processes that it is read by", versions)
    stream.close()


def unanswered(scene):
    """No query process for longer than a broker keeps requests: the stream is refused, and asks again."""
    client = scene.client()
    stream = Stream(scene, "/bank.account/live/events")
    deposit(client, "live", 1)
    version = stream.next()[1]["streamversion"]
    for process in scene.queries.running:
        process.kill()
        process.wait()
    refused = None
    try:
        scene.client().ask("follow")  # the client asks again until its time is up; the stream was refused meanwhile
    except FluviusError as fault:
        refused = fault
    tap.check(refused, "without a query process nobody follows the log")
    scene.queries.running = [scene.queries.start(number) for number in range(len(scene.queries.running))]
    deposit(client, "live", 1)
    event = stream.next()[1]
    tap.check(event["streamversion"] == version + 1, "a stream that was refused goes on where it was", event)
    stream.close()


def slow_clients(scene, count):
    """They ask for everything and read nothing: each is given what fits its socket, and the rest stays in the log."""
    client = scene.client()
    for _ in range(20):
        deposit(client, "live", 500)
    pid = scene.platform.children()["gateway"]
    before = resident_kib(pid)
    with Deaf(scene, count):
        quick = Stream(scene, "/_events")
        deposit(client, "live", 50)
        tap.check(len(quick.take(50)) == 50, f"{count} clients that read nothing do not hold up one that reads")
        grown = resident_kib(pid) - before
        tap.check(grown < count * 512 + 8192, "and do not make the gateway grow: one answer each at most", f"{grown} KiB")
        tap.note(f"gateway grew by {grown} KiB with {count} of them, {10_000} events behind each")
        quick.close()


def taken(scene):
    """Many events go to many streams; what they have taken is not held against other answers."""
    client = scene.client()
    streams = [Stream(scene, "/_events?identifier=live") for _ in range(8)]
    deposit(client, "live", 500)
    for stream in streams:
        stream.take(500)
    tap.check(wait_for(lambda: answer_bytes(scene) == 0), "what streams have taken is given back", answer_bytes(scene))
    for stream in streams:
        stream.close()


def too_many(scene):
    streams = []
    status = None
    try:
        for _ in range(5):
            streams.append(Stream(scene, "/_events"))
    except urllib.error.HTTPError as fault:
        with fault:
            status, problem = fault.code, json.load(fault)
    tap.check(status == 429 and len(streams) == 4 and problem["errcode"] == "streams_full",
              "one stream more than there may be is refused", (status, len(streams)))
    for stream in streams:
        stream.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slow", type=int, default=50)
    options = parser.parse_args()
    with Scene() as scene:
        resume(scene)
        pages(scene)
        killed_query(scene)
        unanswered(scene)
        taken(scene)
        slow_clients(scene, options.slow)
    with Scene(queries=1, environment={"FLUVIUS_STREAMS_MAX": "4"}) as scene:
        too_many(scene)
    tap.end()


main()
