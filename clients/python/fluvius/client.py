# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The client of the command bus. It blocks, and one thread uses it at a time: a program with many threads gives each its own.
Commands are repeated with their id until they are decided or the time is up, so that each runs once."""
import random
import time
import uuid

from .connection import FRAME_BYTES, REP, REQ, Connection
from .formulas import uuid7
from .packing import BadMessage, pack, unpack
from .replies import Page, Record, Reply

REQUESTS_MAX = 1024  # of one frame
_FRAMES_MAX = 8      # on their way at once; a broker would take 32
_HEAD_BYTES = 64     # what a frame has beside its requests and its token, at most
_PAUSE_S, _PAUSE_MAX_S = 0.05, 2.0
_DIAL_S = 1.0


def command(name, target, data=None, *, id=None, expect=None, dry_run=False):
    """A request for Client.send_all: command("bank:deposit", "account/ada", {"amount": 5}). A target without an identifier,
    or with :new, creates."""
    namespace, _, verb = name.partition(":")
    resource, _, identifier = target.partition("/")
    request = {"id": (id or uuid7()).bytes, "ns": namespace, "cmd": verb, "res": resource}
    if identifier not in ("", ":new"):
        request["agg"] = identifier
    if data:
        request["data"] = data
    if expect is not None:
        request["exp"] = expect
    if dry_run:
        request["dry"] = True
    return request


def _waited(request, answer):
    """Has whoever says that a query is unavailable waited already?"""
    return request.get("op") == "query" and answer.status == "unavailable" and answer.code != "stopping"


class Client:
    """Client("tcp://10.0.0.5:7410", token="..."): one broker, or a list of them to choose from."""

    def __init__(self, urls="tcp://127.0.0.1:7410", token=None, timeout_s=10.0, reply_bytes_max=None):
        self.urls = [urls] if isinstance(urls, str) else list(urls)
        self.timeout_s = timeout_s
        self.head = {"v": 1, "t": "req"}
        if token is not None:
            self.head["tok"] = token
        if reply_bytes_max is not None:
            self.head["max"] = reply_bytes_max
        self.connection = None
        self.turn = random.randrange(len(self.urls))
        self.last_number = random.randrange(1 << 31)

    # ---- what one says ----

    def send(self, name, target, data=None, *, id=None, expect=None, dry_run=False, timeout_s=None):
        """Sends one command and gives its Reply, or raises what became of it (FluviusError)."""
        request = command(name, target, data, id=id, expect=expect, dry_run=dry_run)
        return self.send_all([request], timeout_s)[0].checked()

    def state(self, target, version=None):
        """state("bank.account/ada").data"""
        return self.ask("state", target, ver=version)

    def events(self, target, after=0):
        """All events of one aggregate above a version, as Records, page by page."""
        while after is not None:
            page = self.ask("events", target, **{"from": after}).data
            yield from map(Record.read, page["events"])
            after = page["next"]

    def query(self, name, query=None, *, at_least=None, **options):
        """A page of rows of a read model: query("bank.account", {"balance.gt": 5}, sort="balance.desc", limit=10). Options
        are those of docs/PROTOCOL.md: sort, include, exclude, limit, page, cursor, text, total, deleted, id. at_least is a
        position, or a reply that has one: the answer reflects it."""
        namespace, _, resource = name.partition(".")
        if isinstance(at_least, Reply):
            at_least = at_least.position
        given = {"query": query, "at_least": at_least, **options}
        data = {key: value for key, value in given.items() if value is not None}
        request = {"op": "query", "ns": namespace, "res": resource, "data": data}
        return Page(self.send_all([request])[0].checked())

    def log(self, partition, after=0):
        """All records of a partition above a sequence number, page by page, to its present end."""
        while after is not None:
            page = self.ask("log", p=partition, **{"from": after}).data
            yield from map(Record.read, page["records"])
            after = page["next"]

    def describe(self):
        return self.ask("describe").data

    def health(self):
        return self.ask("health").data

    def metrics(self):
        return self.ask("metrics").data

    def listen(self):
        """Has this broker send records on its event bus, beside heads, for ten seconds: see Subscriber."""
        self.ask("listen")

    def ask(self, operation, target=None, **fields):
        """Any operation that is no command; fields that are None are left out."""
        request = {"op": operation}
        if target is not None:
            path, _, request["agg"] = target.partition("/")
            request["ns"], _, request["res"] = path.partition(".")
        request.update((key, value) for key, value in fields.items() if value is not None)
        return self.send_all([request])[0].checked()

    def send_all(self, requests, timeout_s=None):
        """Sends many at once and gives as many Replies, in the same order, of whatever status. Those to one aggregate run in
        order, except that one which has to be repeated may come after the next."""
        until = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        replies = [Reply("deadline", _id(request), message="no reply in time") for request in requests]
        open_ones, pause_s = range(len(requests)), _PAUSE_S
        while open_ones:
            answers = self._attempt([requests[index] for index in open_ones], until)
            for index, answer in zip(open_ones, answers):
                replies[index] = answer or replies[index]
            open_ones = [index for index, answer in zip(open_ones, answers)
                         if answer is None or answer.undecided and not _waited(requests[index], answer)]
            wait_s = max((replies[index].retry_ms or 0 for index in open_ones), default=0) / 1000 or pause_s
            if not open_ones or time.monotonic() + wait_s >= until:
                break
            time.sleep(wait_s * random.uniform(0.75, 1.25))
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)
        return replies

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    # ---- how it travels ----

    def _attempt(self, requests, until):
        """One round: a Reply for each request, None where none came."""
        replies = [None] * len(requests)
        waiting = {}
        try:
            self._connect(until)
            for start, frame in self._frames(requests, until):
                if len(waiting) == _FRAMES_MAX:
                    self._receive(waiting, replies, until)
                self.last_number = (self.last_number + 1) % (1 << 31)
                number = (1 << 31 | self.last_number).to_bytes(4, "big")
                waiting[number] = start
                self.connection.send(number + frame, until)
            while waiting:
                self._receive(waiting, replies, until)
        except (ConnectionError, TimeoutError):  # the replies would come too late, and among those of the next round
            self.close()
        return replies

    def _connect(self, until):
        if self.connection is None:
            self.turn += 1
            soon = min(until, time.monotonic() + _DIAL_S)
            self.connection = Connection(self.urls[self.turn % len(self.urls)], REQ, REP, soon)

    def _frames(self, requests, until):
        """Gives (range of indices, frame), each frame as large as allowed."""
        left_ms = max(1, int((until - time.monotonic()) * 1000))
        sizes = [len(pack({**request, "ms": left_ms})) for request in requests]
        room = FRAME_BYTES - _HEAD_BYTES - len(self.head.get("tok", "").encode())
        start = 0
        while start < len(requests):
            end, size = start, 0
            while end < min(len(requests), start + REQUESTS_MAX) and size + sizes[end] <= room:
                size += sizes[end]
                end += 1
            if end == start:
                raise BadMessage("too_long", f"a request of {sizes[start]} bytes")
            batch = [{**request, "ms": left_ms} for request in requests[start:end]]
            yield range(start, end), pack({**self.head, "q": batch})
            start = end

    def _receive(self, waiting, replies, until):
        message = self.connection.receive(until)
        places = waiting.pop(message[:4], None)
        if places is None:
            raise ConnectionError("a reply to nothing that was asked")
        for place, reply in zip(places, _read(message[4:], len(places))):
            replies[place] = reply


def _read(frame, count):
    """The replies of a frame; a fault of the whole frame is one of each request."""
    try:
        entries = unpack(frame)
        if entries["v"] != 1:
            raise ConnectionError(f"protocol version {entries['v']}")
        found = [Reply.read(reply) for reply in entries["r"]] if "r" in entries else [Reply.read(entries)] * count
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConnectionError(f"a frame that cannot be read: {error!r}") from error
    if len(found) != count:
        raise ConnectionError(f"{len(found)} replies to {count} requests")
    return found


def _id(request):
    return uuid.UUID(bytes=request["id"]) if "id" in request else None
