#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The platform over HTTP: commands, reads, metadata, conditions, retries, bad input, slow clients, credentials."""
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from platform_under_test import Platform, Tap, tool
from web import Answer, Connection, Web, request

tap = Tap()
HOLDER = {"holder": {"given": "Ada", "family": "Lovelace"}}
ECONOMIST = {"name": {"family": "Keynes", "given": "John", "middle": "Maynard"}, "birthdate": "1883-06-05",
             "job": "Economist"}


def same(found, wanted, name, detail=""):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r} {detail!r}")


def refused(answer, status, code, name, kind=None):
    """A problem with its status, its stable code and its type."""
    good = (isinstance(answer, Answer) and answer.status == status and answer.code == code and
            answer.fields.get("content-type") == "application/problem+json" and answer.kind is not None and
            answer.json["status"] == status and bool(answer.json["errmesg"]) and kind in (None, answer.kind))
    return tap.check(good, f"{name}: {status} {code}", answer)


def account(web, balance=0):
    """A new account's identifier."""
    identifier = "t-" + uuid.uuid4().hex
    answer = web.post(f"/bank:open/account/{identifier}", HOLDER)
    assert answer.status == 200, answer
    if balance:
        answer = web.post(f"/bank:deposit/account/{identifier}", {"amount": balance})
        assert answer.status == 200, answer
    return identifier


def state(web, identifier):
    answer = web.get(f"/bank.account/{identifier}")
    return answer.json["data"] if answer.status == 200 else answer.status


def uuid7(shift_s=0):
    """A version 7 UUID made at a time before or after now."""
    value = (int((time.time() + shift_s) * 1000) << 80) | (uuid.uuid4().int & ((1 << 80) - 1))
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


# ---- commands ----

def test_commands(web):
    identifier = "ada-" + uuid.uuid4().hex
    answer = web.post(f"/bank:open/account/{identifier}", HOLDER)
    same((answer.status, answer.json), (200, {"data": {"_id": identifier, "_etag": "1"}, "status": "OK"}),
         "open answers identifier and version")
    same((answer.fields.get("etag"), answer.fields.get("content-type")), ('"1"', "application/json"),
         "ETag is the version")
    tap.check(bool(answer.fields.get("fluvius-position")), "a position token comes back", answer)
    same((answer.fields.get("cache-control"), answer.fields.get("x-content-type-options")), ("no-store", "nosniff"),
         "answers are not stored and not guessed at")
    answer = web.post(f"/bank:deposit/account/{identifier}/", {"amount": 500, "note": "été ☃"})
    same((answer.status, answer.fields.get("etag")), (200, '"2"'), "deposit, with a slash at the end")
    same(state(web, identifier), {"balance": 500, "currency": "EUR", "holder": HOLDER["holder"], "status": "open",
                                  "_id": identifier, "_etag": "2"}, "state shows what was done")
    refused(web.post(f"/bank:withdraw/account/{identifier}", {"amount": 501}), 422, "insufficient_funds",
            "a business rule speaks in its own words", "rejected")
    same(state(web, identifier)["balance"], 500, "a rejection changes nothing")


def test_new(web):
    key = uuid7()
    answer = web.post("/bank:open/account/:new", HOLDER, fields={"Idempotency-Key": key})
    identifier = answer.json["data"]["_id"]
    same((answer.status, answer.fields.get("location")), (200, f"/bank.account/{identifier}"), "new tells its Location")
    same(web.get(answer.fields["location"]).json["data"]["_id"], identifier, "Location can be followed")
    again = web.post("/bank:open/account/:new", HOLDER, fields={"Idempotency-Key": key})
    same((again.status, again.json), (200, answer.json), "a retried new is the same one")
    other = web.post("/bank:open/account/:new", HOLDER)
    tap.check(other.json["data"]["_id"] != identifier, "another new is another one", other)


def test_empty_body(web):
    identifier = account(web)
    answer = web.ask("POST", f"/bank:close/account/{identifier}")
    same((answer.status, state(web, identifier)["status"]), (200, "closed"), "no body is an empty object")


def test_chunked(web):
    identifier = account(web)
    with Connection(web.server) as connection:
        connection.send(request("POST", f"/bank:deposit/account/{identifier}", None,
                                {"Content-Type": "application/json; charset=utf-8", "Transfer-Encoding": "chunked"}))
        for piece in (b'{"am', b'ount"', b":7}"):
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")
        answer = connection.read()
        same((answer.status, state(web, identifier)["balance"]), (200, 7), "a chunked body is taken")
        same(connection.ask("GET", "/livez").status, 200, "the connection stays open")


