#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Slow and silent peers of the broker: half-sent frames, clients that never read, connections that say nothing. Others are
served meanwhile, memory is bounded, and the bad ones are closed. And replies larger than a client takes end its request."""
import contextlib
import os
import struct
import subprocess
import sys
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from wire import Wire, command, frame, greeting, is_closed, plain, wait_for
import fluvius
from platform_under_test import Platform, Tap

tap = Tap()
HOLDER = {"holder": {"given": "Ada", "family": "Lovelace"}}
IDLE_MS, SEND_MS = 3000, 1000
MEMORY_MAX_MIB = 400


def same(found, wanted, name):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r}")


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1]) / 1024


class Bystander:
    """A good client that deposits 1 again and again in a thread of its own, and the broker's memory meanwhile."""

    def __init__(self, platform):
        self.client = fluvius.Client(platform.bus, timeout_s=30)
        self.pid = platform.children()["broker"]
        self.target = "account/b-" + uuid.uuid4().hex
        self.client.send("bank:open", self.target, HOLDER)
        self.times_s, self.memory_mib, self.fault = [], 0, None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.stopping.is_set():
                started = time.monotonic()
                self.client.send("bank:deposit", self.target, {"amount": 1})
                self.times_s.append(time.monotonic() - started)
                self.memory_mib = max(self.memory_mib, resident_mib(self.pid))
        except Exception as error:
            self.fault = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stopping.set()
        self.thread.join()
        self.client.close()


@contextlib.contextmanager
def bystander(platform, name):
    """Checks that a good client was served while the block ran."""
    with Bystander(platform) as good:
        yield good
    times = sorted(good.times_s) or [float("inf")]
    tap.check(good.fault is None and good.client.state("bank." + good.target).data["balance"] == len(good.times_s) > 0,
              f"{name}: another client is served meanwhile", repr(good.fault))
    tap.note(f"{len(good.times_s)} round trips: median {times[len(times) // 2] * 1e3:.2f} ms, "
             f"99 % {times[int(len(times) * 0.99)] * 1e3:.2f} ms, longest {times[-1] * 1e3:.0f} ms")
    good.client.close()
    tap.check(good.memory_mib < MEMORY_MAX_MIB, f"{name}: the broker's memory is bounded", f"{good.memory_mib} MiB")
    tap.note(f"the broker had up to {good.memory_mib:.0f} MiB")


def closed_of(sockets):
    """How many of these the broker closes."""
    count = 0
    for sock in sockets:
        with sock:
            count += is_closed(sock)
    return count


def connections(client):
    line = next(line for line in client.metrics().splitlines() if line.startswith("fluvius_connections{"))
    return int(line.split()[-1])


def say(url, data):
    sock = plain(url)
    sock.sendall(data)
    return sock


def test_half_sent(platform, client):
    """200 frames of which a part never comes: none of the length, half of it, no body, half a body."""
    body = frame(command("bank:deposit", "account/nobody", {"amount": 1}))
    whole = greeting(0x30) + struct.pack(">QI", len(body) + 4, 1 << 31) + body
    large = greeting(0x30) + struct.pack(">QI", 1 << 20, 1 << 31) + bytes(1 << 19)
    parts = (whole[:8], whole[:12], whole[:16], whole[:20], whole[:-1], large)
    before = connections(client)
    with bystander(platform, "half-sent frames"):
        sockets = [say(platform.bus, parts[n % len(parts)]) for n in range(200)]
        tap.check(wait_for(lambda: connections(client) >= before + 200), "200 half-sent frames are there")
        same(closed_of(sockets), 200, "half-sent frames: all are closed")
    tap.check(wait_for(lambda: connections(client) <= before), "half-sent frames: nothing of them is left", connections(client))


def test_dripping(platform):
    """A frame that comes a byte at a time is no whole frame either."""
    body = bytes(1000)
    with plain(platform.bus) as sock:
        sock.sendall(greeting(0x30) + struct.pack(">QI", len(body) + 4, 1 << 31))
        started = time.monotonic()
        sock.settimeout(0.05)
        closed = False
        while not closed and time.monotonic() < started + 20:
            try:
                sock.sendall(b"\0")
                closed = sock.recv(65536) in (b"", None)
            except TimeoutError:
                continue
            except OSError:
                closed = True
        tap.check(closed, "a frame that drips is closed")


def test_silent(platform, client):
    """500 connections that say nothing, half of them not even a greeting."""
    before = connections(client)
    with bystander(platform, "silent connections"):
        greeted = [say(platform.bus, greeting(0x30)) for _ in range(250)]
        tap.check(wait_for(lambda: connections(client) >= before + 250), "250 silent connections are there")
        mute = [plain(platform.bus) for _ in range(250)]
        same(closed_of(greeted), 250, "silent connections: those that greeted are closed")
        same(closed_of(mute), 250, "silent connections: those that did not are closed")
    tap.check(wait_for(lambda: connections(client) <= before), "silent connections: nothing of them is left", connections(client))


