# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Frames as bytes, for tests that send what no client would: built on the connection and the msgpack of the Python client."""
import os
import socket
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "clients", "python"), os.path.join(ROOT, "tests", "integration")]
from fluvius import command, pack, unpack
from fluvius.connection import REP, REQ, Connection, greeting

PATIENCE_S = 20
CLOSED = "closed"


def frame(*requests, **head):
    """A client's frame; a head entry of None is left out."""
    entries = {"v": 1, "t": "req", **head, "q": list(requests)}
    return pack({key: value for key, value in entries.items() if value is not None})


class Wire:
    """A connection that sends frames as they are."""

    def __init__(self, url):
        self.url, self.number = url, 0
        self.connection = Connection(url, REQ, REP, time.monotonic() + PATIENCE_S)

    def send(self, data):
        self.number += 1
        self.connection.send((1 << 31 | self.number).to_bytes(4, "big") + data, time.monotonic() + PATIENCE_S)
        return self.number

    def receive(self, patience_s=PATIENCE_S):
        """(number, reply frame), or CLOSED when the broker closed the connection."""
        try:
            message = self.connection.receive(time.monotonic() + patience_s)
        except ConnectionError:
            return CLOSED
        return int.from_bytes(message[:4], "big") & 0x7FFFFFFF, unpack(message[4:])

    def ask(self, data):
        """The reply frame to a frame, or CLOSED."""
        try:
            number = self.send(data)
        except ConnectionError:
            return CLOSED
        answer = self.receive()
        if answer is CLOSED:
            return CLOSED
        assert answer[0] == number, "the reply to another frame"
        return answer[1]

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def plain(url):
    """A socket that has said nothing yet."""
    host, _, port = url.rpartition("/")[2].rpartition(":")
    return socket.create_connection((host, int(port)), PATIENCE_S)


def is_closed(sock, patience_s=PATIENCE_S):
    """Reads until the other side closes; False when it does not in time."""
    until = time.monotonic() + patience_s
    try:
        while (left := until - time.monotonic()) > 0:
            sock.settimeout(left)
            if not sock.recv(65536):
                return True
    except TimeoutError:
        pass
    except OSError:
        return True
    return False


def wait_for(condition, patience_s=PATIENCE_S):
    """Polls until the condition gives something true; gives what it gave last."""
    until = time.monotonic() + patience_s
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.01)
    return found
