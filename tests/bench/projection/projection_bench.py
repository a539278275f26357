#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What read models cost and how far they are behind: `fluvius bench commands` with a projector beside the same without, in
turns; the lag while the load lasts; and how fast a projector builds everything anew, beside a bare SELECT of the same rows.

  projection_bench.py [--seconds N] [--turns N] [--postgres] [--json]"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "integration"))
from platform_under_test import Platform, module, tool
from postgres_under_test import Postgres

def run(*words):
    return subprocess.run([tool("fluvius"), *words], stdout=subprocess.PIPE, text=True, check=False).stdout


class Store:
    """Where a turn's log and rows are: SQLite files of the platform, or a database of a server."""

    def __init__(self, server, number):
        self.server, self.name = server, f"turn{number}"
        if server is not None:
            server.psql(f"CREATE DATABASE {self.name}")
            self.url = server.url.rsplit("/", 1)[0] + "/" + self.name

    def options(self):
        return () if self.server is None else ("--store", self.url)

    def another(self):
        """A database for rows alone, new each time."""
        self.made = getattr(self, "made", 0) + 1
        self.server.psql(f"CREATE DATABASE {self.name}_{self.made}")
        return f"{self.url}_{self.made}"

    def where(self, platform):
        return "sqlite:" + platform.data if self.server is None else self.url


def lag_of(where):
    lags = [json.loads(line) for line in run("lag", "--store", where).splitlines()]
    return max([lag["lag_ms"] for lag in lags if lag["state"] == "live"], default=None)


def load(platform, seconds, where=None):
    """Runs the load, and looks at the lag meanwhile. Gives commands a second and the lags."""
    process = subprocess.Popen([tool("fluvius"), "bench", "commands", "--bus", platform.bus, "--seconds", str(seconds),
                                "--json"], stdout=subprocess.PIPE, text=True)
    lags, until = [], time.monotonic() + seconds
    while where is not None and process.poll() is None and time.monotonic() < until:
        time.sleep(1)
        lags.append(lag_of(where))
    output = process.communicate()[0]
    return json.loads(output)["commands_per_second"], [lag for lag in lags if lag is not None]


def turn(server, number, projectors, seconds):
    store = Store(server, number)
    with Platform(*store.options(), "--projectors", str(projectors), "--log-level", "warning", domains=("bank",)) as platform:
        rate, lags = load(platform, seconds, store.where(platform) if projectors else None)
        result = {"rate": rate, "lag_ms": lags[-1] if lags else None, "lag_max_ms": max(lags, default=None)}
        if projectors:
            result.update(rebuild(platform, store))
        return result


def select_sqlite(data):
    """Every column of every record, as fast as SQLite gives them to a program."""
    program = os.path.join(data, "bare_select")
    if not os.path.exists(program):
        subprocess.run(["cc", "-O2", "-o", program, os.path.join(HERE, "bare_select.c"), "-lsqlite3"], check=True)
    logs = [os.path.join(data, name) for name in sorted(os.listdir(data)) if re.fullmatch(r"log-\d+\.db", name)]
    said = subprocess.run([program, *logs], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return int(said[0]), float(said[1])


def select_postgres(store):
    began = time.monotonic()
    out = subprocess.run(["psql", "-qAt", "-d", store.url, "-c", "COPY (SELECT * FROM fluvius.log ORDER BY position) TO STDOUT"
                          " (FORMAT binary)"], stdout=subprocess.DEVNULL, check=True)
    seconds = time.monotonic() - began
    count = subprocess.run(["psql", "-qAt", "-d", store.url, "-c", "SELECT count(*) FROM fluvius.log"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    return int(count), seconds, out


def rebuild(platform, store):
    """Three times each in turns; medians."""
    found = [rebuild_once(platform, store) for _ in range(3)]
    return {name: median([one[name] for one in found]) for name in found[0]}


def rebuild_once(platform, store):
    """A projector beside the platform's own, with a place of its own for its rows. It makes all read models of the bank;
    what counts is when the last of them is live."""
    rows, seconds = select_sqlite(platform.data) if store.server is None else select_postgres(store)[:2]
    with tempfile.TemporaryDirectory() as directory:
        target = "sqlite:" + directory if store.server is None else store.another()
        began = time.monotonic()
        live = None
        process = subprocess.Popen([tool("fluvius-projector"), "--name", "bench", "--store", store.where(platform),
                                    "--read-models", target, "--domain", module("bank"), "--log-level", "info"],
                                   stderr=subprocess.PIPE, text=True)
        building = 0
        for line in process.stderr:
            building += '"message":"building"' in line
            building -= '"message":"build is live"' in line
            if building == 0 and "build is live" in line:
                live = time.monotonic() - began
                break
        process.terminate()
        process.wait()
    return {"rows": rows, "select_rate": rows / seconds, "rebuild_rate": rows / live if live else 0}


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def measure(options, server):
    without, beside = [], []
    for number in range(options.turns):
        without.append(turn(server, 2 * number, 0, options.seconds))
        beside.append(turn(server, 2 * number + 1, 1, options.seconds))
    return {"store": "postgresql" if server else "sqlite",
            "commands_without": median([one["rate"] for one in without]),
            "commands_with": median([one["rate"] for one in beside]),
            "ratio": median([b["rate"] / a["rate"] for a, b in zip(without, beside)]),
            "lag_ms": median([one["lag_ms"] for one in beside]), "lag_max_ms": max(one["lag_max_ms"] or 0 for one in beside),
            "select_rows": median([one["select_rate"] for one in beside]),
            "rebuild_rows": median([one["rebuild_rate"] for one in beside]),
            "rebuild_ratio": median([one["rebuild_rate"] / one["select_rate"] for one in beside])}


def tell(found):
    print(f"{found['store']}: commands a second   {found['commands_with']:.0f} with a projector, "
          f"{found['commands_without']:.0f} without; ratio {found['ratio']:.2f}")
    print(f"  lag under load      {found['lag_ms']} ms at the end, {found['lag_max_ms']} ms at most")
    print(f"  rebuild             {found['rebuild_rows']:.0f} records a second, bare SELECT {found['select_rows']:.0f}; "
          f"ratio {found['rebuild_ratio']:.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--postgres", action="store_true", help="only on PostgreSQL")
    parser.add_argument("--sqlite", action="store_true", help="only on SQLite")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    if not options.postgres:
        found.append(measure(options, None))
    if not options.sqlite:
        with Postgres(shared_buffers="512MB") as server:
            found.append(measure(options, server))
    for one in found:
        print(json.dumps(one)) if options.json else tell(one)


if __name__ == "__main__":
    main()
