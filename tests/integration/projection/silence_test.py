#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""When projectors or query processes are dead or hung, somebody else says so: `fluvius health`, metrics and the log; and
when they are back it is over. Who stops as it was told to is not missed. Nobody of the platform listens to the event
bus: what is committed wakes services over the connection that they have with brokers.

  silence_test.py"""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from platform_under_test import Platform, Tap, module, tool

tap = Tap()
WAIT_S = 60
SERVICE = {"FLUVIUS_SERVICE_TOKEN": "service-of-this-test", "FLUVIUS_STALL_MS": "1000"}
HOLDER = '{"holder":{"given":"Ada","family":"Lovelace"}}'
STILL = "projection bank stands still though the log goes on: see fluvius lag"
ALONE = "no projector holds the read models: they stay as they are"
NO_PROJECTOR = "no projector is connected: read models stay as they are"
NO_QUERY = "no query process is connected: queries are unavailable"


def wait(condition):
    until = time.monotonic() + WAIT_S
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def fluvius(platform, *words):
    return subprocess.run([tool("fluvius"), *words, "--bus", platform.bus], capture_output=True, text=True, check=False)


def health(platform):
    """The alarms and the exit code."""
    result = fluvius(platform, "health")
    return (json.loads(result.stdout)["alarms"] if result.stdout else [result.stderr]), result.returncode


def says(platform, *alarms):
    told, code = health(platform)
    return all(alarm in told for alarm in alarms) and code == 12


def is_well(platform):
    return health(platform) == ([], 0)


def metric(platform, name, label=""):
    """The sum of what has the label."""
    with urllib.request.urlopen(platform.http + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{") and label in line)


def logged(platform, message):
    with open(platform.log, encoding="utf-8", errors="replace") as log:
        return [json.loads(line) for line in log if f'"message":"{message}"' in line]


class Beside:
    """A service that is not started by `fluvius up`, so that nobody starts it again."""

    def __init__(self, platform, service, name, *options):
        self.command = [tool(service), "--name", name, "--bus", platform.bus, "--store", "sqlite:" + platform.data, *options]
        self.platform = platform
        self.process = None

    def start(self):
        with open(self.platform.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stderr=log, env={**os.environ, **SERVICE})

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.kill()


# ---- the event bus ----

def listeners(platform):
    """Established connections to the event bus's port."""
    port = int(platform.events.rsplit(":", 1)[1])
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return [row for row in rows if int(row[2].rsplit(":", 1)[1], 16) == port and row[3] == "01"]


def nobody_listens(platform):
    result = fluvius(platform, "send", "bank:open", "account/ada", HOLDER)
    rows = wait(lambda: fluvius(platform, "query", "bank.account").stdout.count("Lovelace"))
    tap.check(result.returncode == 0 and rows and not listeners(platform),
              "a command becomes a row, and no service listens to the event bus", (result.stderr, listeners(platform)))


# ---- projectors ----

def opens(platform, count):
    for number in range(count):
        fluvius(platform, "send", "bank:open", f"account/{time.monotonic_ns()}-{number}", HOLDER)


def hung(platform, projector):
    projector.signal(signal.SIGSTOP)
    opens(platform, 3)
    tap.check(wait(lambda: says(platform, STILL, NO_PROJECTOR)),
              "a projector is stopped: health says that its read model stands still", health(platform))
    tap.check(wait(lambda: metric(platform, "fluvius_projections_stalled") >= 1) and
              metric(platform, "fluvius_services", "projector") == 0 and logged(platform, "read model stands still"),
              "metrics and the log say so too")
    projector.signal(signal.SIGCONT)
    tap.check(wait(lambda: is_well(platform)) and logged(platform, "read model moves again"),
              "it goes on, and all is well", health(platform))


def killed(platform, projector):
    projector.kill()
    tap.check(wait(lambda: says(platform, ALONE, NO_PROJECTOR)),
              "a projector is killed: health says that nobody has the read models, though the log rests", health(platform))
    projector.start()
    tap.check(wait(lambda: is_well(platform)) and logged(platform, "a projector holds the read models again"),
              "another has started, and all is well", health(platform))


# ---- query processes ----

def nobody_answers(platform, query):
    query.kill()
    tap.check(wait(lambda: says(platform, NO_QUERY)), "the only query process is killed: health says so", health(platform))
    query.start()
    tap.check(wait(lambda: is_well(platform)), "another has started, and all is well", health(platform))


# ---- scaled to zero ----

def stopped(platform, projector, query):
    projector.stop()
    tap.check(wait(lambda: health(platform) == ([ALONE], 12)),
              "a projector is stopped: only that nobody has the read models is told", health(platform))
    query.stop()
    tap.check(wait(lambda: is_well(platform)), "the query process is stopped too: nobody is missed", health(platform))
    asked = fluvius(platform, "query", "bank.account")
    tap.check("no_query" in asked.stdout + asked.stderr and health(platform) == ([NO_QUERY], 12),
              "until somebody asks for what it answered", (asked, health(platform)))


def rebuild_drop(platform, name):
    return subprocess.run([tool("fluvius"), "rebuild", name, "--drop", "--data", platform.data], capture_output=True,
                          text=True, check=False)


def dropped(platform, projector, query):
    query.start()
    tap.check(wait(lambda: health(platform) == ([ALONE], 12)), "query processes alone have rows that nobody keeps",
              health(platform))
    ended = [rebuild_drop(platform, name) for name in ("bank", "fluvius", "bank")]
    tap.check([one.returncode for one in ended] == [0, 0, 1] and "no read model of that name" in ended[2].stderr and
              wait(lambda: is_well(platform)), "which are dropped, and all is well", (ended, health(platform)))
    answer = fluvius(platform, "query", "bank.account")
    tap.check(answer.returncode != 0 and "Lovelace" not in answer.stdout, "they answer no more", answer)
    projector.start()
    rows = wait(lambda: "Lovelace" in fluvius(platform, "query", "bank.account").stdout)
    refused = rebuild_drop(platform, "bank")
    tap.check(rows and refused.returncode == 1 and "projector lone" in refused.stderr,
              "a projector with the module makes them again, and they are not dropped under it", refused)


def main():
    with Platform("--projectors", "0", "--queries", "0", domains=("bank",),
                  environment={**SERVICE, "FLUVIUS_PARKED_MS": "1500", "FLUVIUS_SILENT_MS": "1500"}) as platform, \
            contextlib.ExitStack() as stack:
        projector = stack.enter_context(Beside(platform, "fluvius-projector", "lone", "--domain", module("bank")))
        query = stack.enter_context(Beside(platform, "fluvius-query", "asked"))
        nobody_listens(platform)
        tap.check(wait(lambda: is_well(platform)), "with a projector and a query process all is well", health(platform))
        hung(platform, projector)
        killed(platform, projector)
        nobody_answers(platform, query)
        stopped(platform, projector, query)
        dropped(platform, projector, query)
    tap.end()


if __name__ == "__main__":
    main()
