# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""How the Python client is held to each kind of vector (proto/vectors/README.md). A check raises what is wrong."""
import base64
import contextlib
import socket
import threading
import time
import uuid

import fluvius
from fluvius import connection, formulas, packing


class Peer:
    """A server for one client: greets it, sends it some bytes, and keeps what comes."""

    def __init__(self, protocol, data):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.data, self.received = connection.greeting(protocol) + data, b""
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        with self.listener, self.listener.accept()[0] as client, contextlib.suppress(OSError):
            client.settimeout(5)
            client.sendall(self.data)
            while data := client.recv(65536):
                self.received += data

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.thread.join()


def as_json(value):
    """The value as the vectors write it: bytes as base64url."""
    if isinstance(value, bytes):
        return base64.urlsafe_b64encode(value).decode().rstrip("=")
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return {key: as_json(item) for key, item in value.items()} if isinstance(value, dict) else value


def with_ids(value):
    """The value with each `id` as the bytes that it is on the wire."""
    if isinstance(value, list):
        return [with_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: base64.urlsafe_b64decode(item + "==") if key == "id" else with_ids(item) for key, item in value.items()}


def check_value(vector):
    value = packing.unpack(bytes.fromhex(vector["hex"]))
    if "integer" in vector:
        assert str(value) == vector["integer"]
    assert "json" not in vector or repr(as_json(value)) == repr(vector["json"]), value
    assert packing.pack(value).hex() == vector["encode"]


def check_invalid(vector):
    try:
        value = packing.unpack(bytes.fromhex(vector["hex"]))
    except packing.BadMessage as error:
        assert error.code == vector["error"], error
    else:
        raise AssertionError(f"taken for {value!r}")


def check_message(vector):
    assert repr(as_json(packing.unpack(bytes.fromhex(vector["hex"])))) == repr(vector["json"])
    assert packing.pack(with_ids(vector["json"])).hex() == vector["hex"]


def check_reply(vector):
    check_message(vector)
    reply, entries = fluvius.Reply.read(packing.unpack(bytes.fromhex(vector["hex"]))), vector["json"]
    assert (reply.status, reply.version, reply.position, reply.identifier, reply.code, reply.message, reply.retry_ms) == \
        tuple(entries.get(key) for key in ("st", "ver", "pos", "agg", "code", "msg", "ms")), reply
    assert [fault.at for fault in reply.faults] == [fault["at"] for fault in entries.get("errs", ())], reply


def check_wire(vector):
    if "protocol" in vector:
        assert connection.greeting(vector["protocol"]).hex() == vector["hex"]
        return
    body = vector["prefix"] + vector["message"]
    with Peer(connection.REP, bytes.fromhex(vector["hex"])) as peer:
        link = connection.Connection(peer.url, connection.REQ, connection.REP, time.monotonic() + 5)
        assert link.receive(time.monotonic() + 5).hex() == body
        link.send(bytes.fromhex(body), time.monotonic() + 5)
        link.close()
    assert peer.received.hex() == connection.greeting(connection.REQ).hex() + vector["hex"]
    assert repr(as_json(packing.unpack(bytes.fromhex(vector["message"])))) == repr(vector.get("json", as_json(
        packing.unpack(bytes.fromhex(vector["message"])))))


def check_uuid(vector):
    if vector["formula"] == "v7":
        found = formulas.uuid7(vector["unix_ms"], bytes.fromhex(vector["random"]))
    elif vector["formula"] == "new":
        found = uuid.UUID(formulas.new_identifier(vector["realm"], vector["user"], uuid.UUID(vector["command"])))
    else:
        found = formulas.id_of_key(vector["realm"], vector["user"], vector["key"])
    assert (found.hex, str(found)) == (vector["hex"], vector["text"]), found


def check_stream(vector):
    parts = [vector[key] for key in ("realm", "namespace", "resource", "identifier")]
    assert f"{formulas.stream_hash(*parts):016x}" == vector["hex"]
    assert formulas.partition(*parts, vector["partitions"]) == vector["partition"]


def check_payload_hash(vector):
    parts = [vector.get(key) for key in ("namespace", "command", "resource", "identifier", "expected", "data", "scope")]
    assert formulas.payload_canonical(*parts).hex() == vector["canonical"]
    assert formulas.payload_hash(*parts).hex() == vector["hex"]


def check_position(vector):
    assert formulas.position(int(vector["incarnation"], 16), vector["partition"], vector["seq"]) == vector["text"]


KINDS = {"value": check_value, "invalid": check_invalid, "request": check_message, "reply": check_reply,
         "frame": check_message, "wire": check_wire, "uuid": check_uuid, "stream": check_stream,
         "payload_hash": check_payload_hash, "position": check_position}
