#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Kills shards, brokers and gateways at random with SIGKILL while clients run commands, then proves from the store, by
its own SQL, that nothing acknowledged was lost, nothing was applied twice, and nothing is out of order; and from what the
clients saw, that each aggregate's history is linearizable.

  kill_test.py [--kills N] [--commands N] [--seed N] [--postgres [--shards N] [--brokers N] [--recoveries N]]

With --postgres the store is a PostgreSQL server of its own, sessions of which are killed too; at the end shards are killed
one by one, and how long their units were without an owner is printed."""
import argparse
import contextlib
import http.client
import json
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
import history
from platform_under_test import Platform, Tap, BUILD, tool
from postgres_under_test import Postgres

CLIENTS, IN_FLIGHT, ACCOUNTS = 7, 64, 500


class HttpClient(threading.Thread):
    """The eighth client: over HTTP; commands are retried with their Idempotency-Key until they are decided."""

    def __init__(self, address, seed, path):
        super().__init__(daemon=True)
        self.address, self.random, self.path = address.replace("http://", ""), random.Random(seed), path
        self.lines, self.stop, self.connection, self.finished = [], False, None, False

    def ask(self, method, path, body=None, headers=None):
        """Gives the answer and its body; repeats until there is one that is final."""
        while True:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(self.address, timeout=10)
                self.connection.request(method, path, body, headers or {})
                answer = self.connection.getresponse()
                text = answer.read()
                if answer.status in (200, 422):
                    return answer, json.loads(text)
            except (OSError, http.client.HTTPException):
                self.connection = None
            time.sleep(0.02)

    def deposit(self, account, file, dry):
        key, amount, started = str(uuid.uuid4()), self.random.randint(1, 1000), time.monotonic_ns()
        answer, body = self.ask("POST", f"/bank:deposit/account/{account}" + ("?dry_run=1" if dry else ""),
                                '{"amount":%d}' % amount, {"Content-Type": "application/json", "Idempotency-Key": key})
        good = answer.status == 200
        status = "ok" if good else body["type"].rsplit(":", 1)[1]
        version = int(body["data"]["_etag"]) if good else body.get("version")
        balance = body["data"]["state"]["balance"] if good and dry else None
        print(history.line(CLIENTS + 1, account, "deposit", started, status, amount=amount, id=None if dry else key,
                           dry=dry or None, version=version, balance=balance), file=file)
        if good and not dry:
            position = answer.getheader("Fluvius-Position")
            self.lines.append(f"{key} deposit {account} {amount} ok {version} {position} - -")

    def read(self, account, file):
        started = time.monotonic_ns()
        data = self.ask("GET", f"/bank.account/{account}")[1]["data"]
        print(history.line(CLIENTS + 1, account, "read", started, "ok", version=int(data["_etag"]),
                           balance=data["balance"]), file=file)

    def run(self):
        with open(self.path, "w", encoding="utf-8") as file:
            while not self.stop:
                account, dice = f"kill-{self.random.randrange(ACCOUNTS)}", self.random.randrange(100)
                if dice < 15:
                    self.read(account, file)
                else:
                    self.deposit(account, file, dice < 20)
        self.finished = True


def history_path(platform, name):
    return os.path.join(platform.data, f"history-{name}.jsonl")


def open_accounts(platform, tap):
    client = subprocess.run([os.path.join(BUILD, "tests", "tools", "kill_client"), platform.bus, "open", str(ACCOUNTS),
                             "256", history_path(platform, "open")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    tap.check(client.returncode == 0, "accounts are opened")


def start_clients(platform, seed):
    clients = []
    for number in range(CLIENTS):
        log = open(os.path.join(platform.data, f"client-{number}.log"), "wb")
        clients.append((subprocess.Popen(
            [os.path.join(BUILD, "tests", "tools", "kill_client"), platform.bus, str(seed * 100 + number + 1),
             str(ACCOUNTS), str(IN_FLIGHT), history_path(platform, number)], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.PIPE), log.name))
        log.close()
    return clients


def stop_clients(clients, over_http, tap):
    """Gives the lines of all of them."""
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
    tap.check(over_http.finished, "the HTTP client came to an end")
    tap.note("; ".join(note.strip().splitlines()[-1] for note in notes if note.strip()))
    tap.check(all(code == 0 for code in codes), "every repeated command got the answer it got first", "\n".join(notes))
    return lines + over_http.lines


def answers_so_far(clients):
    total = 0
    for _, path in clients:
        with open(path, "rb") as log:
            total += sum(block.count(b"\n") - block.count(b" deadline ")
                         for block in iter(lambda: log.read(1 << 20), b""))
    return total


def victims(platform, server, chance):
    """{name: pid} of what may be killed now."""
    found = platform.children()
    with contextlib.suppress(subprocess.CalledProcessError):  # it is starting again
        if server is not None:
            sessions = server.backends()
            found.update({f"session {pid}": pid for pid in chance.sample(sessions, min(1, len(sessions)))})
    return found


def kill_at_random(platform, server, clients, options, chance, tap):
    """Returns {name: times}."""
    killed, count, seen, busy = {}, 0, 0, 0
    while count < options.kills or answers_so_far(clients) < options.commands:
        time.sleep(chance.uniform(0.1, options.pause))  # how long the platform lives is the test's input, not a wait for it
        if count >= options.kills:
            continue
        children = victims(platform, server, chance)
        if children:
            written = sum(os.path.getsize(path) for _, path in clients)
            busy, seen = busy + (written > seen), written
            name = chance.choice(sorted(children))
            with contextlib.suppress(ProcessLookupError):
                os.kill(children[name], signal.SIGKILL)
            name = name.split()[0]
            killed[name] = killed.get(name, 0) + 1
            count += 1
    tap.note(f"{busy} of {count} kills came after answers since the one before")
    return killed


def all_owned(platform):
    health = subprocess.run([tool("fluvius"), "health", "--bus", platform.bus], check=False, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return health.returncode == 0


def recoveries(platform, options, chance, tap):
    """Kills a shard, waits until every partition has an owner again, and so on; prints how long that took."""
    took = []
    for _ in range(options.recoveries):
        while not all_owned(platform):
            time.sleep(0.02)
        shards = {name: pid for name, pid in platform.children().items() if name.startswith("shard")}
        os.kill(shards[chance.choice(sorted(shards))], signal.SIGKILL)
        killed = time.monotonic()
        while all_owned(platform):
            time.sleep(0.02)
        while not all_owned(platform):
            time.sleep(0.02)
        took.append(time.monotonic() - killed)
    if took:
        took.sort()
        tap.note(f"owners again after a shard's death (lease 3 s): median {took[len(took) // 2]:.2f} s, "
                 f"p99 {took[min(len(took) - 1, len(took) * 99 // 100)]:.2f} s, of {len(took)}")


@contextlib.contextmanager
def scene(options):
    """The platform, and its PostgreSQL server or None."""
    words = ["--shards", str(options.shards), "--brokers", str(options.brokers)]
    with contextlib.ExitStack() as stack:
        server = None
        if options.postgres:
            server = stack.enter_context(Postgres())
            words += ["--store", server.url]
        yield stack.enter_context(Platform(*words, keep=options.keep)), server


def main(*defaults):
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--commands", type=int, default=200000)
    parser.add_argument("--pause", type=float, default=1.2, help="the longest time between two kills, in seconds")
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--brokers", type=int, default=1)
    parser.add_argument("--recoveries", type=int, default=0)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(list(defaults) + sys.argv[1:])
    tap, chance = Tap(), random.Random(options.seed)
    tap.note(f"seed {options.seed}")
    with scene(options) as (platform, server):
        open_accounts(platform, tap)
        over_http = HttpClient(platform.http, options.seed, history_path(platform, "http"))
        over_http.start()
        clients = start_clients(platform, options.seed)
        killed = kill_at_random(platform, server, clients, options, chance, tap)
        recoveries(platform, options, chance, tap)
        lines = stop_clients(clients, over_http, tap)
        platform.stop()
        tap.note(f"killed {sum(killed.values())} times: {killed}")
        rows = checker.read_log(platform.data) if server is None else checker.read_postgres(server)
        judge(rows, lines, options, killed, tap)
        judge_histories(platform, tap)
    tap.end()


def judge(rows, lines, options, killed, tap):
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


def judge_histories(platform, tap):
    """All calls of all clients, on every account."""
    paths = [history_path(platform, name) for name in ["open", "http"] + list(range(CLIENTS))]
    code, said = history.check(paths)
    tap.note(said.splitlines()[-1] if said else "nothing said")
    tap.check(code == 0, "each aggregate's history is linearizable", said)
    missed, count = history.faults_seen(platform.data, paths)
    tap.check(not missed and count == 6, "and would not be with one answer changed", "\n".join(missed))


if __name__ == "__main__":
    main()
