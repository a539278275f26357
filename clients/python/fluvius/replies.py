# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What comes back: replies, the records of the log, and an exception for each status that is not ok."""
import json
import uuid
from dataclasses import dataclass
from typing import Any, Optional, Tuple


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where (a JSON pointer), a stable word, and a sentence."""
    at: str
    code: str
    message: str


@dataclass(frozen=True)
class Reply:
    status: str
    id: Optional[uuid.UUID] = None
    version: Optional[int] = None
    position: Optional[str] = None
    identifier: Optional[str] = None  # of an aggregate that the command created without naming it
    code: Optional[str] = None
    message: Optional[str] = None
    faults: Tuple[Fault, ...] = ()
    retry_ms: Optional[int] = None
    data: Any = None

    @classmethod
    def read(cls, entries):
        """From a reply's map. Keys that are not known are skipped."""
        get = entries.get
        faults = tuple(Fault(fault["at"], fault["code"], fault["msg"]) for fault in get("errs", ()))
        return cls(entries["st"], _uuid(get("id")), get("ver"), get("pos"), get("agg"), get("code"), get("msg"), faults,
                   get("ms"), get("data"))

    @property
    def ok(self):
        return self.status == "ok"

    @property
    def undecided(self):
        """The same request should be sent again, if there is time."""
        return self.status in ("busy", "moved", "unavailable", "deadline")

    def checked(self):
        """Itself when ok; else its exception is raised."""
        if not self.ok:
            raise EXCEPTIONS.get(self.status, Failed)(self)
        return self


class Page:
    """A page of a query's rows: len, index and iterate them; position is what they reflect."""

    def __init__(self, reply):
        get = reply.data.get
        self.rows, self.limit, self.page = json.loads(get("rows")), get("limit"), get("page")
        self.total, self.pages, self.next, self.position = get("total"), get("pages"), get("next"), reply.position

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


@dataclass(frozen=True)
class Record:
    """One record of the log: an event, or a command that was answered without one (then type is None)."""
    partition: int
    seq: int
    time_us: int
    realm: str
    namespace: str
    resource: str
    identifier: str
    version: int
    type: Optional[str]
    schema: Optional[int]
    data: Any
    command_id: uuid.UUID
    command: str
    user: str
    trace: Optional[str]
    status: Optional[str]

    @classmethod
    def read(cls, entries):
        get = entries.get
        return cls(get("p"), get("seq"), get("time"), get("realm"), get("ns"), get("res"), get("agg"), get("ver"),
                   get("type"), get("schema"), get("data"), _uuid(get("id")), get("cmd"), get("user"), get("tp"), get("st"))


def _uuid(raw):
    return None if raw is None else uuid.UUID(bytes=raw)


class FluviusError(Exception):
    """A reply that is not ok; it is in `reply`."""

    def __init__(self, reply):
        self.reply = reply
        words = [reply.code or reply.status, reply.message or ""]
        words += [f"{fault.at} {fault.message}" for fault in reply.faults]
        super().__init__(": ".join(word for word in words if word))


class Rejected(FluviusError):
    """A business rule said no; reply.code is the domain's word for it."""


class Invalid(FluviusError):
    """The request cannot be understood, or its data does not fit; reply.faults has every fault."""


class NotFound(FluviusError):
    """No such aggregate, namespace, resource, command, partition or version."""


class Denied(FluviusError):
    """No credentials, unknown ones, or not allowed."""


class Conflict(FluviusError):
    """The aggregate is not at the expected version; reply.version is where it is."""


class Reused(FluviusError):
    """The command id was used before for something else."""


class Expired(FluviusError):
    """The command id is older than receipts are kept."""


class Deadline(FluviusError):
    """The time ran out, here or there. Whether the command ran, a retry with its id can tell."""


class Busy(FluviusError):
    """Queues stayed full until the time was up."""


class Unavailable(FluviusError):
    """Nobody could answer until the time was up."""


class Failed(FluviusError):
    """A fault inside the platform."""


EXCEPTIONS = {"rejected": Rejected, "invalid": Invalid, "not_found": NotFound, "denied": Denied, "conflict": Conflict,
              "reused": Reused, "expired": Expired, "deadline": Deadline, "busy": Busy, "moved": Unavailable,
              "unavailable": Unavailable, "error": Failed}