def test_dry_run(web):
    identifier = account(web, 100)
    before = state(web, identifier)
    answer = web.post(f"/bank:withdraw/account/{identifier}?dry_run=1", {"amount": 30})
    data = answer.json["data"]
    same(answer.status, 200, "dry run is answered", answer)
    same([(event["type"], event["data"]) for event in data["events"]], [("withdrawn", {"amount": 30})],
         "dry run shows the events")
    same(data["state"]["balance"], 70, "dry run shows the state")
    same(data["changes"], [{"at": "/balance", "from": 100, "to": 70}], "dry run shows the changes")
    refused(web.post(f"/bank:withdraw/account/{identifier}?dry_run=1", {"amount": 101}), 422, "insufficient_funds",
            "dry run rejects as the command would")
    same(state(web, identifier), before, "dry run changes nothing")
    answer = web.post("/bank:open/account/:new?dry_run=1", HOLDER)
    same((answer.status, answer.fields.get("location")), (200, None), "dry run of a new makes none")


def test_conditions(web):
    identifier = account(web, 10)
    path = f"/bank:deposit/account/{identifier}"
    answer = web.post(path, {"amount": 1}, fields={"If-Match": '"2"'})
    same((answer.status, answer.fields.get("etag")), (200, '"3"'), "If-Match with the present version passes")
    answer = web.post(path, {"amount": 1}, fields={"If-Match": '"2"'})
    refused(answer, 412, "version_conflict", "If-Match with a stale version", "conflict")
    same(answer.fields.get("etag"), '"3"', "a conflict tells the present version")
    refused(web.post(f"/bank:open/account/{identifier}", HOLDER, fields={"If-None-Match": "*"}), 412, "version_conflict",
            "If-None-Match: * on what exists")
    same(web.post(f"/bank:open/account/{uuid.uuid4().hex}", HOLDER, fields={"If-None-Match": "*"}).status, 200,
         "If-None-Match: * on what does not exist passes")
    for tag in ('W/"3"', "*", "3", '"x"', '"3", "4"'):
        refused(web.post(path, {"amount": 1}, fields={"If-Match": tag}), 400, "bad_if_match", f"If-Match: {tag}")
    same(state(web, identifier)["balance"], 11, "refused conditions change nothing")


def test_idempotency(web):
    identifier = account(web)
    path = f"/bank:deposit/account/{identifier}"
    for key in (uuid7(), str(uuid.uuid4()), "order 7", '"quoted-' + uuid.uuid4().hex + '"'):
        first = web.post(path, {"amount": 5}, fields={"Idempotency-Key": key})
        second = web.post(path, {"amount": 5}, fields={"Idempotency-Key": key})
        names = ("etag", "fluvius-position", "idempotency-key", "fluvius-command")
        same((second.status, second.json, [second.fields.get(name) for name in names]),
             (200, first.json, [first.fields.get(name) for name in names]), f"a retry with key {key[:8]} is identical")
        same(first.fields.get("idempotency-key"), key, "the key is echoed")
        refused(web.post(path, {"amount": 6}, fields={"Idempotency-Key": key}), 422, "id_reused",
                "the same key with another payload", "reused")
    same(state(web, identifier)["balance"], 20, "each key was applied once")
    key = uuid7()
    path = f"/bank:withdraw/account/{identifier}"
    first = web.post(path, {"amount": 1000}, fields={"Idempotency-Key": key})
    web.post(f"/bank:deposit/account/{identifier}", {"amount": 5000})
    second = web.post(path, {"amount": 1000}, fields={"Idempotency-Key": key})
    same((second.status, second.code, second.body), (422, "insufficient_funds", first.body), "a rejection is final too")


def test_trace(web):
    identifier = account(web)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = web.post(f"/bank:deposit/account/{identifier}", {"amount": 5}, fields={"traceparent": trace})
    same(answer.fields.get("traceparent"), trace, "traceparent is echoed")
    events = web.get(f"/bank.account/{identifier}/events").json["data"]
    same(events[-1].get("traceparent"), trace, "traceparent is kept with the event")
    answer = web.post(f"/bank:deposit/account/{identifier}", {"amount": 5}, fields={"traceparent": "00-nonsense"})
    same((answer.status, answer.fields.get("traceparent")), (200, None), "a malformed traceparent is ignored")


def test_objects(web):
    identifier = "keynes-" + uuid.uuid4().hex
    base = "/generic-object:{}-object/people-economist/" + identifier
    same(web.post(base.format("create"), ECONOMIST).status, 200, "objects: create")
    changed = {**ECONOMIST, "name": {**ECONOMIST["name"], "title": "Baron"}, "job": "Investor"}
    same(web.post(base.format("update"), changed).status, 200, "objects: update")
    data = web.get(f"/generic-object.people-economist/{identifier}").json["data"]
    same((data["name"]["title"], data["job"]), ("Baron", "Investor"), "objects: state")
    same(web.post(base.format("remove"), {}).status, 200, "objects: remove")
    refused(web.post(base.format("update"), changed), 422, "removed", "objects: update after remove")


# ---- reads ----

