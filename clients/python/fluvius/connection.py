# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""One connection that speaks SP over TCP (or a Unix socket): the handshake, then messages behind their lengths. What the
messages mean is not known here."""
import socket
import time
from urllib.parse import urlsplit

REQ, REP, PUB, SUB = 0x30, 0x31, 0x20, 0x21
FRAME_BYTES = 1 << 20
_EXTRA_BYTES = 4  # the request id, which stands between the length and the frame


class Connection:
    """Every call takes the time.monotonic() by which it must be done. It raises TimeoutError then, and ConnectionError
    when the other side is gone or speaks something else."""

    def __init__(self, url, own, peer, until):
        self.socket, self.prefix = _dial(url, until)
        self.received = bytearray()
        try:
            self._send(greeting(own), until)
            if self._take(8, until) != greeting(peer):
                raise ConnectionError(f"{url} does not answer as it should")
        except BaseException:
            self.close()
            raise

    def send(self, message, until):
        self._send(self.prefix + len(message).to_bytes(8, "big") + message, until)

    def receive(self, until):
        """The next message. After a TimeoutError what came of it is kept, and the call can be repeated."""
        head = len(self.prefix) + 8
        self._fill(head, until)
        length = int.from_bytes(self.received[head - 8:head], "big")
        if length > FRAME_BYTES + _EXTRA_BYTES:
            raise ConnectionError(f"a message of {length} bytes")
        self._fill(head + length, until)
        return self._take(head + length, until)[head:]

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _send(self, data, until):
        with _plain_errors():
            self.socket.settimeout(_left(until))
            self.socket.sendall(data)

    def _fill(self, count, until):
        while len(self.received) < count:
            with _plain_errors():
                self.socket.settimeout(_left(until))
                data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the other side closed the connection")
            self.received += data

    def _take(self, count, until):
        self._fill(count, until)
        taken = bytes(self.received[:count])
        del self.received[:count]
        return taken


def greeting(protocol):
    """The 8 bytes that each side begins with."""
    return bytes([0, 0x53, 0x50, 0, 0, protocol, 0, 0])


def _dial(url, until):
    """A socket, and what stands before each length on it."""
    parts = urlsplit(url)
    with _plain_errors():
        if parts.scheme == "tcp":
            found = socket.create_connection((parts.hostname, parts.port), _left(until))
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return found, b""
        if parts.scheme == "ipc":
            found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            found.settimeout(_left(until))
            found.connect(parts.path)
            return found, b"\x01"
    raise ValueError(f"{url}: not a tcp:// or ipc:// address")


def _left(until):
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left


class _plain_errors:
    """Makes whatever the socket raises a TimeoutError or a ConnectionError."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, (ConnectionError, TimeoutError)) or not isinstance(error, OSError):
            return False
        if isinstance(error, socket.timeout):  # another class than TimeoutError before Python 3.10
            raise TimeoutError(str(error)) from error
        raise ConnectionError(str(error)) from error
