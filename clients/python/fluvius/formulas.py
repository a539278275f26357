# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The formulas of the protocol: who is in which partition, and where identifiers and hashes come from. Most programs need
only uuid7(); the others are for tools that want to know beforehand what the platform will say."""
import os
import re
import time
import uuid

from .packing import pack
from .xxh3 import xxh3_128, xxh3_64

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def uuid7(unix_ms=None, random=None):
    """A version 7 UUID of a time (now) and 10 random bytes."""
    stamp = int(time.time() * 1000) if unix_ms is None else unix_ms
    return _marked(stamp.to_bytes(6, "big") + (os.urandom(10) if random is None else random), 7)


def stream_hash(realm, namespace, resource, identifier):
    return xxh3_64(b"".join(_len16(part) for part in (realm, namespace, resource, identifier)))


def partition(realm, namespace, resource, identifier, partitions):
    return stream_hash(realm, namespace, resource, identifier) % partitions


def new_identifier(realm, user, command_id):
    """The identifier that a command without one creates."""
    return str(_derived(realm, user, command_id.bytes))


def id_of_key(realm, user, key):
    """The command id that an Idempotency-Key stands for."""
    return uuid.UUID(key) if _UUID.fullmatch(key) else _derived(realm, user, key)


def payload_canonical(namespace, command, resource, identifier="", expected=None, data=None, scope=None):
    parts = [namespace, command, resource, identifier, expected, data or {}]
    return pack(parts + [scope] if scope is not None else parts, ordered=True)


def payload_hash(namespace, command, resource, identifier="", expected=None, data=None, scope=None):
    """The 16 bytes that a retry must have in common with the first."""
    return xxh3_128(payload_canonical(namespace, command, resource, identifier, expected, data, scope))


def position(incarnation, partition_number, seq):
    return f"{incarnation:x}:{partition_number}.{seq}"


def _derived(realm, user, last):
    return _marked(xxh3_128(_len16(realm) + _len16(user) + _len16(last)), 8)


def _len16(part):
    raw = part.encode() if isinstance(part, str) else part
    return len(raw).to_bytes(2, "big") + raw


def _marked(raw, version):
    """A UUID of 16 bytes with its version and variant set."""
    raw = bytearray(raw)
    raw[6] = raw[6] & 0x0F | version << 4
    raw[8] = raw[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(raw))
