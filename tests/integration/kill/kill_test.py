#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Kills shards, brokers and gateways at random with SIGKILL while clients run commands, then proves from the store, by
its own SQL, that nothing acknowledged was lost, nothing was applied twice, and nothing is out of order.

  kill_test.py [--kills N] [--commands N] [--seed N]"""
import argparse
import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import checker
from platform_under_test import Platform, Tap, BUILD

CLIENTS, IN_FLIGHT, ACCOUNTS = 7, 64, 500


class HttpClient(threading.Thread):
    """The eighth client: commands over HTTP, each retried with its Idempotency-Key until it is decided."""

    def __init__(self, address, seed):
        super().__init__(daemon=True)
        self.address, self.random = address.replace("http://", ""), random.Random(seed)
        self.lines, self.stop, self.connection = [], False, None

    def post(self, path, body, key):
        while True:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(self.address, timeout=10)
                self.connection.request("POST", path, body, {"Content-Type": "application/json",
                                                             "Idempotency-Key": key})
                answer = self.connection.getresponse()
                answer.read()
                if answer.status in (200, 422):
                    return answer
            except (OSError, http.client.HTTPException):
                self.connection = None
            time.sleep(0.02)

    def run(self):
        while not self.stop:
            key, amount = str(uuid.uuid4()), self.random.randint(1, 1000)
            account = f"kill-{self.random.randrange(ACCOUNTS)}"
            answer = self.post(f"/bank:deposit/account/{account}", '{"amount":%d}' % amount, key)
            if answer.status == 200:
                version = answer.getheader("ETag").strip('"')
                position = answer.getheader("Fluvius-Position")
                self.lines.append(f"{key} deposit {account} {amount} ok {version} {position} - -")


def open_accounts(platform, tap):
    client = subprocess.run([os.path.join(BUILD, "tests", "tools", "kill_client"), platform.bus, "open", str(ACCOUNTS),
                             "256"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    tap.check(client.returncode == 0, "accounts are opened")


def start_clients(platform, seed):
    clients = []
    for number in range(CLIENTS):
        log = open(os.path.join(platform.data, f"client-{number}.log"), "wb")
        clients.append((subprocess.Popen(
            [os.path.join(BUILD, "tests", "tools", "kill_client"), platform.bus, str(seed * 100 + number + 1),
             str(ACCOUNTS), str(IN_FLIGHT)], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.PIPE), log.name))
        log.close()
    return clients


def answers_so_far(clients):
    total = 0
    for _, path in clients:
        with open(path, "rb") as log:
            total += sum(block.count(b"\n") for block in iter(lambda: log.read(1 << 20), b""))
    return total


def kill_at_random(platform, clients, options, chance):
    """Returns {name: times}."""
    killed, count = {}, 0
    while count < options.kills or answers_so_far(clients) < options.commands:
        time.sleep(chance.uniform(0.1, 1.2))  # how long the platform lives is the test's input, not a wait for it
        if count >= options.kills:
            continue
        children = platform.children()
        if children:
            name = chance.choice(sorted(children))
            os.kill(children[name], signal.SIGKILL)
            killed[name] = killed.get(name, 0) + 1
            count += 1
    return killed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--commands", type=int, default=200000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    tap, chance = Tap(), random.Random(options.seed)
    tap.note(f"seed {options.seed}")
    with Platform("--shards", "2", keep=options.keep) as platform:
        open_accounts(platform, tap)
        over_http = HttpClient(platform.http, options.seed)
        over_http.start()
        clients = start_clients(platform, options.seed)
        killed = kill_at_random(platform, clients, options, chance)
        lines, codes, notes = [], [], []
        for client, path in clients:
            client.stdin.close()
        for client, path in clients:
            notes.append(client.stderr.read().decode())
            codes.append(client.wait())
            with open(path, encoding="utf-8") as log:
                lines += log.read().splitlines()
        over_http.stop = True
        over_http.join(60)
        lines += over_http.lines
        tap.check(not over_http.is_alive(), "the HTTP client came to an end")
        platform.stop()
        tap.note(f"killed {sum(killed.values())} times: {killed}")
        tap.note("; ".join(note.strip().splitlines()[-1] for note in notes if note.strip()))
        tap.check(all(code == 0 for code in codes), "every repeated command got the answer it got first",
                  "\n".join(notes))
        judge(platform.data, lines, options, killed, tap)
    tap.end()


def judge(data, lines, options, killed, tap):
    rows = checker.read_log(data)
    faults, decided = checker.answer_faults(rows, lines)
    statuses = {}
    for line in lines:
        status = checker.parse_answer(line)["status"]
        statuses[status] = statuses.get(status, 0) + 1
    tap.note(f"{len(lines)} answers {statuses}, {decided} decided; {len(rows)} rows, "
             f"{sum(1 for row in rows if row['event'])} events")
    tap.check(sum(killed.values()) >= options.kills, f"{options.kills} processes were killed")
    tap.check(decided >= options.commands, f"at least {options.commands} commands were acknowledged", decided)
    tap.check(not faults, "0 acknowledged commands lost or stored otherwise", "\n".join(faults))
    for name, found in (("0 gaps, times and epochs in order", checker.position_faults(rows)),
                        ("0 disorder within an aggregate", checker.stream_faults(rows)),
                        ("0 commands applied twice", checker.receipt_faults(rows)),
                        ("0 balances below zero", checker.balance_faults(rows))):
        tap.check(not found, name, "\n".join(found))


main()
