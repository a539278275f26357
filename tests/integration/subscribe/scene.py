# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What the tests of subscriptions share: a platform with query processes that can be killed, load on it, and a follower
that notes what it is given."""
import os
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE), os.path.join(ROOT, "clients", "python")]
from fluvius import Client, command
from platform_under_test import Platform, Tap, tool

HOLDER = {"holder": {"given": "Ada", "family": "Lovelace"}}
SERVICE_TOKEN = "a-token-of-the-services-for-tests-0123456789abcdef"


def wait_for(condition, patience_s=30):
    """Polls until the condition gives something true; gives what it gave last."""
    until = time.monotonic() + patience_s
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


def resident_kib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0


class Queries:
    """Query processes beside a platform, which are started again when they are killed."""

    def __init__(self, platform, count=2, store=None):
        self.platform, self.running = platform, []
        self.store = store or "sqlite:" + platform.data
        for number in range(count):
            self.running.append(self.start(number))

    def start(self, number):
        log = open(os.path.join(self.platform.data, f"query-test-{number}.log"), "ab")
        with log:
            return subprocess.Popen(
                [tool("fluvius-query"), "--name", f"query-test-{number}", "--bus", self.platform.bus, "--events",
                 self.platform.events, "--store", self.store],
                stderr=log, env=dict(os.environ, FLUVIUS_SERVICE_TOKEN=SERVICE_TOKEN))

    def kill(self, number):
        self.running[number].kill()
        self.running[number].wait()
        self.running[number] = self.start(number)

    def pids(self):
        return [process.pid for process in self.running]

    def stop(self):
        for process in self.running:
            process.kill()
            process.wait()


class Scene:
    """with Scene(...) as s: s.platform, s.queries, s.client()."""

    def __init__(self, *options, queries=2, environment=None, store=None):
        options = (*options, "--store", store) if store else options
        self.platform = Platform("--shards", "2", "--queries", "0", *options,
                                 environment={"FLUVIUS_SERVICE_TOKEN": SERVICE_TOKEN, **(environment or {})})
        self.queries = Queries(self.platform, queries, store)
        wait_for(lambda: self.client().ask("follow").ok)

    def client(self, timeout_s=30):
        return Client(self.platform.bus.split(","), timeout_s=timeout_s)

    def fluvius(self, *words, **options):
        return subprocess.run([tool("fluvius"), *words, "--data", self.platform.data], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=False, **options)

    def pids(self):
        return [self.platform.process.pid, *self.platform.children().values(), *self.queries.pids()]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.queries.stop()
        self.platform.__exit__(*exc)


class Load(threading.Thread):
    """Deposits into accounts, in frames, until stop(); times says how long each frame took."""

    def __init__(self, scene, accounts=20, batch=100):
        super().__init__()
        self.client, self.accounts, self.batch = scene.client(), accounts, batch
        self.ending = threading.Event()
        self.written, self.times, self.fault = 0, [], None
        self.client.send_all([command("bank:open", f"account/load-{i}", HOLDER) for i in range(accounts)])
        self.written += accounts

    def run(self):
        try:
            while not self.ending.is_set():
                self.step()
        except Exception as fault:  # shown by the test
            self.fault = fault

    def step(self):
        requests = [command("bank:deposit", f"account/load-{(self.written + i) % self.accounts}", {"amount": 1})
                    for i in range(self.batch)]
        start = time.monotonic()
        replies = self.client.send_all(requests)
        self.times.append(time.monotonic() - start)
        assert all(reply.ok for reply in replies), next(reply for reply in replies if not reply.ok)
        self.written += self.batch

    def stop(self):
        self.ending.set()
        self.join()
        if self.fault is not None:
            raise self.fault

    def p99_ms(self):
        return 1000 * sorted(self.times)[int(len(self.times) * 0.99)] if self.times else 0.0


class Follower(threading.Thread):
    """Follows everything from the beginning; notes the seq it had last of each partition and complains of gaps and repeats."""

    def __init__(self, scene, **select):
        super().__init__()
        self.client, self.select = scene.client(), select
        self.ending, self.pausing = threading.Event(), threading.Event()
        self.position, self.count, self.last, self.faults = "begin", 0, {}, []
        self.versions = {}

    def run(self):
        while not self.ending.is_set():
            if self.pausing.is_set():
                time.sleep(0.01)
                continue
            answer = self.client.ask("follow", data={"from": self.position, "wait": 500, **self.select})
            if not answer.ok:
                if not answer.undecided:
                    self.faults.append(repr(answer))
                    return
                continue
            for record in answer.data["records"]:
                self.note(record)
            self.position = answer.position

    def note(self, record):
        key = (record["ns"], record["res"], record["agg"])
        if record["seq"] <= self.last.get(record["p"], 0):
            self.faults.append(f"{record['p']}.{record['seq']} after {self.last[record['p']]}")
        if record["ver"] != self.versions.get(key, 0) + 1:
            self.faults.append(f"{key}: version {record['ver']} after {self.versions.get(key, 0)}")
        self.last[record["p"]] = record["seq"]
        self.versions[key] = record["ver"]
        self.count += 1

    def stop(self):
        self.ending.set()
        self.join()
