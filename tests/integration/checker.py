# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Checks an event store, on SQLite or PostgreSQL, against what clients were told, by SQL of its own: no code of the platform is used.

store_faults(directory) checks the log by itself: positions without gaps, in order of time; each aggregate's versions
without gaps and chained by `previous`; no command decided twice.
answer_faults(rows, lines) compares the clients' logs: everything that was acknowledged stands in the log, once, where
the answer said."""
import glob
import os
import sqlite3
import struct

STATUS = {"ok": 0, "rejected": 1, "conflict": 5}


def read_log(directory):
    """All rows of all files, as dicts, by partition and seq."""
    rows = []
    for path in sorted(glob.glob(os.path.join(directory, "log-*.db"))):
        file = sqlite3.connect(path)
        file.row_factory = sqlite3.Row
        for row in file.execute("select * from log order by position"):
            entry = dict(row)
            entry["partition"], entry["seq"] = entry["position"] >> 40, entry["position"] & ((1 << 40) - 1)
            entry["stream"] = (entry["realm"], entry["namespace"], entry["resource"], entry["identifier"])
            rows.append(entry)
        file.close()
    return rows


COLUMNS = "position time_us epoch realm namespace resource identifier version previous event command status".split()


def read_postgres(server):
    """Likewise, from a server of postgres_under_test.py; what COPY writes as text has no tabs or line ends within."""
    rows = []
    columns = ", ".join(COLUMNS) + ", encode(uuid_send(command_id), 'hex'), encode(data, 'hex')"
    for line in server.psql(f"copy (select {columns} from fluvius.log order by position) to stdout").stdout.splitlines():
        values = [None if value == "\\N" else value for value in line.split("\t")]
        entry = dict(zip(COLUMNS, values))
        for name in ("position", "time_us", "epoch", "version", "previous", "status"):
            entry[name] = None if entry[name] is None else int(entry[name])
        entry["command_id"], entry["data"] = bytes.fromhex(values[-2]), bytes.fromhex(values[-1])
        entry["partition"], entry["seq"] = entry["position"] >> 40, entry["position"] & ((1 << 40) - 1)
        entry["stream"] = (entry["realm"], entry["namespace"], entry["resource"], entry["identifier"])
        rows.append(entry)
    return rows


def position_faults(rows):
    faults, last = [], {}
    for row in rows:
        seq, time_us, epoch = last.get(row["partition"], (0, 0, 0))
        if row["seq"] != seq + 1:
            faults.append(f"partition {row['partition']}: {row['seq']} follows {seq}")
        if row["time_us"] < time_us:
            faults.append(f"partition {row['partition']} seq {row['seq']}: time goes back")
        if row["epoch"] < epoch:
            faults.append(f"partition {row['partition']} seq {row['seq']}: epoch {row['epoch']} after {epoch}")
        last[row["partition"]] = (row["seq"], row["time_us"], row["epoch"])
    return faults


def stream_faults(rows):
    faults, heads, homes = [], {}, {}
    for row in rows:
        stream = row["stream"]
        if homes.setdefault(stream, row["partition"]) != row["partition"]:
            faults.append(f"{stream} lives in two partitions")
        seq, version = heads.get(stream, (0, 0))
        if row["event"] is None:
            if row["version"] != version:
                faults.append(f"{stream}: an answer at version {row['version']} while it is at {version}")
            continue
        if row["version"] != version + 1:
            faults.append(f"{stream}: version {row['version']} follows {version}")
        if row["previous"] != seq:
            faults.append(f"{stream}: {row['seq']} names {row['previous']} as previous, not {seq}")
        heads[stream] = (row["seq"], row["version"])
    return faults


def receipt_faults(rows):
    faults, seen = [], {}
    for row in rows:
        if row["status"] is None:
            continue
        key = (row["stream"], bytes(row["command_id"]))
        if key in seen:
            faults.append(f"command {bytes(row['command_id']).hex()} was decided twice: {seen[key]}, {row['position']}")
        seen[key] = row["position"]
    return faults


def decode_integer(data, key):
    """The integer behind a key of a flat msgpack map; enough for the bank's amounts."""
    at = data.find(bytes([0xA0 | len(key)]) + key.encode())
    if at < 0:
        return 0
    at += 1 + len(key)
    kind = data[at]
    if kind < 0x80:
        return kind
    form = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}[kind]
    return struct.unpack_from(form, data, at + 1)[0]


def balance_faults(rows):
    """Money: no balance below zero at any time."""
    faults, balances = [], {}
    for row in rows:
        if row["event"] == "deposited":
            balances[row["stream"]] = balances.get(row["stream"], 0) + decode_integer(row["data"], "amount")
        elif row["event"] == "withdrawn":
            balances[row["stream"]] = balances.get(row["stream"], 0) - decode_integer(row["data"], "amount")
            if balances[row["stream"]] < 0:
                faults.append(f"{row['stream']}: balance below zero at version {row['version']}")
    return faults


def store_faults(rows):
    return position_faults(rows) + stream_faults(rows) + receipt_faults(rows) + balance_faults(rows)


def parse_answer(line):
    names = "id command account amount status version position identifier code".split()
    return dict(zip(names, line.split()))


def answer_faults(rows, lines):
    """What was acknowledged but is not in the log as it was told."""
    receipts = {}
    for row in rows:
        if row["status"] is not None:
            receipts[(bytes(row["command_id"]).hex(), row["identifier"])] = row
    faults, decided = [], 0
    for line in lines:
        answer = parse_answer(line)
        if answer["status"] not in STATUS:
            continue
        decided += 1
        identifier = answer["account"] if answer["account"] != "-" else None
        if identifier is None and answer["status"] == "ok":
            identifier = answer["identifier"]
        key = (answer["id"].replace("-", ""), identifier)
        row = receipts.get(key)
        if identifier is None:
            continue  # a rejected :new does not tell its identifier
        if row is None:
            faults.append(f"acknowledged and lost: {line}")
            continue
        place = answer["position"].split(":")[1]
        if (row["status"] != STATUS[answer["status"]] or row["version"] != int(answer["version"])
                or place != f"{row['partition']}.{row['seq']}" or row["command"] != answer["command"]):
            faults.append(f"acknowledged otherwise than stored: {line}: {row['position']} version {row['version']}")
            continue
        if answer["status"] == "ok" and answer["command"] in ("deposit", "withdraw"):
            if decode_integer(row["data"], "amount") != int(answer["amount"]):
                faults.append(f"stored with another amount: {line}")
    return faults, decided
