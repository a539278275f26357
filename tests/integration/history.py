# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Histories of calls on accounts, as tests/linear/history.h has them: checked with linear_check, and made wrong on
purpose, to see that the check would have said so."""
import collections
import json
import os
import subprocess
import time

from platform_under_test import BUILD

ANSWERED = ("ok", "rejected", "conflict", "not_found")


def line(client, aggregate, operation, started_ns, status, **more):
    """One call that ended now."""
    call = {"client": client, "aggregate": aggregate, "op": operation, "start": started_ns}
    if status in ANSWERED:
        call["end"] = time.monotonic_ns()
    call["status"] = status
    call.update((key, value) for key, value in more.items() if value is not None)
    return json.dumps(call, separators=(",", ":"))


def check(paths):
    """Gives (exit code, what was said): 0 all linearizable, 1 one is not, 2 unreadable, 3 gave up."""
    done = subprocess.run([os.path.join(BUILD, "tests", "tools", "linear_check")] + list(paths), check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace").strip()


def richest(paths):
    """The account with most dry runs that went well, of those that were read."""
    dry, read = collections.Counter(), set()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for text in file:
                if '"status":"ok"' in text and ('"dry":true' in text or '"op":"read"' in text):
                    call = json.loads(text)
                    (dry.update if "dry" in call else read.update)([call["aggregate"]])
    return next((name for name, _ in dry.most_common() if name in read), None)


def of_account(paths, name):
    """The calls on one account."""
    calls, mark = [], f'"aggregate":"{name}"'
    for path in paths:
        with open(path, encoding="utf-8") as file:
            calls += [json.loads(text) for text in file if mark in text]
    return calls


def is_change(call):
    return call["status"] == "ok" and call["op"] in ("deposit", "withdraw") and "dry" not in call


def pick(calls, fits):
    """One from the middle of those that fit, and were not sent twice."""
    times = collections.Counter(call.get("id") for call in calls)
    found = [call for call in calls if fits(call) and ("id" not in call or times[call["id"]] == 1)]
    return sorted(found, key=lambda call: call["start"])[len(found) // 2]


def pick_change(calls):
    """A deposit between two changes that were answered, so that no lost one can stand in for what is changed."""
    told = {call["version"] for call in calls if is_change(call)}
    return pick(calls, lambda call: is_change(call) and call["op"] == "deposit" and call["version"] - 1 in told
                and call["version"] + 1 in told)


def wrong_histories(calls):
    """Yields (what is wrong, calls): each with one answer changed."""
    change = pick_change(calls)
    read = pick(calls, lambda call: call["op"] == "read" and call["status"] == "ok")
    dry = pick(calls, lambda call: "dry" in call and call["status"] == "ok")
    for what, call, other in (("a version that another change has", change, {"version": change["version"] - 1}),
                              ("a version that the next change has", change, {"version": change["version"] + 1}),
                              ("an update that is lost", change, {"status": "rejected", "version": change["version"] - 1}),
                              ("a read with a balance that never was", read, {"balance": read["balance"] + 1}),
                              ("a dry run that shows what would not be", dry, {"balance": dry["balance"] - 1}),
                              ("a read from before it began", read, {"start": 1, "end": 2})):
        yield what, [dict(call, **other) if each is call else each for each in calls]


def faults_seen(directory, paths):
    """Gives what linear_check did not see of the wrong histories of one account, and how many there were."""
    missed, count = [], 0
    path = os.path.join(directory, "history-wrong.jsonl")
    for what, calls in wrong_histories(of_account(paths, richest(paths))):
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(call, separators=(",", ":")) + "\n" for call in calls)
        code, said = check([path])
        count += 1
        if code != 1 or "no order fits" not in said:
            missed.append(f"{what}: {said}")
    return missed, count
