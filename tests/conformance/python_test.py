#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The Python client, which was written from docs/PROTOCOL.md, against the vectors and against a real platform: what it
can say and understand, the protocol page says too."""
import ast
import contextlib
import io
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CLIENT = os.path.join(ROOT, "clients", "python")
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, CLIENT, os.path.join(ROOT, "tests", "integration")]
import fluvius
from fluvius import connection, formulas
from platform_under_test import Platform, Tap, tool
from vector_checks import KINDS, Peer

tap = Tap()
HOLDER = {"holder": {"given": "Ada", "family": "Lovelace"}}


def same(found, wanted, name):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r}")


# ---- the vectors ----

def test_vectors():
    with open(os.path.join(ROOT, "proto", "vectors", "vectors.json"), encoding="utf-8") as file:
        vectors = json.load(file)
    for vector in vectors:
        try:
            KINDS[vector["kind"]](vector)
            fault = ""
        except Exception as error:  # whatever it is, it is this vector that failed
            fault = repr(error)
        tap.check(not fault, f"vector: {vector['kind']}: {vector['name']}", fault)
    same({vector["kind"] for vector in vectors}, set(KINDS), "every kind of vector was there")


# ---- what is written down ----

def test_sources():
    for directory, _, names in os.walk(CLIENT):
        for name in names:
            if name.endswith(".py"):
                with open(os.path.join(directory, name), encoding="utf-8") as file:
                    tree = ast.parse(file.read(), feature_version=(3, 9))
                used = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
                used |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
                known = getattr(sys, "stdlib_module_names", used)
                tap.check({name.partition(".")[0] for name in used} <= set(known), f"{name} uses the standard library alone", used)


def test_example(platform):
    """The example of the README, word for word, with the platform's addresses."""
    with open(os.path.join(CLIENT, "README.md"), encoding="utf-8") as file:
        text = re.search(r"```python\n(.*?)```", file.read(), re.DOTALL).group(1)
    text = text.replace("tcp://127.0.0.1:7410", platform.bus).replace("tcp://127.0.0.1:7411", platform.events)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "README.md", "exec"), {})
    wanted = [line.partition("  # ")[2] for line in text.splitlines() if "print(" in line]
    same(printed.getvalue().splitlines(), wanted, "the README's example prints what it says")


# ---- commands ----

def refused(kind, code, name, call, *arguments, **options):
    """The call raises that exception; gives its reply."""
    try:
        reply = call(*arguments, **options)
    except fluvius.FluviusError as error:
        tap.check(type(error) is kind and error.reply.code == code, f"{name}: {kind.__name__} {code}", repr(error.reply))
        return error.reply
    tap.check(False, f"{name}: {kind.__name__} {code}", repr(reply))
    return reply


def account(client, balance=0):
    """A new account's target."""
    target = "account/py-" + uuid.uuid4().hex
    client.send("bank:open", target, HOLDER)
    if balance:
        client.send("bank:deposit", target, {"amount": balance})
    return target


def balance(client, target):
    return client.state("bank." + target).data["balance"]


def test_commands(client):
    target = account(client)
    id = fluvius.uuid7()
    reply = client.send("bank:deposit", target, {"amount": 500, "note": "été ☃"}, id=id)
    same((reply.status, reply.id, reply.version), ("ok", id, 2), "a command is answered with its id and the version")
    state = client.state("bank." + target)
    same((state.data, state.version, state.position),
         ({"balance": 500, "currency": "EUR", "holder": HOLDER["holder"], "status": "open"}, 2, reply.position),
         "the state is what was done")
    same(client.state("bank." + target, version=1).data["balance"], 0, "the state as it was")
    events = list(client.events("bank." + target))
    same([(event.version, event.type, event.data) for event in events],
         [(1, "opened", dict(HOLDER, currency="EUR")), (2, "deposited", {"amount": 500, "note": "été ☃"})], "its events")
    same((events[1].command_id, events[1].command, events[1].user, events[1].realm),
         (id, "deposit", "anonymous", "default"), "an event knows its command and who sent it")
    refused(fluvius.Rejected, "insufficient_funds", "a rule of the business", client.send, "bank:withdraw", target, {"amount": 501})
    same(balance(client, target), 500, "a rejection changes nothing")