def test_reads(web):
    identifier = account(web, 10)
    web.post(f"/bank:deposit/account/{identifier}", {"amount": 5})
    path = f"/bank.account/{identifier}"
    answer = web.get(path)
    same((answer.status, answer.fields.get("etag"), answer.json["data"]["_etag"]), (200, '"3"', "3"), "state has its ETag")
    for version, balance in ((1, 0), (2, 10), (3, 15)):
        same(web.get(f"{path}?version={version}").json["data"]["balance"], balance, f"state at version {version}")
    same(web.get(f"{path}?version=4").status, 404, "a version that is not there yet")
    answer = web.get(path, fields={"If-None-Match": '"3"'})
    same((answer.status, answer.body, answer.fields.get("etag")), (304, b"", '"3"'), "a known version is not sent again")
    same(web.get(path, fields={"If-None-Match": '"2"'}).status, 200, "an older version is sent")
    head = web.ask("HEAD", path)
    same((head.status, head.fields.get("etag"), int(head.fields.get("content-length", 0)) > 0), (200, '"3"', True), "HEAD")
    same(web.get(path + "//").status, 200, "slashes at the end are ignored")
    refused(web.get("/bank.account/nobody"), 404, "unknown_aggregate", "an aggregate that does not exist", "not_found")


def test_past(web):
    identifier = account(web, 10)
    path = f"/bank.account/{identifier}"
    web.post(f"/bank:deposit/account/{identifier}", {"amount": 5})
    times = [event["time"] for event in web.get(path + "/events").json["data"]]
    for version, at in enumerate(times, 1):
        answer = web.get(f"{path}?at={at}")
        same((answer.status, answer.fields.get("etag")), (200, f'"{version}"'), f"the state at the time of version {version}")
    same(web.get(f"{path}?at={times[1].replace(':', '%3A').replace('Z', '%2B00:00')}").json["data"]["balance"], 10,
         "a time with an offset, percent-encoded")
    refused(web.get(path + "?at=2000-01-01T00:00:00Z"), 404, "unknown_aggregate", "a time before it was there", "not_found")
    refused(web.get(path + "?at=yesterday"), 400, "bad_at", "a time that is none", "bad_parameter")
    answer = web.get(path + "/changes?from=1&to=3").json["data"]
    same((answer["from"], answer["to"], answer["changes"]), (1, 3, [{"at": "/balance", "from": 0, "to": 15}]),
         "the difference between two versions")
    same([(item["event"]["type"], item["changes"]) for item in answer["events"]],
         [("deposited", [{"at": "/balance", "from": 0, "to": 10}]), ("deposited", [{"at": "/balance", "from": 10, "to": 15}])],
         "with what each event changed")
    answer = web.get(path + "/changes?limit=2")
    same((answer.json["meta"]["next"], answer.fields.get("link")), (2, f'<{path}/changes?from=2&limit=2>; rel="next"'),
         "a page of changes leads to the next")
    refused(web.get(path + "/changes?from=3&to=1"), 422, "bad_version", "versions the wrong way round", "invalid")
    refused(web.get(path + "/changes?to=9"), 404, "unknown_version", "changes up to a version that is not there", "not_found")


