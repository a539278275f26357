#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The commands that talk to a running platform: what they print and how they end."""
import subprocess
import uuid

from commands import ADA, fluvius, on
from platform_under_test import Platform, Tap, tool

tap = Tap()
ADAS = ("--namespace", "bank", "--resource", "account", "--identifier", "ada")


def sending(run):
    answer = run("send", "bank:open", "account/ada", ADA)
    reply = answer.json()
    tap.check(answer.code == 0 and reply.get("status") == "ok" and reply.get("version") == 1, "a command is answered",
              answer)
    tap.check(uuid.UUID(reply.get("id", "")).version == 7, "it got an id of version 7", answer)
    tap.check(len(reply.get("position", "")) > 0, "and the position of its event", answer)
    answer = run("send", "bank:open", "account/:new", ADA)
    tap.check(answer.code == 0 and uuid.UUID(answer.json().get("identifier", "")).version == 8,
              ":new makes an identifier", answer)
    answer = run("send", "bank:deposit", "account/ada", "-", stdin='{"amount": 500}')
    tap.check(answer.code == 0, "data may come from standard input", answer)
    answer = run("send", "bank:deposit", "account/ada", '{"amount": 1}', "--dry-run")
    tap.check(answer.code == 0 and answer.json()["data"]["events"][0]["type"] == "deposited", "a dry run shows events",
              answer)
    answer = run("state", "bank.account/ada")
    tap.check(answer.json().get("data", {}).get("balance") == 500, "and changes nothing", answer)


def retrying(run):
    identifier = str(uuid.uuid4())
    first = run("send", "bank:deposit", "account/ada", '{"amount": 7}', "--id", identifier)
    again = run("send", "bank:deposit", "account/ada", '{"amount": 7}', "--id", identifier)
    tap.check(first.code == 0 and first.json() == again.json(), "a retry gets the identical reply",
              f"{first}\n{again}")
    answer = run("send", "bank:deposit", "account/ada", '{"amount": 8}', "--id", identifier)
    tap.check(answer.code == 8 and answer.json().get("status") == "reused", "another payload does not (8)", answer)


def refusals(run):
    answer = run("send", "bank:withdraw", "account/ada", '{"amount": 100000}')
    tap.check(answer.code == 3 and answer.json().get("code") == "insufficient_funds", "a rule says no (3)", answer)
    answer = run("send", "bank:deposit", "account/ada", '{"amount": 0, "extra": 1}')
    paths = sorted(error["path"] for error in answer.json().get("errors", []))
    tap.check(answer.code == 4 and paths == ["/amount", "/extra"], "all faults of the data are named (4)", answer)
    answer = run("send", "bank:deposit", "account/nobody", '{"amount": 1}')
    tap.check(answer.code == 5, "what does not exist is not found (5)", answer)
    answer = run("send", "bank:deposit", "account/ada", '{"amount": 1}', "--expect", "99")
    tap.check(answer.code == 7 and answer.json().get("status") == "conflict", "a wrong version conflicts (7)", answer)
    answer = run("send", "nobank:open", "account/ada", ADA)
    tap.check(answer.code == 5 and answer.json().get("code") == "unknown_namespace", "nor is an unknown namespace (5)",
              answer)


def usage(run):
    for words, what in ((("bank:open",), "a missing target"), (("bank", "account/ada"), "a command without namespace"),
                        (("bank:open", "account"), "an aggregate without identifier"),
                        (("bank:open", "account/x", "{"), "broken JSON"),
                        (("bank:open", "account/x", '{"a":1,"a":2}'), "a key that stands twice"),
                        (("bank:open", "account/x", "{}", "--id", "7"), "an id that is no UUID"),
                        (("bank:open", "account/x", "{}", "--bad"), "an unknown option")):
        answer = run("send", *words)
        tap.check(answer.code == 2 and answer.out == "" and answer.err.count("\n") == 1,
                  f"{what} is a usage error (2), told in a line", answer)
    tap.check(run("state", "bank.account").code == 2, "state wants NS.RESOURCE/ID", "")
    for name in ("up", "send", "state", "diff", "audit", "events", "tail", "describe", "health", "metrics", "replay", "new", "bench",
                 "config"):
        answer = fluvius(name, "--help")
        tap.check(answer.code == 0 and answer.out.startswith("Usage: fluvius " + name), f"{name} --help", answer)
    tap.check(fluvius("version").out.startswith("fluvius ") and fluvius("--help").code == 0, "version and help", "")
    tap.check(fluvius("nonsense").code == 2 and fluvius().code == 2, "no such command is a usage error (2)", "")


