#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""`fluvius replay`: the states derived from events alone are those that the snapshots hold and the live actors showed."""
import os
import tempfile

from commands import ADA, fluvius, on
from platform_under_test import Platform, Tap, module

tap = Tap()
DOMAINS = ("--domain", module("bank"), module("objects"))


def fill(run):
    for name in ("ada", "bob"):
        run("send", "bank:open", f"account/{name}", ADA)
        for amount in range(1, 7):
            run("send", "bank:deposit", f"account/{name}", '{"amount": %d}' % amount)
    run("send", "bank:withdraw", "account/ada", '{"amount": 99999}')


with tempfile.TemporaryDirectory(prefix="fluvius-replay-") as temporary:
    data = os.path.join(temporary, "data")
    answer = fluvius("replay", "--data", data, *DOMAINS)
    tap.check(answer.code == 1 and data in answer.err and not os.path.exists(data), "no data is told, not made", answer)
    with Platform(data=data, environment={"FLUVIUS_SNAPSHOT_EVENTS": "3"}) as platform:
        here = on(platform)
        fill(here)
        live = {name: here("state", f"bank.account/{name}").json() for name in ("ada", "bob")}
        answer = fluvius("replay", "--data", data, *DOMAINS)
        tap.check(answer.code == 1 and str(platform.process.pid) in answer.err, "it refuses while a platform runs", answer)
    answer = fluvius("replay", "--data", data, *DOMAINS)
    counts = answer.json()
    tap.check(answer.code == 0 and counts.get("aggregates") == 2 and counts.get("events") == 14,
              "every aggregate and event is replayed", answer)
    tap.check(counts.get("snapshots", 0) > 0 and counts.get("different") == 0, "and every snapshot is equal", answer)
    answer = fluvius("replay", "--data", data, "--states", *DOMAINS)
    states = [line.split(" ") for line in answer.out.splitlines() if not line.startswith("{")]
    tap.check(sorted((name, int(version)) for name, version, _ in states) ==
              [("bank.account/ada", live["ada"]["version"]), ("bank.account/bob", live["bob"]["version"])],
              "--states names each with its version", answer)
    tap.check(len({digest for _, _, digest in states}) == 1 and live["ada"]["data"] == live["bob"]["data"],
              "equal states have equal hashes", answer)
    answer = fluvius("replay", "--data", data, "--domain", module("objects"))
    tap.check(answer.code == 1 and "bank.account/ada" in answer.err and answer.json().get("failed") == 2,
              "a module that is missing is told", answer)
    tap.check(fluvius("replay", "--data", data).code == 2, "no module at all is a usage error (2)")
tap.end()
