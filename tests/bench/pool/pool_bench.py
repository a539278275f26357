#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Commands a second on PostgreSQL, through broker and shards, beside pgbench's prepared single-row insert of the same
row on the same server: in turns, medians. Prints one JSON object.

  pool_bench.py [--rounds N] [--seconds N] [--shards N] [--growth] [--snapshot SECONDS]

--growth measures with 1, 2 and 4 shards too; --snapshot measures again while a transaction that has been open for so long
holds its snapshot (the load goes on meanwhile). Without projectors, which would write to the same server: what they cost
is measured by ../projection/projection_bench.py."""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "integration"))
from platform_under_test import Platform, tool
from postgres_under_test import Postgres, programs

INSERT = """\\set position random(1, 9223372036854775806)
insert into bare values (:position, 1700000000000000, 1, 2, 1, 123456789, 1, 0, '01890000-0000-7000-8000-000000000000',
 '0123456789abcdef', 'default', 'bank', 'account', 'bench-1234', 'deposited', 'deposit', 'anonymous', null,
 '0123456789012345678');
"""


def pgbench(server, seconds):
    """Single-row prepared inserts a second, 16 clients, into a table like the log with its key."""
    server.psql("drop table if exists bare; create table bare (like fluvius.log including all)")
    with tempfile.NamedTemporaryFile("w", suffix=".sql", dir=server.directory) as script:
        script.write(INSERT)
        script.flush()
        os.chmod(script.name, 0o644)
        said = server.run("pgbench", "-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", str(seconds), "-f", script.name,
                          "-h", "127.0.0.1", "-p", str(server.port), "-U", "fluvius", "postgres")
    return float(next(line.split()[2] for line in said.splitlines() if line.startswith("tps = ")))


def commands(platform, seconds):
    said = subprocess.run([tool("fluvius"), "bench", "commands", "--json", "--seconds", str(seconds), "--bus",
                           platform.bus], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
    result = json.loads(said)
    if not (result["balances_right"] and result["counts_right"]):
        raise RuntimeError("balances or counts are wrong: " + said.decode())
    return result


@contextlib.contextmanager
def platform_on(server, shards):
    with Platform("--store", server.url, "--shards", str(shards), "--projectors", "0", "--queries", "0") as platform:
        while subprocess.run([tool("fluvius"), "health", "--bus", platform.bus], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, check=False).returncode != 0:
            time.sleep(0.05)
        yield platform


def in_turns(server, platform, options):
    """Results of ours, and rates of pgbench."""
    bare, ours = [], []
    for _ in range(options.rounds):
        bare.append(pgbench(server, options.seconds))
        ours.append(commands(platform, options.seconds))
    return ours, bare


def rates_beside(server, platform, options):
    ours, bare = in_turns(server, platform, options)
    return statistics.median(each["commands_per_second"] for each in ours), statistics.median(bare)


def beside(server, options):
    with platform_on(server, options.shards) as platform:
        commands(platform, 1)  # opens the accounts
        ours, bare = in_turns(server, platform, options)
    rate = statistics.median(each["commands_per_second"] for each in ours)
    return {"commands_per_second": round(rate), "pgbench_per_second": round(statistics.median(bare)),
            "ratio": round(rate / statistics.median(bare), 2),
            "p50_us": statistics.median(each["p50_us"] for each in ours),
            "p99_us": statistics.median(each["p99_us"] for each in ours),
            "lone_p50_us": statistics.median(each["lone_p50_us"] for each in ours)}


def growth(server, options):
    rates = {}
    for _ in range(options.rounds):
        for shards in (1, 2, 4):
            with platform_on(server, shards) as platform:
                rates.setdefault(shards, []).append(commands(platform, options.seconds)["commands_per_second"])
    return {f"commands_per_second_{shards}_shards": statistics.median(found) for shards, found in rates.items()}


def under_snapshot(server, options):
    """The rate now, and when a snapshot has been held for a while under load; each beside pgbench, so that a machine
    that has become slower meanwhile is told from a store that has."""
    with platform_on(server, options.shards) as platform:
        before, bare_before = rates_beside(server, platform, options)
        holder = subprocess.Popen(["psql", "-X", "-q", "-d", server.url], stdin=subprocess.PIPE, text=True,
                                  stdout=subprocess.DEVNULL)
        holder.stdin.write("begin isolation level repeatable read; select count(*) from fluvius.log;\n")
        holder.stdin.flush()
        until = time.monotonic() + options.snapshot
        while time.monotonic() < until:
            commands(platform, min(30, options.snapshot))
        after, bare_after = rates_beside(server, platform, options)
        holder.stdin.close()
        holder.wait()
    return {"before_snapshot": before, "under_snapshot": after, "snapshot_seconds": options.snapshot,
            "pgbench_before": round(bare_before), "pgbench_under_snapshot": round(bare_after),
            "snapshot_ratio": round(after / before, 2),
            "snapshot_ratio_beside_pgbench": round(after / bare_after / (before / bare_before), 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--snapshot", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="what it prints is JSON anyway")
    options = parser.parse_args()
    if programs() is None:
        print("PostgreSQL's server is not installed: nothing measured on it", file=sys.stderr)
        return
    with Postgres() as server:
        subprocess.run([tool("fluvius"), "migrate", "--store", server.url], check=True, stdout=subprocess.DEVNULL)
        result = beside(server, options)
        if options.growth:
            result.update(growth(server, options))
        if options.snapshot:
            result.update(under_snapshot(server, options))
    print(json.dumps(result))


main()