def test_audit(web):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    identifier = account(web, 10)
    web.post(f"/bank:deposit/account/{identifier}", {"amount": 5}, fields={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    found = web.get(f"/_audit?trace={trace}&identifier={identifier}").json["data"]
    same([event["type"].rsplit(".", 1)[-1] for event in found], ["deposited"], "what a trace led to")
    command = web.get(f"/bank.account/{identifier}/events").json["data"][0]["command_id"]
    found = web.get(f"/_audit?command_id={command}").json["data"]
    same(len(found), 1, "what a command did")
    refused(web.post(f"/bank:withdraw/account/{identifier}", {"amount": 99}, fields={"traceparent": f"00-{trace}-00f067aa0ba902b8-01"}),
            422, "insufficient_funds", "a command of the same trace that is rejected", "rejected")
    tree = web.get(f"/_causation?trace={trace}&identifier={identifier}").json["data"]
    same([(one["trace"], [(c["command"], c["parent"], c["status"], [e["type"] for e in c["events"]]) for c in one["commands"]]) for one in tree],
         [(trace, [("deposit", "00f067aa0ba902b7", "ok", ["deposited"]), ("withdraw", "00f067aa0ba902b8", "rejected", [])])],
         "a trace, its commands, and what each led to")
    same(tree[0]["commands"][1]["answer"]["code"], "insufficient_funds", "a rejected command says why")
    tree = web.get(f"/_causation?identifier={identifier}").json["data"]
    same([len(one["commands"]) for one in tree if one["trace"] is None][:1], [1], "what has no trace is one of its own")
    same(web.get("/_audit?user=nobody").json["data"], [], "nothing of a user who did nothing")
    same(web.get(f"/_audit?identifier={identifier}&until=2000-01-01T00:00:00Z").json["data"], [], "nothing before a time")
    refused(web.get("/_audit?command_id=7"), 400, "bad_command_id", "an id that is none", "bad_parameter")
    refused(web.get("/_audit?trace=7"), 400, "bad_trace", "a trace id that is none", "bad_parameter")
    refused(web.get("/_audit?until=noon"), 400, "bad_until", "a time that is none", "bad_parameter")


def test_events(web):
    identifier = account(web, 1)
    for amount in range(2, 6):
        web.post(f"/bank:deposit/account/{identifier}", {"amount": amount})
    path = f"/bank.account/{identifier}/events"
    answer = web.get(path)
    same([event["version"] for event in answer.json["data"]], [1, 2, 3, 4, 5, 6], "events come in order")
    same((answer.json["meta"], answer.fields.get("link")), ({"limit": 25, "next": None}, None), "one page is the last")
    first = answer.json["data"][1]
    same((first["type"], first["data"], first["command"], first["user"]),
         ("deposited", {"amount": 1}, "deposit", "anonymous"), "an event tells what, by which command, by whom")
    seen, pages = [], 0
    while path:
        answer = web.get(path if pages else path + "?limit=4")
        seen += [event["version"] for event in answer.json["data"]]
        link = answer.fields.get("link", "")
        path = link[1:link.index(">")] if 'rel="next"' in link else None
        pages += 1
    same((seen, pages), ([1, 2, 3, 4, 5, 6], 2), "Link leads through the pages")
    same(web.get(f"/bank.account/{identifier}/events?after=6").json["data"], [], "after the last there is nothing")
    refused(web.get("/bank.account/nobody/events"), 404, "unknown_aggregate", "events of what does not exist")


def test_percent(web):
    identifier = "Ünïcode %41 \"x\" " + uuid.uuid4().hex
    encoded = "".join(f"%{byte:02x}" for byte in identifier.encode())
    answer = web.post(f"/bank:open/account/{encoded}", HOLDER)
    same((answer.status, answer.json["data"]["_id"]), (200, identifier), "identifiers are percent-decoded once")
    same(web.get(f"/bank.account/{encoded}").json["data"]["_id"], identifier, "and found again")


# ---- metadata and services ----

def test_meta(web):
    index = web.get("/_meta").json
    same(sorted(item["name"] for item in index["namespaces"]), ["bank", "fluvius", "generic-object"], "_meta lists the namespaces")
    page = web.get("/_meta/bank/").json
    same((page["name"], page["description"]), ("bank", "Accounts that hold money."), "_meta/NS has name and description")
    commands = {command["name"]: command for command in page["commands"]}
    same(sorted(commands), ["close", "deposit", "open", "withdraw"], "_meta/NS lists the commands")
    same(commands["open"]["urls"], ["/bank:open/account/:new", "/bank:open/account/{identifier}"], "with their URLs")
    page = web.get("/_meta/bank:deposit/").json
    same((page["name"], page["generates_identifier"]), ("deposit", False), "_meta/NS:COMMAND tells whether it creates")
    schema = page["schema"]
    same((schema["type"], sorted(schema["properties"]), schema["required"]), ("object", ["amount", "note"], ["amount"]),
         "the JSON Schema stands under schema")
    same(schema["properties"]["amount"].get("minimum"), 1, "with its limits")
    refused(web.get("/_meta/bonk/"), 404, "unknown_namespace", "_meta of an unknown namespace", "not_found")
    refused(web.get("/_meta/bank:burn/"), 404, "unknown_command", "_meta of an unknown command", "not_found")


def test_services(web):
    same(web.get("/livez").status, 200, "/livez")
    same((web.get("/readyz").status, web.ask("GET", "/readyz", host="10.1.2.3").status), (200, 200), "/readyz, by any host")
    answer = web.get("/metrics")
    text = answer.body.decode()
    same(answer.fields.get("content-type"), "text/plain; version=0.0.4; charset=utf-8", "/metrics is Prometheus text")
    for name in ("fluvius_http_requests_total{class=\"2xx\"", "fluvius_http_request_seconds_bucket", "fluvius_http_in_flight",
                 "service=\"shard\"", "service=\"broker\""):
        tap.check(name in text, f"/metrics has {name}", text[:2000])


def test_methods(web):
    answer = web.get("/bank:deposit/account/a")
    refused(answer, 405, "method_not_allowed", "GET on a command")
    same(answer.fields.get("allow"), "POST, OPTIONS", "Allow tells the methods of a command")
    for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE"):
        refused(web.ask(method, "/bank.account/a"), 405, "method_not_allowed", f"{method} on a state")
    for path in ("/", "/nowhere", "/bank", "/bank:open/account", "/_meta/a/b", "/bank.account/a/b"):
        refused(web.get(path), 404, "unknown_path", f"GET {path}")


# ---- bad input ----

def faults(answer):
    return sorted((fault["at"], fault["code"]) for fault in answer.json.get("errors", []))


def test_bad_targets(web):
    identifier = account(web, 1)
    for path, code in (("/bonk:deposit/account/{}", "unknown_namespace"), ("/bank:burn/account/{}", "unknown_command"),
                       ("/bank:deposit/vault/{}", "unknown_resource")):
        refused(web.post(path.format(identifier), {"amount": 1}), 404, code, path, "not_found")
    for path, code in (("/bonk.account/{}", "unknown_namespace"), ("/bank.vault/{}", "unknown_resource")):
        refused(web.get(path.format(identifier)), 404, code, path, "not_found")
    refused(web.post("/bank:deposit/account/nobody", {"amount": 1}), 404, "unknown_aggregate", "a command on nobody")
    same(web.get("/bank.account/nobody").status, 404, "and nobody is still nobody")
    for path in ("/_events/branch=7", "/_audit/branch=7/", "/_causation/branch=7?limit=1"):
        refused(web.get(path), 400, "scope_not_supported", f"a scope of all, {path}")
    for scope in ("=1", "a=1:", "a=1:b", "a=1:a=1", "a=%ff", "a=%zz"):
        refused(web.post(f"/bank:deposit/{scope}/account/{identifier}", {"amount": 1}), 400, "bad_scope", f"the scope {scope}")


def test_bad_identifiers(web):
    for path, code in (("a%00b", "bad_identifier"), ("a%0ab", "bad_identifier"), ("a%7f", "bad_identifier"),
                       ("%ff%fe", "bad_identifier"), ("a%2fb", "bad_identifier"), ("%3anew", "bad_identifier"),
                       ("~x", "bad_identifier"), ("x" * 257, "bad_identifier"), ("a%zz", "bad_escape"), ("a%4", "bad_escape")):
        refused(web.post(f"/bank:open/account/{path}", HOLDER), 400, code, f"identifier {path[:12]}")
    for raw in (b"a\0b", b"a\x01b", b"a b", b"a\tb"):
        answer = web.raw(request("POST", b"/bank:open/account/" + raw, HOLDER))
        refused(answer, 400, "bad_character", f"identifier {raw!r}")
    same(web.get("/bank.account/a").status, 404, "none of them became an account")


def test_bad_data(web):
    identifier = account(web, 50)
    before = state(web, identifier)
    path = f"/bank:deposit/account/{identifier}"
    for data, wanted in (({}, [("/amount", "required")]),
                         ({"amount": 0}, [("/amount", "below_minimum")]),
                         ({"amount": -5}, [("/amount", "below_minimum")]),
                         ({"amount": "five"}, [("/amount", "expected_integer")]),
                         ({"amount": 1.5}, [("/amount", "expected_integer")]),
                         ({"amount": None}, [("/amount", "required")]),
                         ({"amount": 2 ** 63}, [("/amount", "expected_integer")]),
                         ({"amount": 1, "note": 7}, [("/note", "expected_text")]),
                         ({"amount": 1, "note": "x" * 141}, [("/note", "too_long")]),
                         ({"amount": 1, "memo": "x"}, [("/memo", "unknown_field")]),
                         ({"amount": 0, "note": 7, "memo": 1},
                          [("/amount", "below_minimum"), ("/memo", "unknown_field"), ("/note", "expected_text")])):
        answer = web.post(path, data)
        refused(answer, 422, "invalid_data", f"data {str(data)[:40]}", "invalid")
        same(faults(answer), wanted, "every fault is told with its path")
        same(answer.json["errdata"], answer.json["errors"], "and for the other kind of client")
    answer = web.post("/bank:open/account/" + uuid.uuid4().hex, {"holder": {"given": ""}, "currency": "XXX"})
    same(faults(answer), [("/currency", "not_in_enum"), ("/holder/family", "required"), ("/holder/given", "too_short")],
         "faults within records have whole paths", answer)
    same(state(web, identifier), before, "bad data changes nothing")


def test_bad_bodies(web):
    identifier = account(web, 50)
    before = state(web, identifier)
    path = f"/bank:deposit/account/{identifier}"
    for body, code in ((b"{", "truncated"), (b'{"amount":1', "truncated"), (b'{"amount":1}x', "trailing_bytes"),
                       (b'{"amount":1,"amount":2}', "duplicate_key"), (b'{"note":"\xff","amount":1}', "bad_utf8"),
                       (b'{"note":"\\ud800","amount":1}', None), (b"{'amount':1}", "bad_json"),
                       (b'{"amount":01}', None), (b'{"amount":1e999}', "bad_number"), (b"nul", None),
                       (b'{"amount":NaN}', "bad_json"), (b'{"a":' * 40 + b"1" + b"}" * 40, "too_deep"),
                       (b"[" * 100000, "too_deep"), (b"\xef\xbb\xbf{}", "bad_json"), (b'{"note":"\0"}', None)):
        answer = web.post(path, body)
        refused(answer, 400, code or answer.code, f"body {body[:24]!r}", "unparsable")
    for body in (b"[]", b"1", b'"x"', b"null"):
        refused(web.post(path, body), 422, "invalid_data", f"body {body!r}", "invalid")
    refused(web.ask("POST", path, b'{"amount":1}', {"Content-Type": "text/plain"}), 415, "unsupported_media_type", "text")
    refused(web.ask("POST", path, b'{"amount":1}', {"Content-Type": None}), 415, "unsupported_media_type", "no media type")
    refused(web.ask("POST", path, b'{"amount":1}', {"Content-Type": "application/json; charset=utf-16"}), 415, "bad_charset",
            "another charset")
    same(state(web, identifier), before, "bad bodies change nothing")


def test_bad_sizes(web):
    identifier = account(web, 50)
    before = state(web, identifier)
    path = f"/bank:deposit/account/{identifier}"
    big = b'{"amount":1,"note":"' + b"x" * (2 << 20) + b'"}'
    refused(web.post(path, big), 413, "too_large", "two megabytes")
    with Connection(web.server) as connection:
        connection.send(request("POST", path, None, {"Content-Length": "2000000", "Expect": "100-continue",
                                                     "Content-Type": "application/json"}))
        refused(connection.read(), 413, "too_large", "two megabytes, told before they are sent")
    with Connection(web.server) as connection:
        connection.send(request("POST", path, None, {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}))
        for _ in range(20):
            connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
        connection.send(b"0\r\n\r\n")
        refused(connection.read(), 413, "too_large", "a chunked body that grows over the limit")
    refused(web.get("/" + "x" * 4500), 414, "url_too_long", "a long URL")
    refused(web.get("/livez", fields={"X-Long": "x" * 13000}), 431, "headers_too_large", "a long header")
    refused(web.get("/livez", fields={f"X-{i}": "1" for i in range(120)}), 431, "headers_too_large", "many header fields")
    same(web.get("/livez", fields={"X-Long": "x" * 200000}).status, 431, "a header over all limits")
    limit = b'{"amount":1,"note":"' + b"x" * ((1 << 20) - 23) + b'"}'
    answer = web.post(path, limit)
    tap.check(answer.status in (413, 422) and answer.kind is not None, "a body at the limit is told its fault", answer)
    same(state(web, identifier), before, "bad sizes change nothing")


def test_bad_messages(web):
    identifier = account(web, 50)
    before = state(web, identifier)
    path = f"/bank:deposit/account/{identifier}"
    body = b'{"amount":1}'
    refused(web.ask("POST", path, body, {"Transfer-Encoding": "chunked"}), 400, "ambiguous_length", "two kinds of length")
    refused(web.ask("POST", path, None, {"Content-Length": "12\r\nContent-Length: 13"}), 400, "repeated_header", "two lengths")
    refused(web.ask("POST", path, None, {"Transfer-Encoding": "gzip, chunked"}), 400, "bad_transfer_encoding", "gzip")
    for data in (request("POST", path, None, {"Content-Length": "x"}), b"POST " + path.encode() + b" HTTP/3.7\r\n\r\n",
                 request("POST", path, None, {"Transfer-Encoding": "chunked"}) + b"zz\r\n" + body):
        answer = web.raw(data)
        tap.check(answer is not None and answer.status in (400, 505), f"not HTTP: {data[-24:]!r}", answer)
    with Connection(web.server) as connection:
        connection.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 40 + b"\r\n\r\n")
        tap.check(connection.ended(), "TLS on a plain port is closed")
    for query, code in (("dry_rum=1", "unknown_parameter"), ("dry_run=yes", "bad_dry_run"),
                        ("dry_run=1&dry_run=0", "repeated_parameter")):
        refused(web.post(f"{path}?{query}", {"amount": 1}), 400, code, f"?{query}", "bad_parameter")
    for query, code in (("version=0", "bad_version"), ("version=x", "bad_version"), ("limit=5", "unknown_parameter")):
        refused(web.get(f"/bank.account/{identifier}?{query}"), 400, code, f"?{query}", "bad_parameter")
    for query, code in (("limit=0", "bad_limit"), ("limit=1001", "bad_limit"), ("after=-1", "bad_after")):
        refused(web.get(f"/bank.account/{identifier}/events?{query}"), 400, code, f"?{query}", "bad_parameter")
    for fields, code in (({"Idempotency-Key": ""}, "bad_idempotency_key"), ({"Idempotency-Key": "k" * 257}, "bad_idempotency_key"),
                         ({"Fluvius-Timeout": "0"}, "bad_timeout"), ({"If-None-Match": '"1"'}, "bad_if_none_match")):
        refused(web.post(path, {"amount": 1}, fields=fields), 400, code, f"{list(fields)[0]}", "bad_header")
    same(state(web, identifier), before, "bad messages change nothing")


def test_bad_ids(web):
    identifier = account(web, 50)
    before = state(web, identifier)
    path = f"/bank:deposit/account/{identifier}"
    refused(web.post(path, {"amount": 1}, fields={"Idempotency-Key": uuid7(900)}), 422, "id_in_future", "an id of the future",
            "invalid")
    refused(web.post(path, {"amount": 1}, fields={"Idempotency-Key": uuid7(-9 * 86400)}), 410, "id_expired",
            "an id older than receipts are kept", "expired")
    same(state(web, identifier), before, "bad ids change nothing")


def test_hosts(web):
    identifier = account(web, 50)
    before = state(web, identifier)
    path = f"/bank:deposit/account/{identifier}"
    for host in ("evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example"):
        refused(web.ask("POST", path, {"amount": 1}, host=host), 421, "bad_host", f"Host: {host}", "misdirected")
    for host in ("localhost", "LOCALHOST:1", "[::1]:8080", "127.0.0.1"):
        same(web.ask("GET", f"/bank.account/{identifier}", host=host).status, 200, f"Host: {host}")
    refused(web.ask("POST", path, {"amount": 1}, {"Host": None}), 400, "missing_host", "no Host")
    refused(web.ask("POST", path, {"amount": 1}, {"Host": "localhost\r\nHost: evil.example"}), 400, "repeated_header", "two Hosts")
    refused(web.ask("POST", f"http://evil.example{path}", {"amount": 1}), 421, "bad_host", "another authority in the target")
    for origin in ("https://evil.example", "null", web.server + "1"):
        answer = web.post(path, {"amount": 1}, fields={"Origin": origin})
        refused(answer, 403, "bad_origin", f"Origin: {origin[:20]}", "forbidden_origin")
        same(answer.fields.get("access-control-allow-origin"), None, "and no leave to read the answer")
    same(state(web, identifier), before, "foreign hosts and origins change nothing")
    same(web.post(path, {"amount": 1}, fields={"Origin": web.server}).status, 200, "a page of the server itself may")


# ---- time ----

def test_deadline(platform, web):
    identifier = account(web, 50)
    path = f"/bank:deposit/account/{identifier}"
    key = uuid7()
    shards = [pid for name, pid in platform.children().items() if name.startswith("shard")]
    for pid in shards:
        os.kill(pid, signal.SIGSTOP)
    try:
        answer = web.post(path, {"amount": 1}, fields={"Fluvius-Timeout": "300", "Idempotency-Key": key})
        tap.check(answer.status == 504 and answer.kind == "deadline", "no answer within the time: 504 deadline", answer)
        answer = web.get(f"/bank.account/{identifier}", fields={"Prefer": "wait=1"})
        tap.check(answer.status == 504 and answer.kind == "deadline", "a read within the time it prefers: 504", answer)
        same(web.get("/livez").status, 200, "the gateway lives meanwhile")
    finally:
        for pid in shards:
            os.kill(pid, signal.SIGCONT)
    answer = web.post(path, {"amount": 1}, fields={"Idempotency-Key": key})
    same((answer.status, state(web, identifier)["balance"]), (200, 51), "a retry with the same key is applied once")


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS:")).split()[1])


def test_half_sent(platform, web):
    """A thousand clients that stop in the middle: others are served, and the thousand are closed."""
    identifier = account(web)
    gateway = platform.children()["gateway"]
    before = resident_kib(gateway)
    half = []
    for i in range(1000):
        connection = Connection(web.server)
        if i % 2:
            connection.send(b"POST /bank:deposit/account/a HTTP/1.1\r\nHost: localhost\r\nContent-Ty")
        else:
            connection.send(request("GET", "/bank.account/a")[:-2])
        half.append(connection)
    for _ in range(20):
        assert web.post(f"/bank:deposit/account/{identifier}", {"amount": 1}).status == 200
    same(state(web, identifier)["balance"], 20, "others are served beside 1,000 half-sent requests")
    tap.note(f"gateway resident: {before} KiB before, {resident_kib(gateway)} KiB with them")
    tap.check(resident_kib(gateway) < before + 65536, "memory stays bounded")
    ended = sum(connection.ended() for connection in half)
    for connection in half:
        connection.socket.close()
    same(ended, 1000, "all of them are closed when their time is over")


def test_never_reads(web):
    """A client that asks and asks and takes no answer."""
    identifier = account(web)
    with Connection(web.server, timeout=2) as deaf:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            for _ in range(20000):
                deaf.send(request("GET", "/_meta/bank/"))
        except OSError:
            pass
        same(web.post(f"/bank:deposit/account/{identifier}", {"amount": 1}).status, 200,
             "a client that never reads does not stop others")


# ---- other settings ----

def test_guarded():
    tokens = tempfile.NamedTemporaryFile("w", suffix=".tokens", delete=False)
    with tokens:
        tokens.write("s3cret-a alice acme\ns3cret-b bob acme\ns3cret-z zoe other\n")
    environment = {"FLUVIUS_ALLOWED_ORIGINS": "https://app.example", "FLUVIUS_ALLOWED_HOSTS": "api.example"}
    try:
        with Platform("--token-file", tokens.name, environment=environment) as platform:
            guarded(Web(platform.http), *[Web(platform.http, {"Authorization": "Bearer s3cret-" + who}) for who in "abz"])
            allowed(Web(platform.http, {"Authorization": "Bearer s3cret-a"}))
            with open(platform.log, encoding="utf-8", errors="replace") as log:
                tap.check("s3cret" not in log.read(), "no log tells a token")
    finally:
        os.unlink(tokens.name)


def guarded(nobody, alice, bob, zoe):
    identifier = account(alice, 10)
    for method, path in (("GET", f"/bank.account/{identifier}"), ("POST", f"/bank:deposit/account/{identifier}"),
                         ("GET", "/_meta/"), ("GET", "/metrics")):
        answer = nobody.ask(method, path)
        refused(answer, 401, "no_token", f"{method} {path[:12]} without a token", "unauthorized")
        same(answer.fields.get("www-authenticate", "")[:6], "Bearer", "WWW-Authenticate asks for one")
    bad = Web(nobody.server, {"Authorization": "Bearer wrong"})
    refused(bad.post(f"/bank:deposit/account/{identifier}", {"amount": 1}), 401, "bad_token", "an unknown token")
    same((nobody.get("/livez").status, nobody.get("/readyz").status), (200, 200), "probes need no token")
    same(state(alice, identifier)["balance"], 10, "the refused changed nothing")
    same(state(zoe, identifier), 404, "another realm does not see it")
    key = {"Idempotency-Key": "monthly"}
    answers = [who.post(f"/bank:deposit/account/{identifier}", {"amount": 1}, fields=key) for who in (alice, bob, alice)]
    same([answer.fields.get("etag") for answer in answers], ['"3"', '"4"', '"3"'], "a key is its user's own")
    same(alice.get(f"/bank.account/{identifier}/events").json["data"][-1]["user"], "bob", "events tell who it was")


def allowed(web):
    page = {"Origin": "https://app.example"}
    answer = web.get("/_meta/", fields=page)
    same((answer.status, answer.fields.get("access-control-allow-origin")), (200, "https://app.example"),
         "an allowed origin may read")
    answer = web.ask("OPTIONS", "/bank:deposit/account/a", None, {**page, "Access-Control-Request-Method": "POST"})
    same((answer.status, "POST" in answer.fields.get("access-control-allow-methods", "")), (204, True), "its preflight passes")
    refused(web.get("/_meta/", fields={"Origin": "https://evil.example"}), 403, "bad_origin", "another origin")
    same(web.ask("GET", "/_meta/", host="api.example:443").status, 200, "an allowed host is answered")
    refused(web.ask("GET", "/_meta/", host="other.example"), 421, "bad_host", "another host")


def gateway(*options):
    """Runs a gateway that should refuse to start: (exit code, what it said)."""
    done = subprocess.run([tool("fluvius-gateway"), *options], capture_output=True, text=True, timeout=30, check=False,
                          env={name: value for name, value in os.environ.items() if not name.startswith("FLUVIUS_")})
    return done.returncode, done.stderr


def test_start():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        code, said = gateway("--http", address)
        tap.check(code == 2 and address in said and "in use" in said, "a busy port is named, exit code 2", said)
    code, said = gateway("--http", "0.0.0.0:0")
    tap.check(code == 2 and "token" in said, "an open address without tokens is refused", said)
    code, said = gateway("--http", "nonsense")
    tap.check(code == 2 and "nonsense" in said, "a bad address is named", said)
    code, said = gateway("--bus", "nonsense://x")
    tap.check(code == 2 and "nonsense" in said, "a bad broker is named", said)


def test_without_bus():
    """A gateway whose broker is not there lives, and says so."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bus = "tcp://127.0.0.1:%d" % free.getsockname()[1]
        with socket.socket() as own:
            own.bind(("127.0.0.1", 0))
            http = "127.0.0.1:%d" % own.getsockname()[1]
        process = subprocess.Popen([tool("fluvius-gateway"), "--http", http, "--bus", bus], stderr=subprocess.DEVNULL)
    try:
        web = Web("http://" + http)
        while True:
            try:
                live = web.get("/livez")
                break
            except OSError:
                assert process.poll() is None
        same(live.status, 200, "without a broker /livez is well")
        refused(web.get("/readyz"), 503, "no_broker", "without a broker /readyz")
        answer = web.get("/_meta/")
        tap.check(answer.status in (503, 504) and answer.kind is not None, "without a broker /_meta says so", answer)
        answer = web.post("/bank:deposit/account/a", {"amount": 1}, fields={"Fluvius-Timeout": "200"})
        tap.check(answer.status in (503, 504) and answer.kind is not None, "without a broker a command says so", answer)
        same(web.get("/metrics").status, 200, "without a broker there are still its own metrics")
    finally:
        process.send_signal(signal.SIGTERM)
        same(process.wait(30), 0, "SIGTERM ends it with code 0")


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    with Platform() as platform:
        web = Web(platform.http)
        for test in (test_commands, test_new, test_empty_body, test_chunked, test_dry_run, test_conditions,
                     test_idempotency, test_trace, test_objects, test_reads, test_past, test_audit, test_events, test_percent, test_meta,
                     test_services, test_methods, test_bad_targets, test_bad_identifiers, test_bad_data, test_bad_bodies,
                     test_bad_sizes, test_bad_messages, test_bad_ids, test_hosts, test_never_reads):
            run(test, web)
        run(test_deadline, platform, web)
        run(test_half_sent, platform, web)
    for test in (test_guarded, test_start, test_without_bus):
        run(test)
    tap.end()


def run(test, *arguments):
    """A test that falls over is one failed check, and the others still run."""
    try:
        test(*arguments)
    except Exception as trouble:  # pylint: disable=broad-except
        tap.check(False, test.__name__, f"{type(trouble).__name__}: {trouble}")


if __name__ == "__main__":
    main()