def test_retry(client):
    target, id = account(client), fluvius.uuid7()
    first = client.send("bank:deposit", target, {"amount": 5}, id=id)
    same(client.send("bank:deposit", target, {"amount": 5}, id=id), first, "a retry gets the first reply")
    refused(fluvius.Reused, "id_reused", "another payload with its id", client.send, "bank:deposit", target, {"amount": 6}, id=id)
    same(balance(client, target), 5, "it ran once")
    id = fluvius.uuid7()
    rejected = [refused(fluvius.Rejected, "insufficient_funds", "a rejection, and its retry", client.send, "bank:withdraw", target,
                        {"amount": 9}, id=id) for _ in range(2)]
    same(rejected[0], rejected[1], "a retry of a rejection gets it again")


def test_new(client):
    id = fluvius.uuid7()
    first = client.send("bank:open", "account/:new", HOLDER, id=id)
    same(first.identifier, formulas.new_identifier("default", "anonymous", id), "the identifier of a :new follows the formula")
    same(client.send("bank:open", "account", HOLDER, id=id), first, "a retried :new is the same one")
    same(balance(client, "account/" + first.identifier), 0, "it is there")


def test_dry_run(client):
    target = account(client, 100)
    reply = client.send("bank:withdraw", target, {"amount": 30}, dry_run=True)
    same(reply.data["events"], [{"type": "withdrawn", "schema": 1, "data": {"amount": 30}}], "a dry run shows the events")
    same((reply.data["state"]["balance"], reply.data["changes"]), (70, [{"at": "/balance", "from": 100, "to": 70}]),
         "and what they would change")
    same((balance(client, target), len(list(client.events("bank." + target)))), (100, 2), "a dry run changes nothing")


def test_expected(client):
    target = account(client)
    same(client.send("bank:deposit", target, {"amount": 1}, expect=1).version, 2, "the expected version passes")
    same(refused(fluvius.Conflict, "version_conflict", "a stale version", client.send, "bank:deposit", target, {"amount": 1},
                 expect=1).version, 2, "a conflict tells the version")
    refused(fluvius.Conflict, "version_conflict", "nothing expected where something is", client.send, "bank:open", target, HOLDER,
            expect=0)


def test_refusals(client):
    target = account(client)
    faults = refused(fluvius.Invalid, "invalid_data", "bad data", client.send, "bank:deposit", target,
                     {"amount": 0, "note": 7, "more": None}).faults
    same(sorted(fault.at for fault in faults), ["/amount", "/more", "/note"], "every fault of the data is told")
    refused(fluvius.NotFound, "unknown_namespace", "no such namespace", client.send, "bunk:deposit", target)
    refused(fluvius.NotFound, "unknown_command", "no such command", client.send, "bank:rob", target)
    refused(fluvius.NotFound, "unknown_aggregate", "no such account", client.state, "bank.account/nobody")
    refused(fluvius.Invalid, "bad_identifier", "a bad identifier", client.send, "bank:open", "account/a\nb", HOLDER)
    refused(fluvius.Deadline, None, "no time", client.send, "bank:deposit", target, {"amount": 1}, timeout_s=0)
    for value, code in (({"a": 1 << 64}, "bad_number"), ({"a": float("nan")}, "bad_number"), ({1: 1}, "bad_type"),
                        ({"a": "\ud800"}, "bad_utf8"), ({"a": object()}, "bad_type"), ({"a": "x" * (1 << 20)}, "too_long")):
        try:
            fault = client.send("bank:deposit", target, value)
        except fluvius.BadMessage as error:
            fault = error.code
        same(fault, code, f"what cannot be sent is not sent: {code}")
    same(balance(client, target), 0, "refusals change nothing")


# ---- many at once ----

