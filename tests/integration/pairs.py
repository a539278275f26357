# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Those who read what they have just written: each writes one account again and again and reads it every time, in the way
that a test says. seen(connection, account, version, written) asks and gives (answer, whether it shows the write, which made the
balance version - 1); written is the reply to it."""
import threading
import time

from web import Connection

WRITERS = 8
PERSON = {"holder": {"given": "P", "family": "Q"}}


class Writer(threading.Thread):
    def __init__(self, http, number, count, seen):
        super().__init__()
        self.connection, self.name, self.count, self.seen = Connection(http), f"pairs-{number}", count, seen
        self.stale, self.failed = [], []

    def run(self):
        with self.connection:
            self.connection.ask("POST", f"/bank:open/account/{self.name}", PERSON)
            for version in range(2, self.count + 2):
                written = self.connection.ask("POST", f"/bank:deposit/account/{self.name}", {"amount": 1})
                answer = None
                try:
                    answer, fresh = self.seen(self.connection, self.name, version, written)
                except (KeyError, TypeError, AttributeError, IndexError) as fault:  # it is no such answer
                    self.failed.append((written, answer, fault))
                    return
                if written.status != 200 or answer.status != 200:
                    self.failed.append((written, answer))
                    return
                if not fresh:
                    self.stale.append(answer)


def own_writes(tap, platform, pairs, seen):
    """So many pairs of a write and a read, by 8 at once."""
    writers = [Writer(platform.http, number, pairs // WRITERS, seen) for number in range(WRITERS)]
    start = time.monotonic()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    tap.note(f"{pairs} pairs in {time.monotonic() - start:.1f} s")
    failed = [failure for writer in writers for failure in writer.failed]
    stale = [answer for writer in writers for answer in writer.stale]
    tap.check(not failed, "every write and every read is answered", failed[:1])
    tap.check(not stale, f"{pairs // WRITERS * WRITERS} writes, each read at once: none is stale", f"{len(stale)}, {stale[:1]}")
