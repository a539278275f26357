# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The event bus: Subscriber hears what is sent, some of which may be lost; follow() misses nothing, because it reads in the
log what it did not hear."""
import time

from .connection import PUB, SUB, Connection
from .packing import unpack
from .replies import Record

_SILENCE_S = 5.0  # heads come every quarter of a second
_PAUSE_S = 0.25


class Subscriber:
    """for heads, records in Subscriber(url): heads are pairs (partition, seq), records are Records; one of them is empty.
    Records come while a client of the same broker says listen(), every few seconds.
    Raises ConnectionError when the broker is gone or silent."""

    def __init__(self, url="tcp://127.0.0.1:7411"):
        self.connection = Connection(url, SUB, PUB, time.monotonic() + _SILENCE_S)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            message = self.connection.receive(time.monotonic() + _SILENCE_S)
        except TimeoutError:
            raise ConnectionError("the event bus is silent") from None
        entries = unpack(message[1:])
        if message[:1] == b"h":
            return [tuple(head) for head in entries["heads"]], []
        return [], [Record.read(record) for record in entries["ev"]] if message[:1] == b"r" else []

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def follow(client, url="tcp://127.0.0.1:7411", after=None):
    """Every record of every partition above the given {partition: seq}, each once, in order within its partition, for ever.
    What it yields is what the caller may put down as done."""
    seen = dict(after or {})
    while True:
        try:
            with Subscriber(url) as bus:
                for heads, records in bus:
                    yield from _advance(client, seen, heads, records)
        except ConnectionError:
            time.sleep(_PAUSE_S)


def _advance(client, seen, heads, records):
    for record in records:
        if record.seq == seen.get(record.partition, 0) + 1:
            seen[record.partition] = record.seq
            yield record
    heads = heads + [(record.partition, record.seq) for record in records]
    for partition in {partition for partition, seq in heads if seq > seen.get(partition, 0)}:
        for record in client.log(partition, seen.get(partition, 0)):
            seen[partition] = record.seq
            yield record