def test_never_reads(platform, client, processes, clients, rounds):
    """Clients that send requests with large replies and do not read one; closed, they come again."""
    name = f"{processes * clients} that never read"
    data = frame(*[{"op": "metrics"}, {"op": "describe"}] * 10)
    before = connections(client)
    with bystander(platform, name):
        hogs = [subprocess.Popen([sys.executable, os.path.join(HERE, "hog.py"), platform.bus, str(clients), str(rounds)],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(processes)]
        for hog in hogs:
            hog.stdin.write(data)
            hog.stdin.close()
        closed = sum(int(hog.stdout.read()) for hog in hogs)
        for hog in hogs:
            hog.stdout.close()
            hog.wait()
    same(closed, processes * clients * rounds, f"{name}: all are closed, each of {rounds} times")
    tap.check(wait_for(lambda: connections(client) <= before), f"{name}: nothing of them is left", connections(client))


def test_subscribers(platform, client):
    """Subscribers that do not read, and one that breaks off its greeting: the others hear all the same."""
    target = "account/q-" + uuid.uuid4().hex
    client.send("bank:open", target, HOLDER)
    deaf = [say(platform.events, greeting(0x21)) for _ in range(20)]
    with fluvius.Subscriber(platform.events) as bus, bystander(platform, "deaf subscribers"):
        for _ in range(30):
            with plain(platform.events) as wrong:
                wrong.sendall(greeting(0x30))
                is_closed(wrong)
        seen = heard = 0
        for _ in range(20):
            client.listen()
            replies = client.send_all([fluvius.command("bank:deposit", target, {"amount": 1, "note": "x" * 140}) for _ in range(1000)])
            number, last = (int(part) for part in replies[-1].position.partition(":")[2].split("."))
            until = time.monotonic() + 20
            while seen < last and time.monotonic() < until:
                heads, records = next(bus)
                seen = max([seq for partition, seq in heads if partition == number] + [seen])
                heard += len(records)
        tap.check(seen >= last, "deaf subscribers: another one hears the heads", f"{seen} of {last}")
        tap.note(f"it heard {heard} of 20000 records beside the heads")
    for sock in deaf:
        sock.close()


# ---- sizes ----

def test_sizes(platform, client):
    target = "account/z-" + uuid.uuid4().hex
    client.send("bank:open", target, HOLDER)
    client.send_all([fluvius.command("bank:deposit", target, {"amount": 1, "note": "x" * 140}) for _ in range(3)])
    events = {"op": "events", "ns": "bank", "res": "account", "agg": target[8:]}
    state = {**events, "op": "state"}
    with Wire(platform.bus) as wire:
        full = wire.ask(frame(events))
        size = len(fluvius.pack(full))
        same(wire.ask(frame(events, max=max(size, 1024))), full, "a reply that just fits comes whole")
        answer = wire.ask(frame(state, events, state, max=1024))["r"]
        same([part.get("code") for part in answer], [None, "reply_too_large", None], "a reply above the client's max is replaced, the others stay")
        same(answer[1]["st"], "error", "its status is error")
        asked = [command("bank:withdraw", target, {"amount": 1 << 40}) for _ in range(20)]
        answer = wire.ask(frame(*asked, max=96 * 21))
        codes = [part.get("code") for part in answer["r"]]
        same((set(codes), [part["id"] for part in answer["r"]]),
             ({"insufficient_funds", "reply_too_large"}, [part["id"] for part in asked]),
             "20 commands in the least room that they may have: some replies fit, all have their id")
        tap.check(len(fluvius.pack(answer)) <= 96 * 21, "and they stay within it")
        again = wire.ask(frame(*asked))["r"]
        same({part["code"] for part in again}, {"insufficient_funds"}, "those that did not fit were decided; their receipts tell")
        answer = wire.ask(frame(*[{**events, "n": 1000}] * 1024))
        same({part.get("code") for part in answer["r"]}, {None, "reply_too_large"}, "1,024 large replies: a megabyte of them comes")
        tap.check(len(fluvius.pack(answer)) <= 1 << 20, "and no more")


def main():
    with Platform(environment={"FLUVIUS_IDLE_MS": str(IDLE_MS), "FLUVIUS_SEND_MS": str(SEND_MS)}) as platform:
        with fluvius.Client(platform.bus) as client:
            test_sizes(platform, client)
            test_half_sent(platform, client)
            test_dripping(platform)
            test_silent(platform, client)
            test_subscribers(platform, client)
            test_never_reads(platform, client, processes=1, clients=1, rounds=10)
            test_never_reads(platform, client, processes=4, clients=5, rounds=5)
            same(client.health()["status"], "ok", "the platform is well at the end")
    tap.end()


if __name__ == "__main__":
    main()
