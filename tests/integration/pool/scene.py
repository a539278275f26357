# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What the tests of this directory share: a platform of several shards whose way to PostgreSQL leads through a proxy,
clients that keep it busy, a record of writes that came too late, and the judgement at the end."""
import contextlib
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import checker
import history
from platform_under_test import BUILD, Platform, module
from postgres_under_test import Postgres
from proxy import Proxy

CLIENTS, IN_FLIGHT, ACCOUNTS = 3, 24, 120
CLIENT = os.path.join(BUILD, "tests", "tools", "kill_client")

# At the end of a transaction its backend must still be that of a unit's owner. Only what the log does not show by its
# epochs is watched; the look comes at the commit, where the fence has come before.
WATCH = """
create schema watch;
create table watch.stale (relation text, how text, backend integer, at timestamptz default clock_timestamp());
create function watch.look() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from fluvius.unit where pid = pg_backend_pid()) then
        insert into watch.stale (relation, how, backend) values (tg_table_name, tg_op, pg_backend_pid());
    end if;
    return null;
end $$;
"""
WATCHED = "stream covered snapshot receipt_run receipt_page receipt_other receipt_mark".split()

# Receipts from long ago, so that every owner has something to delete. They are not watched.
OLD = """
set session_replication_role = replica;
insert into fluvius.receipt_other (unit, day, id, stream_hash, position)
select u.number, d, gen_random_uuid(), i, 1 from fluvius.unit u, generate_series({0}, {1}) d, generate_series(1, 40) i
on conflict do nothing
"""


class Scene:
    """with Scene(seed, shards, lease_ms) as scene: scene.server, scene.proxy, scene.platform, scene.start(); scene.judge(...)"""

    def __init__(self, seed, shards, lease_ms, brokers=1, keep=False, server=None, reads=30, silent_ms=3000):
        self.seed, self.shards, self.lease_ms, self.brokers, self.keep, self.reads = seed, shards, lease_ms, brokers, keep, reads
        self.silent_ms = silent_ms  # after so long brokers take a shard for lost that says nothing
        self.stack, self.server, self.clients, self.days = contextlib.ExitStack(), server, [], 0

    def __enter__(self):
        if self.server is None:
            self.server = self.stack.enter_context(Postgres())
        self.proxy = self.stack.enter_context(Proxy(self.server.port))
        url = f"postgresql://fluvius@127.0.0.1:{self.proxy.port}/postgres?sslmode=disable&gssencmode=disable"
        self.environment = {"FLUVIUS_LEASE_MS": str(self.lease_ms), "FLUVIUS_STORE": url, "FLUVIUS_SERVICE_TOKEN": "scene",
                            "FLUVIUS_SILENT_MS": str(self.silent_ms)}
        self.platform = self.stack.enter_context(Platform(
            "--shards", str(self.shards), "--brokers", str(self.brokers), "--store", url, keep=self.keep,
            environment=self.environment))
        self.bus, self.names = self.platform.bus, ["open"]
        self.server.psql(WATCH + "".join(
            f"create constraint trigger watch after insert or update or delete on fluvius.{name}"
            " deferrable initially deferred for each row execute function watch.look();" for name in WATCHED))
        return self

    def __exit__(self, *exc):
        for client, _ in self.clients:
            client.kill()
            client.wait()
        self.stack.__exit__(*exc)

    # ---- clients ----

    def path(self, name):
        return os.path.join(self.platform.data, f"history-{name}.jsonl")

    def client(self, name, *words, bus=None, **more):
        return subprocess.Popen([CLIENT, bus or self.bus, str(name), str(ACCOUNTS), str(IN_FLIGHT), *words], **more)

    def start(self):
        """Opens the accounts and starts the clients; True when that went well."""
        opened = self.client("open", self.path("open"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if opened.wait() != 0:
            return False
        for number in range(1, CLIENTS + 1):
            self.clients.append(self.start_client(number, self.reads))
        return True

    def start_client(self, number, reads, bus=None):
        """Gives it and the path of its log."""
        self.names.append(number)
        with open(os.path.join(self.platform.data, f"client-{number}.log"), "wb") as log:
            return self.client(self.seed * 100 + number, self.path(number), str(reads), bus=bus, stdin=subprocess.PIPE,
                               stdout=log, stderr=subprocess.PIPE), log.name

    def wait_for_answers(self, seconds=60):
        """Until every client got new ones."""
        before, until = [os.path.getsize(path) for _, path in self.clients], time.monotonic() + seconds
        while any(os.path.getsize(path) <= size + 4096 for (_, path), size in zip(self.clients, before)):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def end(self):
        """Lets the clients finish; gives their lines, exit codes and last words."""
        lines, codes, notes = [], [], []
        for client, _ in self.clients:
            client.stdin.close()
        for client, path in self.clients:
            notes.append(client.stderr.read().decode())
            codes.append(client.wait())
            with open(path, encoding="utf-8") as log:
                lines += log.read().splitlines()
        return lines, codes, notes

    # ---- the pool ----

    def start_shard(self, name, bus):
        """A shard beside the platform's own, which reaches brokers by other ways."""
        words = [os.path.join(BUILD, "bin", "fluvius-shard"), "--name", name, "--bus", bus,
                 "--journal", os.path.join(self.platform.data, f"{name}.journal")]
        for domain in ("bank", "objects"):
            words += ["--domain", module(domain)]
        with open(self.platform.log, "ab") as log:
            return subprocess.Popen(words, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def shard_pids(self):
        return {name: pid for name, pid in self.platform.children().items() if name.startswith("shard")}

    def owners(self):
        """{unit: (epoch, pid of the shard that claimed it last and whose lease runs, or 0)}"""
        found = {}
        for unit, epoch, holder in self.server.rows(
                "select u.number, u.epoch, case when m.expires_at > clock_timestamp() then u.holder else '' end"
                " from fluvius.unit u left join fluvius.member m on m.boot = u.boot"):
            found[int(unit)] = (int(epoch), int(holder.split()[-1]) if holder else 0)
        return found

    def move_to(self, server):
        """Another server is the log's from now on."""
        self.server, self.proxy.server = server, ("127.0.0.1", server.port)

    def add_old_receipts(self):
        self.days += 3
        self.server.psql(OLD.format(self.days - 2, self.days))

    # ---- the judgement ----

    def judge(self, tap):
        """Ends the clients and compares what they were told with the log."""
        lines, codes, notes = self.end()
        self.platform.stop()
        tap.note("; ".join(note.strip().splitlines()[-1] for note in notes if note.strip()))
        tap.check(all(code == 0 for code in codes), "every repeated command got the answer it got first", "\n".join(notes))
        rows = checker.read_postgres(self.server)
        faults, decided = checker.answer_faults(rows, lines)
        epochs = max(row["epoch"] for row in rows)
        tap.note(f"{len(lines)} answers, {decided} decided; {len(rows)} rows, epochs up to {epochs}")
        tap.check(decided > 0 and not faults, "0 acknowledged commands lost or stored otherwise", "\n".join(faults))
        for name, found in (("0 gaps, and no row of a stale epoch after one of a newer", checker.position_faults(rows)),
                            ("0 disorder within an aggregate", checker.stream_faults(rows)),
                            ("0 commands applied twice", checker.receipt_faults(rows)),
                            ("0 balances below zero", checker.balance_faults(rows))):
            tap.check(not found, name, "\n".join(found))
        stale = self.server.rows("select relation, how, count(*) from watch.stale group by 1, 2")
        tap.check(not stale, "nothing was written or deleted in the indexes by who owned nothing any more", stale)
        self.judge_histories(tap)

    def judge_histories(self, tap):
        code, said = history.check([self.path(name) for name in self.names])
        tap.note(said.splitlines()[-1] if said else "nothing said")
        tap.check(code == 0, "each aggregate's history, with reads and dry runs, is linearizable", said)