def test_batches(client):
    targets = [account(client) for _ in range(3)]
    requests = [fluvius.command("bank:deposit", targets[n % 3], {"amount": n + 1}) for n in range(3000)]
    replies = client.send_all(requests)
    same([reply.id.bytes for reply in replies], [request["id"] for request in requests], "3,000 requests, replies in order")
    same({reply.status for reply in replies}, {"ok"}, "all were done")
    same([reply.version for reply in replies[::3]], list(range(2, 1002)), "those to one aggregate ran in order")
    same(sum(balance(client, target) for target in targets), 3000 * 3001 // 2, "each once")
    same([reply.status for reply in client.send_all([
        fluvius.command("bank:deposit", targets[0], {"amount": 1}), fluvius.command("bank:withdraw", targets[0], {"amount": 1 << 40}),
        {"op": "state"}, {"op": "health"}])], ["ok", "rejected", "invalid", "ok"], "requests of a frame are independent")
    same([event.version for event in client.events("bank." + targets[0])], list(range(1, 1003)), "events over many pages")


def test_large(client):
    target = account(client)
    requests = [fluvius.command("bank:deposit", target, {"amount": 1, "note": "x" * 140}) for _ in range(1000)]
    requests += [fluvius.command("bank:deposit", target, {"more": "x" * size}) for size in (400000, 400000, 400000, (1 << 20) - 400)]
    same([reply.status for reply in client.send_all(requests)], 1000 * ["ok"] + 4 * ["invalid"], "frames up to the limit")
    with fluvius.Client(client.urls, reply_bytes_max=1024) as small:
        refused(fluvius.Failed, "reply_too_large", "a reply larger than asked for", small.ask, "events", "bank." + target, n=1000)
        same(small.send("bank:deposit", target, {"amount": 1}).version, 1002, "the connection is still good")


# ---- reading ----

def test_log(client):
    partitions = client.health()["partitions"]
    target, id = account(client), fluvius.uuid7()
    reply = client.send("bank:deposit", target, {"amount": 5}, id=id)
    number = formulas.partition("default", "bank", "account", target.partition("/")[2], partitions)
    incarnation, _, place = reply.position.partition(":")
    same(place.partition(".")[0], str(number), "the partition follows the formula")
    records = list(client.log(number))
    same([record.seq for record in records], list(range(1, len(records) + 1)), "the log has no gaps")
    last = records[-1]
    same((last.command_id, last.type, last.version, last.status), (id, "deposited", 2, "ok"), "its end is what was done last")
    same(formulas.position(int(incarnation, 16), number, last.seq), reply.position, "the position is its place in the log")
    refused(fluvius.Rejected, "insufficient_funds", "one more", client.send, "bank:withdraw", target, {"amount": 9})
    record, = client.log(number, last.seq)
    same((record.type, record.data, record.command, record.status),
         (None, {"code": "insufficient_funds", "msg": "the balance is 5"}, "withdraw", "rejected"),
         "the log has what was decided without an event, too")
    refused(fluvius.NotFound, "unknown_partition", "a partition that is not there", lambda: list(client.log(partitions)))


def test_about(client):
    health = client.health()
    same((health["status"], health["unowned"], health["alarms"]), ("ok", 0, []), "health")
    described = {domain["namespace"]: domain for domain in client.describe()}
    same(sorted(described), ["bank", "fluvius", "generic-object"], "describe has the domains")
    same([command["name"] for command in described["bank"]["resources"][0]["commands"]], ["open", "deposit", "withdraw", "close"],
         "and their commands")
    tap.check("# TYPE fluvius_requests_total counter" in client.metrics(), "metrics")


# ---- the event bus ----

def test_subscriber(client, url):
    target = account(client)
    heard, heads = [], {}
    with fluvius.Subscriber(url) as bus:
        while not heads:
            heads.update(next(bus)[0])
        client.listen()
        sent = [client.send("bank:deposit", target, {"amount": n}) for n in (1, 2, 3)]
        until = time.monotonic() + 10
        place = sent[-1].position.partition(":")[2]
        number, seq = (int(part) for part in place.split("."))
        while (len(heard) < 3 or heads.get(number, 0) < seq) and time.monotonic() < until:
            news, records = next(bus)
            heads.update(news)
            heard += [record for record in records if record.identifier == target.partition("/")[2]]
    same([(record.command_id, record.type, record.data["amount"], record.version) for record in heard],
         [(reply.id, "deposited", n, n + 1) for n, reply in enumerate(sent, 1)], "the event bus has the records, in order")
    same(heads.get(number), seq, "and the heads")


def test_follow(client, url):
    """Everything from the beginning and what comes meanwhile, each record once."""
    partitions = client.health()["partitions"]
    target = account(client, 1)
    total = sum(len(list(client.log(number))) for number in range(partitions))
    followed = fluvius.follow(client, url)
    records = list(itertools.islice(followed, total))
    with fluvius.Client(client.urls) as other:
        other.send_all([fluvius.command("bank:deposit", target, {"amount": 1}) for _ in range(500)])
    records += itertools.islice(followed, 500)
    followed.close()
    by_partition = {number: [record.seq for record in records if record.partition == number] for number in range(partitions)}
    tap.check(all(seqs == list(range(1, len(seqs) + 1)) for seqs in by_partition.values()),
              f"following gives all {len(records)} records once, in order", by_partition)
    same(records[-1].version, 502, "down to the last")
    seen = {number: len(seqs) for number, seqs in by_partition.items()}
    client.send("bank:deposit", target, {"amount": 1})
    same(next(fluvius.follow(client, url, seen)).version, 503, "following goes on where it was")


# ---- trouble ----

def test_brokers(client):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        dead = "tcp://127.0.0.1:%d" % unused.getsockname()[1]
    with fluvius.Client([dead] + client.urls) as other:
        same(other.health()["status"], "ok", "a list of brokers, one of them dead")
    refused(fluvius.Deadline, None, "no broker at all", fluvius.Client(dead, timeout_s=0.3).health)
    with Peer(connection.PUB, b"") as peer:
        refused(fluvius.Deadline, None, "something else than a broker", fluvius.Client(peer.url, timeout_s=0.3).health)


def test_unix_socket():
    """A broker alone, that listens on files."""
    with tempfile.TemporaryDirectory() as directory:
        bus, events = (f"ipc://{directory}/{name}" for name in ("bus", "events"))
        broker = subprocess.Popen([tool("fluvius-broker"), "--bus", bus, "--events", events], stderr=subprocess.DEVNULL)
        with fluvius.Client(bus, timeout_s=20) as client:
            same(client.health()["alarms"], ["no shard has announced itself"], "a Unix socket")
        fluvius.Subscriber(events).close()
        broker.terminate()
        same(broker.wait(20), 0, "the broker stops")


def test_broker_killed(platform, client):
    """Killed again and again while commands are on their way: each runs once."""
    target = account(client)
    replies = []
    for _ in range(6):
        while (pid := platform.children().get("broker")) is None:
            time.sleep(0.01)
        kill = threading.Timer(0.005, os.kill, (pid, signal.SIGKILL))
        kill.start()
        replies += client.send_all([fluvius.command("bank:deposit", target, {"amount": 1}) for _ in range(1000)], timeout_s=30)
        kill.join()
    same({reply.status for reply in replies}, {"ok"}, f"{len(replies)} commands while the broker was killed 6 times")
    same(balance(client, target), len(replies), "each ran once")
    same(sorted(reply.version for reply in replies), list(range(2, len(replies) + 2)), "each got its own reply")


def test_tokens():
    with tempfile.NamedTemporaryFile("w") as file:  # for its owner alone, as it must be
        file.write("sesame ada shop clerk\n")
        file.flush()
        with Platform("--token-file", file.name) as platform:
            refused(fluvius.Denied, "unauthenticated", "no token", fluvius.Client(platform.bus).health)
            refused(fluvius.Denied, "unauthenticated", "a wrong token", fluvius.Client(platform.bus, "sesam").health)
            with fluvius.Client(platform.bus, "sesame") as client:
                id = fluvius.uuid7()
                reply = client.send("bank:open", "account", HOLDER, id=id)
                same(reply.identifier, formulas.new_identifier("shop", "ada", id), "user and realm come from the token")
                record, = client.events("bank.account/" + reply.identifier)
                same((record.user, record.realm), ("ada", "shop"), "and stand in the record")


def main():
    test_vectors()
    test_sources()
    with Platform() as platform, fluvius.Client(platform.bus) as client:
        test_example(platform)
        test_commands(client)
        test_retry(client)
        test_new(client)
        test_dry_run(client)
        test_expected(client)
        test_refusals(client)
        test_batches(client)
        test_large(client)
        test_log(client)
        test_about(client)
        test_subscriber(client, platform.events)
        test_follow(client, platform.events)
        test_brokers(client)
        test_broker_killed(platform, client)
    test_unix_socket()
    test_tokens()
    tap.end()


if __name__ == "__main__":
    main()
