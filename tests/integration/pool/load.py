# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Load for tests of a pool that changes: clients over sockets (kill_client) and over HTTP, all of whose answers are
kept; what they saw is compared with the store at the end. No command may end otherwise than decided."""
import collections
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import checker
import history
from platform_under_test import BUILD, tool

ACCOUNTS = 500
LOG = {"FLUVIUS_PARTITIONS": "256", "FLUVIUS_FILES": "16"}  # more units than shards, so that some move
DECIDED = ("ok", "rejected", "conflict")
CLIENT = os.path.join(BUILD, "tests", "tools", "kill_client")


class SocketClient:
    """kill_client: keeps commands in flight over the C client library, which repeats them until they are decided."""

    def __init__(self, platform, number, seed, in_flight):
        self.history = os.path.join(platform.data, f"history-{number}.jsonl")
        self.log = os.path.join(platform.data, f"client-{number}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([CLIENT, platform.bus, str(seed * 100 + number + 1), str(ACCOUNTS), str(in_flight),
                                             self.history, "20", "patient"], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.PIPE)

    def end(self):
        self.process.stdin.close()
        said = self.process.stderr.read().decode()
        with open(self.log, encoding="utf-8") as log:
            return log.read().splitlines(), [] if self.process.wait() == 0 else [said]


class HttpClient(threading.Thread):
    """Deposits and reads over HTTP, one at a time. It does what docs/HTTP.md says and no more: after a lost connection,
    429, 503 or 504 it repeats the request with the same Idempotency-Key, not before Retry-After when there is one. What
    made it repeat is counted in `seen`; any other answer is a fault."""

    def __init__(self, platform, number, seed):
        super().__init__(daemon=True)
        self.address, self.number, self.random = platform.http.replace("http://", ""), number, random.Random(seed * 100 + number)
        self.history = os.path.join(platform.data, f"history-http-{number}.jsonl")
        self.lines, self.faults, self.seen, self.tries = [], [], collections.Counter(), 0
        self.stop, self.connection = False, None
        self.start()

    def request(self, method, path, body, headers):
        """Gives (answer, text), or None and what it was that makes repeating right."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=30)
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection = None
            return None, type(error).__name__

    def ask(self, method, path, body=None, headers=None):
        for attempt in range(600):
            self.tries += attempt > 0
            answer, text = self.request(method, path, body, headers or {})
            if answer is None:
                self.seen[text] += 1
                time.sleep(0.05)
            elif answer.status in (429, 503, 504):
                self.seen[str(answer.status)] += 1
                if answer.status != 504 and answer.getheader("Retry-After") is None:
                    self.faults.append(f"{answer.status} without Retry-After: {text[:200]}")
                time.sleep(float(answer.getheader("Retry-After") or 0.05))
            else:
                return answer, json.loads(text)
        raise RuntimeError(f"{method} {path}: no answer after 600 tries")

    def deposit(self, account, file):
        key, amount, started = str(uuid.uuid4()), self.random.randint(1, 1000), time.monotonic_ns()
        answer, body = self.ask("POST", f"/bank:deposit/account/{account}", '{"amount":%d}' % amount,
                                {"Content-Type": "application/json", "Idempotency-Key": key})
        if answer.status not in (200, 422):
            self.faults.append(f"{answer.status}: {body}")
            return
        good = answer.status == 200
        status = "ok" if good else body["type"].rsplit(":", 1)[1]
        version = int(body["data"]["_etag"]) if good else body["version"]
        print(history.line(90 + self.number, account, "deposit", started, status, amount=amount, id=key, version=version),
              file=file)
        if good:
            self.lines.append(f"{key} deposit {account} {amount} ok {version} {answer.getheader('Fluvius-Position')} - -")

    def read(self, account, file):
        started = time.monotonic_ns()
        answer, body = self.ask("GET", f"/bank.account/{account}")
        if answer.status != 200:
            self.faults.append(f"{answer.status}: {body}")
            return
        print(history.line(90 + self.number, account, "read", started, "ok", version=int(body["data"]["_etag"]),
                           balance=body["data"]["balance"]), file=file)

    def run(self):
        with open(self.history, "w", encoding="utf-8") as file:
            while not self.stop:
                account = f"kill-{self.random.randrange(ACCOUNTS)}"
                (self.read if self.random.randrange(100) < 15 else self.deposit)(account, file)

    def end(self):
        self.stop = True
        self.join(60)
        return self.lines, self.faults + (["an HTTP client did not come to an end"] if self.is_alive() else [])


