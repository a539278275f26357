# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Clients of the kill test, run outside of the containers against the published ports of both brokers, and what their logs
say when they are compared with the database."""
import os
import subprocess
import time
import types

import checker
import history
from platform_under_test import BUILD

CLIENTS, IN_FLIGHT, ACCOUNTS = 4, 16, 200
PROGRAM = os.path.join(BUILD, "tests", "tools", "kill_client")


class Load:
    """with Load(compose, directory) as load: load.goes_on(200) ..."""

    def __init__(self, compose, directory):
        self.compose, self.directory, self.clients = compose, directory, []
        self.bus = ",".join(compose.buses)
        self.environment = {**os.environ, "FLUVIUS_TOKEN": compose.secret("client-token")}
        self.codes, self.notes, self.opened = [], [], False

    def path(self, kind, name):
        return os.path.join(self.directory, f"{kind}-{name}")

    def __enter__(self):
        opened = subprocess.run([PROGRAM, self.bus, "open", str(ACCOUNTS), "64", self.path("history", "open")], check=False,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=self.environment)
        self.opened = opened.returncode == 0
        for number in range(CLIENTS):
            with open(self.path("answers", number), "wb") as log:
                self.clients.append(subprocess.Popen(
                    [PROGRAM, self.bus, str(100 + number), str(ACCOUNTS), str(IN_FLIGHT), self.path("history", number)],
                    stdin=subprocess.PIPE, stdout=log, stderr=subprocess.PIPE, env=self.environment))
        return self

    def __exit__(self, *exc):
        for client in self.clients:
            client.stdin.close()
        for client in self.clients:
            self.notes.append(client.stderr.read().decode().strip())
            self.codes.append(client.wait(120))

    def lines(self):
        found = []
        for number in range(CLIENTS):
            with open(self.path("answers", number), encoding="utf-8") as log:
                found += [line for line in log.read().split("\n")[:-1]]
        return found

    def decided(self):
        return sum(1 for line in self.lines() if checker.parse_answer(line)["status"] in checker.STATUS)

    def goes_on(self, count=300, seconds=60):
        """Waits for so many more decided commands; gives how long that took, or None."""
        wanted, started = self.decided() + count, time.monotonic()
        while time.monotonic() - started < seconds:
            if self.decided() >= wanted:
                return time.monotonic() - started
            time.sleep(0.1)
        return None

    def judge(self, tap):
        lines = self.lines()
        server = types.SimpleNamespace(psql=lambda sql: types.SimpleNamespace(stdout=self.compose.sql(sql)))
        rows = checker.read_postgres(server)
        faults, decided = checker.answer_faults(rows, lines)
        statuses = {}
        for line in lines:
            status = checker.parse_answer(line)["status"]
            statuses[status] = statuses.get(status, 0) + 1
        tap.note(f"{len(lines)} answers {statuses}, {decided} decided; {len(rows)} rows in the database")
        tap.note("; ".join(note.splitlines()[-1] for note in self.notes if note))
        tap.check(all(code == 0 for code in self.codes), "every repeated command got the answer it got first", self.notes)
        for name, found in (("0 acknowledged commands lost or stored otherwise", faults),
                            ("0 gaps, times and epochs in order", checker.position_faults(rows)),
                            ("0 disorder within an aggregate", checker.stream_faults(rows)),
                            ("0 commands applied twice", checker.receipt_faults(rows)),
                            ("0 balances below zero", checker.balance_faults(rows))):
            tap.check(not found, name, "\n".join(found[:20]))
        code, said = history.check([self.path("history", name) for name in ["open"] + list(range(CLIENTS))])
        tap.check(code == 0, "each aggregate's history is linearizable: " + (said.splitlines() or [""])[-1], said)
