#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Bad input over the socket: each gets an answer that names its fault, others are served, and nothing is changed."""
import contextlib
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import urllib.request
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "faults")]
from faults import Faults
from wire import CLOSED, Wire, command, frame, greeting, is_closed, pack, plain, wait_for
import fluvius
from fluvius.connection import REP, SUB
from platform_under_test import Platform, Tap, tool

tap = Tap()
HOLDER = {"holder": {"given": "Ada", "family": "Lovelace"}}
FRAME_BYTES = 1 << 20
SEED = 20260412


def same(found, wanted, name):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r}")


def deposit(target, **entries):
    """A good deposit of 1, with entries replaced, or left out where they are None."""
    request = {**command("bank:deposit", target, {"amount": 1}), **entries}
    return {key: value for key, value in request.items() if value is not None}


def picture(client, targets):
    """All that could have changed: states, and the heads of every partition."""
    heads = [client.ask("log", p=number, n=1, **{"from": 1 << 60}).data["head"]
             for number in range(client.health()["partitions"])]
    return [client.state("bank." + target).data for target in targets], heads


@contextlib.contextmanager
def unchanged(client, targets, name):
    before = picture(client, targets)
    yield
    same(picture(client, targets), before, f"{name}: nothing changed")


# ---- frames that cannot be read ----

class Raw(bytes):
    """Bytes that stand for themselves in what `spell` writes."""