def reading(run):
    for _ in range(3):
        run("send", "bank:deposit", "account/ada", '{"amount": 1}')
    now = run("state", "bank.account/ada").json()
    events = run("events", "bank.account/ada").lines()
    versions = [event["version"] for event in events]
    tap.check(versions == list(range(1, now["version"] + 1)), "events come in the order of versions", versions)
    tap.check(events[0]["type"] == "opened" and events[1]["data"] == {"amount": 500}, "with type and data", events[:2])
    tap.check([event["version"] for event in run("events", "bank.account/ada", "--after", "3").lines()] == versions[3:],
              "--from leaves out the first ones")
    past = run("state", "bank.account/ada", "--version", "2")
    tap.check(past.json().get("version") == 2 and past.json()["data"]["balance"] == 500, "a state of the past", past)
    at = run("state", "bank.account/ada", "--at", events[1]["time"])
    tap.check(at.json().get("version") == 2, "a state at a time", at)
    tap.check(run("state", "bank.account/ada", "--at", "noon").code == 2, "a time that is none is a usage error (2)")
    changes = run("diff", "bank.account/ada", "--from", "1", "--to", "2").lines()
    tap.check(len(changes) == 1 and changes[0]["event"]["version"] == 2 and
              changes[0]["changes"] == [{"at": "/balance", "from": 0, "to": 500}], "what an event changed", changes)
    did = run("audit", *ADAS).lines()
    tap.check(sum("type" in record for record in did) == now["version"] and any("type" not in record for record in did),
              "audit shows all of an aggregate's events, and commands without", did)
    opened = run("audit", *ADAS, "--types", "opened").lines()
    tap.check([record["version"] for record in opened if "type" in record] == [1], "audit can be narrowed to types of events", opened)
    one = run("audit", "--command-id", events[1]["command_id"]).lines()
    tap.check([record["version"] for record in one] == [2], "what one command did", one)
    tree = run("audit", "--tree", *ADAS).out.splitlines()
    tap.check(f"  command {events[0]['command_id']} open by anonymous" in tree, "as a tree", tree)
    before = run("audit", *ADAS, "--until", events[1]["time"]).lines()
    tap.check([record["version"] for record in before] == [1], "until a time", before)
    since = run("audit", *ADAS, "--since", events[1]["time"]).lines()
    tap.check(since == did[1:], "and since a time", since)
    tap.check(run("audit", "--user", "nobody").out == "", "nothing of a user who did nothing")
    for words in (("--since", "noon"), ("--until", "noon"), ("--command-id", "7"), ("--trace", "7")):
        tap.check(run("audit", *words).code == 2, f"audit {' '.join(words)} is a usage error (2)")
    tap.check(run("events", "bank.account/nobody").code == 5, "no events of nobody (5)")
    tap.check(run("state", "bank.account/ada", "--version", "999").code == 5, "no state of the future (5)")


