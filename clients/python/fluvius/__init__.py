# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A client of Fluvius in Python, with nothing but the standard library, written from docs/PROTOCOL.md.

    with Client("tcp://127.0.0.1:7410") as client:
        client.send("bank:deposit", "account/ada", {"amount": 5})
        client.state("bank.account/ada").data
"""
from .client import Client, command
from .formulas import uuid7
from .packing import BadMessage, pack, unpack
from .replies import (Busy, Conflict, Deadline, Denied, Expired, Failed, Fault, FluviusError, Invalid, NotFound, Page, Record,
                      Rejected, Reply, Reused, Unavailable)
from .subscriber import Subscriber, follow

__all__ = ["BadMessage", "Busy", "Client", "Conflict", "Deadline", "Denied", "Expired", "Failed", "Fault", "FluviusError", "Invalid",
           "NotFound", "Page", "Record", "Rejected", "Reply", "Reused", "Subscriber", "Unavailable", "command", "follow", "pack",
           "unpack", "uuid7"]