class Load:
    """Opens the accounts, then keeps the clients busy until end()."""

    def __init__(self, platform, tap, seed, sockets=3, in_flight=32, over_http=2):
        self.platform, self.tap, self.opened = platform, tap, os.path.join(platform.data, "history-open.jsonl")
        done = subprocess.run([CLIENT, platform.bus, "open", str(ACCOUNTS), "64", self.opened], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        tap.check(done.returncode == 0, "accounts are opened")
        self.over_http = [HttpClient(platform, number, seed) for number in range(over_http)]
        self.clients = [SocketClient(platform, number, seed, in_flight) for number in range(sockets)] + self.over_http
        self.started, self.lines, self.faults = time.monotonic(), [], []

    def end(self):
        for client in self.clients:
            lines, faults = client.end()
            self.lines += lines
            self.faults += faults
        self.took = time.monotonic() - self.started

    def histories(self):
        return [self.opened] + [client.history for client in self.clients]

    def calls(self):
        for path in self.histories()[1:]:
            with open(path, encoding="utf-8") as file:
                yield from (json.loads(line) for line in file)

    def judge(self, rows):
        """All that was promised, from the clients' logs, the store's rows and the histories."""
        statuses = collections.Counter(call["status"] for call in self.calls())
        self.tap.note(f"{len(self.lines)} commands answered in {self.took:.0f} s, {len(self.lines) / self.took:.0f} a second; "
                      f"calls by status: {dict(statuses)}")
        seen = sum((client.seen for client in self.over_http), collections.Counter())
        self.tap.note(f"over HTTP {sum(len(client.lines) for client in self.over_http)} deposits; repeated "
                      f"{sum(client.tries for client in self.over_http)} times, after {dict(seen)}")
        self.tap.check(not self.faults, "clients saw nothing but answers, and what they may repeat after",
                       "\n".join(self.faults))
        failed = sum(count for status, count in statuses.items() if status not in DECIDED + ("not_found",))
        self.tap.check(failed == 0, "0 commands failed", dict(statuses))
        faults, decided = checker.answer_faults(rows, self.lines)
        self.tap.check(not faults and decided > 0, "0 acknowledged commands lost or stored otherwise", "\n".join(faults))
        faults = checker.store_faults(rows)
        self.tap.check(not faults, "0 gaps, 0 commands applied twice, epochs and aggregates in order", "\n".join(faults))
        code, said = history.check(self.histories())
        self.tap.check(code == 0, "each aggregate's history is linearizable", said)


def health(platform):
    """What the platform says of itself; None when there is no answer."""
    done = subprocess.run([tool("fluvius"), "health", "--bus", platform.bus, "--alive"], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None


def wait_until(what, condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return True


def owners(server):
    """{shard's name: units}, of those whose leases run, units 0 too; and units of nobody, or of one that leaves, as None."""
    counts = {row[0]: int(row[1]) for row in server.rows(
        "select m.name, count(u.number) from fluvius.member m left join fluvius.unit u on u.boot = m.boot "
        "where m.expires_at > clock_timestamp() and not m.leaving group by m.name")}
    counts[None] = 0
    for row in server.rows("select count(*) from fluvius.unit u left join fluvius.member m on m.boot = u.boot "
                           "and m.expires_at > clock_timestamp() where m.boot is null or m.leaving"):
        counts[None] = int(row[0])
    return counts


def settled(server, shards):
    """True when so many shards share all units evenly."""
    counts = owners(server)
    nobody = counts.pop(None)
    return nobody == 0 and len(counts) == shards and max(counts.values()) - min(counts.values()) <= 1


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0