def querying(run):
    position = run("send", "bank:open", "account/zoe", ADA).json()["position"]
    first = run("query", "bank.account", "--sort", "_id.asc", "--limit", "1", "--at-least", position)
    said = first.err.splitlines()
    tap.check(len(first.lines()) == 1 and said[0].startswith("rows: ") and said[1].startswith("next page: --cursor "),
              "a query shows a page of rows, and beside it their number and what comes next", first)
    cursor = said[1].split()[-1]
    behind = run("query", "bank.account", "--sort", "_id.asc", "--limit", "1", "--cursor", cursor)
    tap.check(len(behind.lines()) == 1 and behind.lines() != first.lines() and "rows:" not in behind.err,
              "behind a cursor nothing is counted", behind)
    counted = run("query", "bank.account", "--sort", "_id.asc", "--limit", "1", "--cursor", cursor, "--total")
    tap.check(counted.lines() == behind.lines() and said[0].split(",")[0] in counted.err, "but where it is asked for", counted)
    bare = run("query", "bank.account", "--sort", "_id.asc", "--limit", "1", "--total=false")
    tap.check(bare.lines() == first.lines() and "rows:" not in bare.err, "and not where it is not wanted", bare)
    long = run("query", "bank.account", "--sort", 79 * "a" + "\u00e9")
    tap.check(long.code == 4, "what is told of a long name is whole characters", long)


def tailing(run, platform):
    position = run("send", "bank:open", "account/bob", ADA).json()["position"]
    records = run("tail").lines()
    mine = [record for record in records if record["identifier"] == "bob"]
    tap.check(len(mine) == 1 and mine[0]["namespace"] == "bank" and mine[0]["status"] == "ok", "tail shows the log", mine)
    by_partition = {}
    for record in records:
        by_partition.setdefault(record["partition"], []).append(record["seq"])
    tap.check(all(seqs == list(range(1, len(seqs) + 1)) for seqs in by_partition.values()), "each partition without gaps",
              by_partition)
    rejected = [record for record in records if record.get("status") == "rejected"]
    tap.check(len(rejected) == 1 and "type" not in rejected[0], "a rejection is in it, without an event", rejected)
    tap.check(run("tail", "--identifier", "bob").lines() == mine, "tail can be narrowed to an aggregate", mine)
    later = run("tail", "--from", position).lines()
    tap.check(all(record["identifier"] != "bob" for record in later), "--from leaves out what is before", later[:3])
    tap.check(run("tail", "--from", "nonsense").code == 2, "a position that is none is a usage error (2)")
    follower = subprocess.Popen([tool("fluvius"), "tail", "--follow", "--from", position, "--data", platform.data],
                                stdout=subprocess.PIPE, text=True)
    run("send", "bank:open", "account/carol", ADA)
    found = any('"carol"' in line for line in follower.stdout)
    follower.kill()
    follower.wait()
    follower.stdout.close()
    tap.check(found, "--follow shows what is committed later")


def inspecting(run):
    answer = run("describe")
    names = [description.get("namespace") for description in answer.lines()]
    tap.check(answer.code == 0 and sorted(names) == ["bank", "fluvius", "generic-object"], "describe shows the domains", answer)
    tap.check(len(run("describe", "bank").lines()) == 1, "or one of them")
    tap.check(run("describe", "nobank").code == 5, "or says that it is not there (5)")
    answer = run("health")
    tap.check(answer.code == 0 and answer.json().get("status") == "ok" and answer.json().get("alarms") == [],
              "health says that all is well", answer)
    answer = run("metrics")
    tap.check(answer.code == 0 and "\n# TYPE fluvius_" in answer.out, "metrics are in the Prometheus format",
              answer.out[:500])


def nobody_there():
    answer = fluvius("send", "bank:open", "account/x", ADA, "--bus", "tcp://127.0.0.1:1", "--deadline", "300")
    tap.check(answer.code in (10, 12) and "is the platform up?" in answer.err, "without a platform it says so", answer)
    answer = fluvius("health", "--bus", "nonsense")
    tap.check(answer.code == 1 and answer.err != "", "a bus that is no address is told", answer)


with Platform() as started:
    here = on(started)
    sending(here)
    retrying(here)
    refusals(here)
    usage(here)
    reading(here)
    querying(here)
    tailing(here, started)
    inspecting(here)
nobody_there()
tap.end()