def spell(value):
    """msgpack in which Raw is copied, so that faults can be put anywhere; lists of pairs are maps."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return bytes([0x80 | len(value)]) + b"".join(spell(key) + spell(item) for key, item in value)
    if isinstance(value, list):
        return bytes([0x90 | len(value)]) + b"".join(spell(item) for item in value)
    if isinstance(value, dict):
        return spell(list(value.items())) if value else b"\x80"
    return pack(value)


def with_data(target, data):
    """A frame whose one deposit has these bytes as its data."""
    return spell({"v": 1, "t": "req", "q": [{**command("bank:deposit", target), "data": Raw(data)}]})


def bad_bytes(target):
    good = frame(deposit(target))
    yield "no byte at all", b"", "truncated"
    yield "a byte too many", good + b"\xc0", "trailing_bytes"
    yield "two frames in one", good + good, "trailing_bytes"
    for name, head in (("an array", "ddff000000"), ("a text", "dbff000000"), ("bytes", "c6ff000000")):
        yield f"a size bomb of {name}", bytes.fromhex(head), "truncated"
        yield f"a size bomb of {name}, in data", with_data(target, b"\x81\xa1a" + bytes.fromhex(head)), "truncated"
    yield "a size bomb of a map", bytes.fromhex("dfff000000"), "too_long"
    yield "a count of requests that is not there", spell([("v", 1), ("t", "req"), ("q", Raw(bytes.fromhex("dc0400")))]), "truncated"
    yield "a depth bomb", b"\x91" * 100000, "too_deep"
    yield "data nested 33 deep", with_data(target, b"\x81\xa1a" + b"\x91" * 29 + b"\xc0"), "too_deep"
    yield "a map of 1,025 entries", with_data(
        target, b"\xde\x04\x01" + b"".join(pack(str(n)) + b"\xc0" for n in range(1025))), "too_long"
    yield "a key twice in the frame", spell([("v", 1), ("t", "req"), ("v", 1), ("q", [deposit(target)])]), "duplicate_key"
    yield "a key twice in a request", spell({"v": 1, "t": "req", "q": [list(deposit(target).items()) + [("ns", "bank")]]}), \
        "duplicate_key"
    yield "a key twice in data", with_data(target, b"\x82\xa1a\x01\xa1a\x02"), "duplicate_key"
    yield "a key that is no text", with_data(target, b"\x81\x01\x02"), "bad_type"
    for name, text in (("overlong", b"\xc0\x80"), ("surrogate", b"\xed\xa0\x80"), ("above U+10FFFF", b"\xf4\x90\x80\x80"),
                       ("cut short", b"\xe2\x82"), ("a lone continuation", b"\x80")):
        wrong = bytes([0xA0 | len(text)]) + text
        yield f"text not UTF-8 in data: {name}", with_data(target, b"\x81\xa4note" + wrong), "bad_utf8"
        yield f"text not UTF-8 in a key: {name}", with_data(target, b"\x81" + wrong + b"\x01"), "bad_utf8"
        yield f"text not UTF-8 in an identifier: {name}", spell(
            {"v": 1, "t": "req", "q": [{**deposit(target), "agg": Raw(wrong)}]}), "bad_utf8"
    for name, number in (("NaN", b"\xcb\x7f\xf8" + bytes(6)), ("infinity", b"\xcb\x7f\xf0" + bytes(6)), ("short NaN", b"\xca\x7f\xc0\0\0")):
        yield f"{name} in data", with_data(target, b"\x81\xa6amount" + number), "bad_number"
    yield "an extension type", with_data(target, b"\x81\xa6amount\xd4\x05\x01"), "bad_type"
    yield "the byte c1", with_data(target, b"\x81\xa6amount\xc1"), "bad_type"


def bad_heads(target):
    """(name, frame, code, the key that the message names)"""
    one = deposit(target)
    yield "an array for a frame", pack([1, "req"]), "bad_type", ""
    yield "protocol version 2", frame(one, v=2), "bad_version", "v"
    yield "protocol version 0", frame(one, v=0), "bad_version", "v"
    yield "protocol version 2^64-1", frame(one, v=(1 << 64) - 1), "bad_version", "v"
    yield "protocol version 2, all else unknown", pack({"q": 7, "v": 2, "t": 8}), "bad_version", "v"
    yield "a version that is text", frame(one, v="1"), "bad_version", "v"
    yield "no version", frame(one, v=None), "missing_field", "v"
    yield "no type", frame(one, t=None), "missing_field", "t"
    yield "a type nobody knows", frame(one, t="reply"), "out_of_range", "t"
    yield "a type that is a number", frame(one, t=1), "bad_type", "t"
    yield "no requests", pack({"v": 1, "t": "req"}), "missing_field", "q"
    yield "requests that are a map", pack({"v": 1, "t": "req", "q": one}), "bad_type", "q"
    yield "a count of 0", frame(), "out_of_range", "q"
    yield "1,025 requests", frame(*[{"op": "health"}] * 1025), "too_long", "q"
    yield "a token that is a number", frame(one, tok=5), "bad_type", "tok"
    yield "a max of 1,023", frame(one, max=1023), "out_of_range", "max"
    yield "a negative max", frame(one, max=-1), "out_of_range", "max"
    yield "a max that is text", frame(one, max="all"), "bad_type", "max"
    yield "a max too small for its requests", frame(*[one] * 20, max=96 * 21 - 1), "out_of_range", "max"


def refused_whole(answer, code, key, name):
    good = (isinstance(answer, dict) and set(answer) == {"v", "st", "code", "msg"} and answer["st"] == "invalid" and
            answer["code"] == code and answer["msg"].startswith(key + ": " if key else ""))
    return tap.check(good, f"{name}: {code}", answer)


def test_frames(wire, target):
    for name, data, code in bad_bytes(target):
        refused_whole(wire.ask(data), code, "", name)
    for name, data, code, key in bad_heads(target):
        refused_whole(wire.ask(data), code, key, name)


def test_truncated(wire, target):
    good = frame(deposit(target), {"op": "health"}, tok="x", max=4096)
    answers = [wire.ask(good[:size]) for size in range(len(good))]
    tap.check(all(answer == answers[0] and answer["code"] == "truncated" for answer in answers),
              f"cut short at each of {len(good)} bytes: truncated", answers[:3])


def test_mutations(wire):
    """A frame that could do nothing with one to eight of its bytes changed: always an answer."""
    numbers = random.Random(SEED)
    good = frame({**command("zzzzzzzz:deposit", "account/a", {"amount": 5, "note": "x"}), "exp": 3, "dry": True, "tp": "t", "ms": 9999},
                 {"op": "state", "ns": "zzzzzzzz", "res": "account", "agg": "a", "ver": 3}, {"op": "log", "p": 3, "n": 2}, max=65536)
    answered = 0
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(numbers.randint(1, 8)):
            data[numbers.randrange(len(data))] = numbers.choice((0, 0x7F, 0x80, 0xC1, 0xDD, 0xFF, numbers.randrange(256)))
        answer = wire.ask(bytes(data))
        answered += isinstance(answer, dict) and ("r" in answer) != ("code" in answer)
    same(answered, 3000, f"3,000 frames with changed bytes, seed {SEED}: an answer to each")


# ---- requests that cannot be read ----

def bad_requests(target):
    """(name, request, code, key)"""
    for key in ("id", "ns", "cmd", "res"):
        yield f"no {key}", deposit(target, **{key: None}), "missing_field", key
    for key in ("ns", "res", "agg"):
        request = {"op": "state", "ns": "bank", "res": "account", "agg": "a"}
        del request[key]
        yield f"a state without {key}", request, "missing_field", key
    yield "a log without its partition", {"op": "log"}, "missing_field", "p"
    names = {"empty": "", "a NUL": "a\0b", "a line feed": "a\n", "an escape": "\x1b[2J", "a DEL": "a\x7f", "a slash": "a/b",
             "a colon first": ":new", "a tilde first": "~a", "257 bytes": "x" * 257, "257 bytes of wide text": "é" * 129}
    for key in ("ns", "cmd", "res", "agg"):
        for what, text in names.items():
            yield f"{key}: {what}", deposit(target, **{key: text}), "bad_identifier", key
        yield f"{key} that is a number", deposit(target, **{key: 7}), "bad_type", key
        yield f"{key} that is bytes", deposit(target, **{key: b"bank"}), "bad_type", key
    yield "an id of 15 bytes", deposit(target, id=bytes(15)), "bad_uuid", "id"
    yield "an id of 17 bytes", deposit(target, id=bytes(17)), "bad_uuid", "id"
    yield "an id that is text", deposit(target, id=str(uuid.uuid4())), "bad_type", "id"
    yield "data that is a list", deposit(target, data=[1]), "bad_type", "data"
    yield "data that is text", deposit(target, data="{}"), "bad_type", "data"
    yield "an operation nobody knows", {"op": "drop"}, "out_of_range", "op"
    yield "an operation that is a number", {"op": 0}, "bad_type", "op"
    for key, at in (("exp", {}), ("ms", {}), ("ver", {"op": "state"}), ("from", {"op": "events"}), ("n", {"op": "events"}),
                    ("p", {"op": "log"})):
        yield f"a negative {key}", deposit(target, **{**at, key: -1}), "out_of_range", key
        yield f"{key} that is text", deposit(target, **{**at, key: "1"}), "bad_type", key
        yield f"{key} that is a double", deposit(target, **{**at, key: 1.0}), "bad_type", key
    yield "exp above 63 bits", deposit(target, exp=1 << 63), "out_of_range", "exp"
    yield "p above 32 bits", {"op": "log", "p": 1 << 32}, "out_of_range", "p"
    yield "an n of 0", {"op": "log", "p": 1, "n": 0}, "out_of_range", "n"
    yield "dry that is a number", deposit(target, dry=1), "bad_type", "dry"
    yield "a trace context of 257 bytes", deposit(target, tp="0" * 257), "too_long", "tp"
    yield "a token that is bytes", deposit(target, tok=b"x"), "bad_type", "tok"


def refused_request(answer, code, key, name):
    good = (answer.get("st") == "invalid" and answer.get("code") == code and bool(answer.get("msg")) and
            [(fault["at"], fault["code"]) for fault in answer.get("errs", ())] == [("/" + key, code)])
    return tap.check(good, f"{name}: {code}", answer)


def test_requests(wire, target):
    """All in one frame, with good ones between."""
    cases = list(bad_requests(target))
    requests = [part for case in cases for part in (case[1], {"op": "state", "ns": "bank", "res": "account", "agg": target[8:]})]
    answers = wire.ask(frame(*requests))["r"]
    for (name, _, code, key), answer in zip(cases, answers[::2]):
        refused_request(answer, code, key, name)
    for key in ("ns", "cmd", "res", "agg", "data", "exp", "dry"):
        refused_request(wire.ask(spell({"v": 1, "t": "req", "q": [{**deposit(target), key: Raw(b"\xc0")}]}))["r"][0], "bad_type", key,
                        f"nil for {key}")
    refused_request(wire.ask(spell({"v": 1, "t": "req", "q": [7]}))["r"][0], "bad_type", "", "a number for a request")
    tap.check(all(answer["st"] == "ok" for answer in answers[1::2]), "the good ones of that frame are answered")


# ---- requests that do not fit the domains ----

def test_names(wire, target):
    for name, request, code in (
            ("namespace", deposit(target, ns="bunk"), "unknown_namespace"),
            ("resource", deposit(target, res="acount"), "unknown_resource"),
            ("command", deposit(target, cmd="rob"), "unknown_command"),
            ("command in other letters", deposit(target, cmd="Deposit"), "unknown_command"),
            ("aggregate", deposit("account/nobody"), "unknown_aggregate"),
            ("aggregate, for its state", {"op": "state", "ns": "bank", "res": "account", "agg": "nobody"}, "unknown_aggregate"),
            ("aggregate, for its events", {"op": "events", "ns": "bank", "res": "account", "agg": "nobody"}, "unknown_aggregate"),
            ("version", {"op": "state", "ns": "bank", "res": "account", "agg": target[8:], "ver": 99}, "unknown_version"),
            ("partition", {"op": "log", "p": 1 << 31}, "unknown_partition")):
        answer = wire.ask(frame(request))["r"][0]
        same((answer["st"], answer["code"], bool(answer["msg"])), ("not_found", code, True), f"unknown {name}: {code}")


def test_data(wire, target):
    """Faults of one command are told together, each with its path."""
    name = {"family": "", "given": 7, "title": "x" * 51, "nick": "J"}
    cases = (
        ("a deposit of nothing", "bank:deposit", target, {}, {"/amount": "required"}),
        ("a deposit of -5 and more", "bank:deposit", target, {"amount": -5, "note": "x" * 141, "to": "me"},
         {"/amount": "below_minimum", "/note": "too_long", "/to": "unknown_field"}),
        ("an amount that is no number", "bank:deposit", target, {"amount": "12x"}, {"/amount": "expected_integer"}),
        ("an amount that is a double", "bank:deposit", target, {"amount": 1.5}, {"/amount": "expected_integer"}),
        ("an amount that is true", "bank:deposit", target, {"amount": True}, {"/amount": "expected_integer"}),
        ("an amount that is nil", "bank:deposit", target, {"amount": None}, {"/amount": "required"}),
        ("an amount above 63 bits", "bank:deposit", target, {"amount": 1 << 63}, {"/amount": "above_maximum"}),
        ("an amount above 63 bits, as text", "bank:deposit", target, {"amount": str(1 << 63)}, {"/amount": "above_maximum"}),
        ("a holder that is text, a currency that is none", "bank:open", "account/x", {"holder": "Ada", "currency": "XXX"},
         {"/holder": "expected_map", "/currency": "not_in_enum"}),
        ("a holder without names", "bank:open", "account/x", {"holder": {}},
         {"/holder/given": "required", "/holder/family": "required"}),
        ("an economist with much amiss", "generic-object:create-object", "people-economist/x",
         {"name": name, "birthdate": "1883-02-30"},
         {"/name/family": "too_short", "/name/given": "expected_text", "/name/title": "too_long", "/name/nick": "unknown_field",
          "/name/middle": "required", "/birthdate": "expected_date", "/job": "required"}))
    for what, name, where, data, wanted in cases:
        answer = wire.ask(frame(command(name, where, data)))["r"][0]
        found = {fault["at"]: fault["code"] for fault in answer.get("errs", ())}
        same((answer["st"], answer["code"], found), ("invalid", "invalid_data", wanted), f"{what}: {len(wanted)} faults")
    data = {"amount": 1, **{f"f{n}": n for n in range(1000)}}
    answer = wire.ask(frame(command("bank:deposit", target, data)))["r"][0]
    same((answer["code"], len(answer["errs"])), ("invalid_data", 32), "of 1,000 faults 32 are told")


def test_ids(wire, target):
    """Ids of the wrong time; a deadline that is over."""
    now_ms = int.from_bytes(fluvius.uuid7().bytes[:6], "big")
    for name, shift_ms, status, code in (("6 minutes ahead", 360000, "invalid", "id_in_future"),
                                         ("of the year 10000", 253402300800000 - now_ms, "invalid", "id_in_future"),
                                         ("8 days old", -8 * 86400000, "expired", "id_expired"),
                                         ("of 1970", -now_ms, "expired", "id_expired")):
        answer = wire.ask(frame(deposit(target, id=fluvius.uuid7(now_ms + shift_ms).bytes)))["r"][0]
        same((answer["st"], answer["code"]), (status, code), f"an id {name}: {code}")
    answers = [wire.ask(frame(deposit(target, ms=0)))["r"][0] for _ in range(50)]
    same({(answer["st"], answer.get("code")) for answer in answers}, {("deadline", "deadline")}, "no time left: deadline, not run")


# ---- decided without a change of state ----

def test_decided(wire, client):
    """A reused id leaves no trace; a conflict and a rejection leave a receipt and no more."""
    target = account(client, 5)
    before = client.state("bank." + target)
    used = deposit(target, exp=2)
    same(wire.ask(frame(used))["r"][0]["st"], "ok", "a deposit with the version it expects")
    for name, change in (("another amount", {"data": {"amount": 2}}), ("another command", {"cmd": "withdraw"}),
                         ("another expected version", {"exp": 3}), ("no expected version", {"exp": None})):
        answer = wire.ask(frame({key: value for key, value in {**used, **change}.items() if value is not None}))["r"][0]
        same((answer["st"], answer["code"]), ("reused", "id_reused"), f"a used id with {name}: reused")
    same(wire.ask(frame({**used, "ms": 777, "tp": "other"}))["r"][0]["st"], "ok", "with another deadline and trace it is a retry")
    for version in (0, 1, 2, 99):
        answer = wire.ask(frame(deposit(target, exp=version)))["r"][0]
        same((answer["st"], answer["code"], answer["ver"]), ("conflict", "version_conflict", 3), f"version {version} where 3 is: conflict")
    after = client.state("bank." + target)
    same((after.version, after.data["balance"]), (before.version + 1, before.data["balance"] + 1), "only the first changed the state")


def account(client, balance=0):
    target = "account/s-" + uuid.uuid4().hex
    client.send("bank:open", target, HOLDER)
    if balance:
        client.send("bank:deposit", target, {"amount": balance})
    return target


# ---- connections ----

def test_large_frames(url, target):
    """The limit is a megabyte, to the byte."""
    def padded(size):
        bare = spell([("v", 1), ("t", "req"), ("pad", Raw(b"\xc6\0\0\0\0")), ("q", [{"op": "health"}])])
        fill = size - len(bare)
        return bare.replace(b"\xc6\0\0\0\0", b"\xc6" + fill.to_bytes(4, "big") + bytes(fill))
    with Wire(url) as wire:
        answer = wire.ask(padded(FRAME_BYTES))
        tap.check(answer is not CLOSED and answer["r"][0]["st"] == "ok", "a frame of exactly 1 MiB is taken", answer)
        same(wire.ask(padded(FRAME_BYTES + 1)), CLOSED, "one byte more closes the connection")
    for name, length in (("8 EiB", (1 << 63) - 1), ("16 EiB", (1 << 64) - 1), ("2 GiB", 1 << 31), ("3 bytes", 3), ("0 bytes", 0)):
        with plain(url) as sock:
            sock.sendall(greeting(0x30) + struct.pack(">Q", length) + b"\x80\0\0")
            tap.check(is_closed(sock), f"a message that says it has {name} closes the connection")


def test_greetings(url, events):
    for name, data in (("an HTTP request", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ("another SP version", b"\0SP\x01\0\x30\0\0"),
                       ("a reply socket", greeting(REP)), ("a subscriber", greeting(SUB)), ("zeros", bytes(8))):
        with plain(url) as sock:
            sock.sendall(data)
            tap.check(is_closed(sock), f"greeted by {name}: closed")
    with plain(events) as sock:
        sock.sendall(greeting(SUB) + struct.pack(">Q", 5) + b"hello")
        tap.check(is_closed(sock), "a subscriber that speaks is closed")
    with plain(events) as sock:
        sock.sendall(greeting(SUB) + struct.pack(">Q", 1 << 30) + b"x")
        tap.check(is_closed(sock), "a subscriber that announces 1 GiB is closed")


def test_work(url, client, tokens, name):
    """Frames of work from who is no shard: refused, and the shards stay."""
    shards = {shard["name"] for shard in client.health()["shards"]}
    head = {"v": 1, "t": "work", "shard": "mallory", "boot": 1, "parts": 16, "own": [[n, 1 << 40] for n in range(16)]}
    with Wire(url) as wire:
        for what, token in tokens.items():
            answer = wire.ask(pack({**head, "tok": token} if token else head))
            same((answer.get("st"), answer.get("code")), ("denied", "unauthenticated"), f"{name}: work with {what}: denied")
        for key in ("shard", "boot"):
            answer = wire.ask(pack({k: value for k, value in head.items() if k != key}))
            same(answer.get("st"), "invalid", f"{name}: work without {key}: invalid")
        answer = wire.ask(pack({"v": 1, "t": "work"})[:-1])
        same(answer.get("code"), "truncated", f"{name}: work cut short: truncated")
    same({shard["name"] for shard in client.health()["shards"]}, shards, f"{name}: the shards are who they were")


# ---- other platforms ----

def test_tokens():
    with tempfile.NamedTemporaryFile("w") as file:  # for its owner alone, as it must be
        file.write("sesame ada default clerk\nother bob elsewhere\nengine ghost default service\n")
        file.flush()
        with Platform("--token-file", file.name) as platform, fluvius.Client(platform.bus, "engine") as client:
            target = account(client, 5)
            with unchanged(client, [target], "tokens"), Wire(platform.bus) as wire:
                state = {"op": "state", "ns": "bank", "res": "account", "agg": target[8:]}
                operations = [deposit(target), state, {**state, "op": "events"}, {"op": "log", "p": 0}, {"op": "describe"},
                              {"op": "health"}, {"op": "metrics"}]
                for name, head in (("no token", {}), ("a wrong token", {"tok": "sesam"}), ("an empty token", {"tok": ""}),
                                   ("a token with more behind", {"tok": "sesame\n"}), ("a user for a token", {"tok": "ada"})):
                    answers = wire.ask(frame(*operations, **head))["r"]
                    same({(answer["st"], answer["code"]) for answer in answers}, {("denied", "unauthenticated")},
                         f"{name}: every operation is denied")
                answers = wire.ask(frame({**state, "tok": "sesam"}, state, {**state, "tok": "other"}, tok="sesame"))["r"]
                same([answer["st"] for answer in answers], ["denied", "ok", "not_found"], "a request's own token counts; realms are apart")
                answer = wire.ask(frame({"op": "log", "p": 0}, tok="sesame"))["r"][0]
                same((answer["st"], answer["code"]), ("denied", "service_only"), "the log of all realms is for services")
                with open(platform.log, encoding="utf-8") as log:
                    tap.check("sesam" not in log.read(), "no token is in the log")
            test_work(platform.bus, client, {"no token": None, "a user's token": "sesame", "a wrong token": "sesam"}, "token file")


def test_alone():
    """A broker without shards: what waits is bounded in time and in frames."""
    ready, told = os.pipe()
    with subprocess.Popen([tool("fluvius-broker"), "--bus", "tcp://127.0.0.1:0", "--events", "tcp://127.0.0.1:0", "--parked-ms", "1500",
                           "--parked-commands", "40"], stderr=subprocess.DEVNULL, pass_fds=[told],
                          env=dict(os.environ, FLUVIUS_READY_FD=str(told))) as broker:
        _, url, _ = os.read(ready, 1000).decode().split()
        with Wire(url) as wire:
            answer = wire.ask(frame(deposit("account/a"), {"op": "describe"}, {"op": "log", "p": 3}))["r"]
            same([(part["st"], part.get("code")) for part in answer], [("unavailable", "no_shard"), ("ok", None), ("unavailable", "no_query")],
                 "no shard: unavailable, after the time it may wait")
            tap.check(answer[0]["ms"] > 0, "it says when to try again", answer)
            answer = wire.ask(frame(deposit("account/a", ms=50)))["r"][0]
            same((answer["st"], answer["code"]), ("deadline", "deadline"), "no shard within a shorter deadline: deadline")
            answer = wire.ask(frame(*[deposit("account/a") for _ in range(50)]))["r"]
            same([part.get("code") for part in answer], 40 * ["no_shard"] + 10 * ["broker_full"], "more than may wait: broker_full")
            numbers = [wire.send(frame(deposit("account/a"))) for _ in range(33)]
            answers = dict(wire.receive() for _ in numbers)
            same((answers[numbers[32]].get("st"), answers[numbers[32]].get("code")), ("busy", "too_many_frames"),
                 "a 33rd unanswered frame: too_many_frames")
            same({answers[number]["r"][0]["code"] for number in numbers[:32]}, {"no_shard"}, "the other 32 are answered")
        broker.terminate()


def full_mailboxes(platform):
    """How many commands found their aggregate's mailbox full, by the shards' count."""
    with urllib.request.urlopen(platform.http + "/metrics") as answer:
        return sum(float(value) for value in
                   re.findall(r'^fluvius_shard_requests_total\{[^}]*status="busy"[^}]*\} (\S+)$', answer.read().decode(), re.M))


def test_full_mailbox():
    """While a commit is on its way, and a batch holds one record, commands wait for their aggregate."""
    faults = Faults()
    with Platform(environment={"FLUVIUS_BATCH_RECORDS": "1", **faults.environment}) as platform, \
            fluvius.Client(platform.bus) as client:
        target, other = account(client), account(client)
        with Wire(platform.bus) as wire:
            frames = [frame(*[deposit(target) for _ in range(1000)]) for _ in range(6)]
            faults.on("hold-sync")
            for data in frames:
                wire.send(data)
            tap.check(wait_for(lambda: full_mailboxes(platform) > 0), "commands are refused while those before them wait")
            faults.off("hold-sync")
            same(client.send("bank:deposit", other, {"amount": 3}).version, 2, "another aggregate is served meanwhile")
            answers = [answer for _ in frames for answer in wire.receive()[1]["r"]]
        found = {(answer["st"], answer.get("code")) for answer in answers}
        same(found, {("ok", None), ("busy", "mailbox_full")}, "6,000 commands for one aggregate: some are told that its mailbox is full")
        tap.check(all(answer["ms"] > 0 for answer in answers if answer["st"] == "busy"), "they are told when to try again")
        done = sum(answer["st"] == "ok" for answer in answers)
        tap.note(f"{done} done, {len(answers) - done} refused")
        same(client.state("bank." + target).data["balance"], done, "those that were refused did not run")


def main():
    with Platform() as platform, fluvius.Client(platform.bus) as client:
        target = account(client, 5)
        with unchanged(client, [target], "frames"), Wire(platform.bus) as wire:
            test_frames(wire, target)
            test_truncated(wire, target)
            test_mutations(wire)
        with unchanged(client, [target], "requests"), Wire(platform.bus) as wire:
            test_requests(wire, target)
            test_names(wire, target)
            test_data(wire, target)
            test_ids(wire, target)
        with unchanged(client, [target], "connections"):
            test_large_frames(platform.bus, target)
            test_greetings(platform.bus, platform.events)
            test_work(platform.bus, client, {"no token": None, "a wrong token": "x"}, "no token file")
        with Wire(platform.bus) as wire:
            test_decided(wire, client)
    test_tokens()
    test_alone()
    test_full_mailbox()
    tap.end()


if __name__ == "__main__":
    main()
