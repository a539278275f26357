# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What the tests of subscriptions share: a platform with query processes that can be killed, load on it, and a follower
that notes what it is given."""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

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
                [tool("fluvius-query"), "--name", f"query-test-{number}", "--bus", self.platform.bus, "--store",
                 self.store],
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
    """Deposits into accounts, in frames, until stop(). Without a rate as fast as it goes; with one, so many commands a
    second, and a frame's time begins when it was due, so that one that is late for another counts too. times: [(when it
    was due, how long it took)], in seconds."""

    def __init__(self, scene, accounts=20, batch=100, rate=None, name="load"):
        super().__init__()
        self.client, self.accounts, self.batch, self.name_of, self.rate = scene.client(), accounts, batch, name, rate
        self.ending = threading.Event()
        self.written, self.times, self.fault = 0, [], None
        self.client.send_all([command("bank:open", f"account/{name}-{i}", HOLDER) for i in range(accounts)])
        self.written += accounts

    def run(self):
        due = time.monotonic()
        try:
            while not self.ending.is_set():
                due = self.wait(due)
                self.step(due)
        except Exception as fault:  # shown by the test
            self.fault = fault

    def wait(self, due):
        """Until the next frame is due; gives when that is."""
        now = time.monotonic()
        if self.rate is None:
            return now
        due += self.batch / self.rate
        if due > now:
            time.sleep(due - now)
        return due

    def step(self, due):
        requests = [command("bank:deposit", f"account/{self.name_of}-{(self.written + i) % self.accounts}", {"amount": 1})
                    for i in range(self.batch)]
        replies = self.client.send_all(requests)
        self.times.append((due, time.monotonic() - due))
        assert all(reply.ok for reply in replies), next(reply for reply in replies if not reply.ok)
        self.written += self.batch

    def stop(self):
        self.ending.set()
        self.join()
        if self.fault is not None:
            raise self.fault

    def p99_ms(self, since, until):
        """Of the frames that were due then."""
        taken = sorted(took for due, took in list(self.times) if since <= due < until)
        return 1000 * taken[int(len(taken) * 0.99)] if taken else 0.0


def answer_bytes(scene):
    with urllib.request.urlopen(scene.platform.http + "/metrics", timeout=30) as answer:
        return next(int(line.split()[-1]) for line in answer.read().decode().splitlines()
                    if line.startswith("fluvius_http_answer_bytes"))


class Stream:
    """An event stream: next() gives (id, event as JSON)."""

    def __init__(self, scene, path, last=None):
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        self.answer = urllib.request.urlopen(urllib.request.Request(scene.platform.http + path, headers=headers), timeout=30)

    def next(self):
        identifier = data = None
        while True:
            line = self.answer.readline().decode()
            if line == "":
                raise EOFError("the stream ended")
            line = line.rstrip("\n")
            if line.startswith("id: "):
                identifier = line[4:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif line == "" and data is not None:
                return identifier, data

    def take(self, count):
        return [self.next() for _ in range(count)]

    def close(self):
        self.answer.close()


class StreamFollower(threading.Thread):
    """Follows one aggregate by an event stream; connects again with the id of its last event when it is cut."""

    def __init__(self, scene, path):
        super().__init__(daemon=True)
        self.scene, self.path = scene, path
        self.ending, self.pausing = threading.Event(), threading.Event()
        self.count, self.cuts, self.last, self.faults = 0, 0, None, []

    def run(self):
        while not self.ending.is_set():
            try:
                stream = Stream(self.scene, self.path + ("" if self.last else "?from=begin"), self.last)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            try:
                self.read(stream)
            except (OSError, EOFError, http.client.HTTPException):  # cut, perhaps within an event
                self.cuts += 1
            finally:
                stream.close()

    def read(self, stream):
        while not self.ending.is_set():
            if self.pausing.is_set():
                time.sleep(0.01)
                continue
            self.last, event = stream.next()
            if event["streamversion"] != self.count + 1:
                self.faults.append(f"version {event['streamversion']} after {self.count}")
            self.count += 1


class Deaf:
    """with Deaf(scene, 20): so many clients that ask for all events and read none."""

    def __init__(self, scene, count):
        host, port = scene.platform.http.rpartition("/")[2].split(":")
        self.address, self.count, self.sockets = (host, int(port)), count, []

    def __enter__(self):
        for _ in range(self.count):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(self.address)
            sock.sendall(b"GET /_events?from=begin HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
            self.sockets.append(sock)
        for sock in self.sockets:
            sock.recv(64)
        return self

    def __exit__(self, *exc):
        for sock in self.sockets:
            sock.close()


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
