# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A small HTTP/1.1 client for tests: every byte of a request can be chosen, and one connection can be used for many.
Only the standard library is used."""
import json
import socket


class Answer:
    """status, fields (names in lower case), body (bytes), json (None when it is none)."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"{self.status} {self.fields} {self.body[:600]!r}"

    @property
    def code(self):
        return self.json.get("errcode") if isinstance(self.json, dict) else None

    @property
    def kind(self):
        """The last part of a problem's type."""
        name = self.json.get("type", "") if isinstance(self.json, dict) else ""
        return name[len("urn:fluvius:problem:"):] if name.startswith("urn:fluvius:problem:") else None


class Connection:
    """One connection; closed: the server has ended it."""

    def __init__(self, server, timeout=30):
        host, port = server.split("://", 1)[1].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.host = f"{host}:{port}"
        self.rest = b""
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        data = self.socket.recv(65536)
        self.closed = not data
        self.rest += data
        return bool(data)

    def until(self, mark):
        while mark not in self.rest:
            if not self.fill():
                return None
        before, self.rest = self.rest.split(mark, 1)
        return before

    def read(self, head=False):
        """The next answer; None when the connection ends before it."""
        lines = self.until(b"\r\n\r\n")
        if lines is None:
            return None
        lines = lines.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        fields = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            fields[name.strip().lower()] = value.strip()
        size = 0 if head or status in (100, 204, 304) else int(fields.get("content-length", "0"))
        while len(self.rest) < size:
            if not self.fill():
                return None
        body, self.rest = self.rest[:size], self.rest[size:]
        return Answer(status, fields, body)

    def ended(self):
        """Waits for the server to end the connection."""
        try:
            while self.fill():
                pass
        except OSError:
            self.closed = True
        return self.closed

    def ask(self, method, path, body=None, fields=None, host=None):
        self.send(request(method, path, body, fields, host or self.host))
        return self.read(head=method == "HEAD")


def request(method, path, body=None, fields=None, host="localhost"):
    """The bytes of a request. A body that is no bytes is sent as JSON. A field that is None is left out."""
    lines = {"Host": host}
    if body is not None:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        lines["Content-Type"] = "application/json"
        lines["Content-Length"] = str(len(body))
    lines.update(fields or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    if isinstance(path, str):
        path = path.encode()
    return method.encode() + b" " + path + b" HTTP/1.1\r\n" + head.encode("latin-1") + b"\r\n" + (body or b"")


class Web:
    """A server, asked on a connection of its own each time."""

    def __init__(self, server, fields=None):
        self.server, self.fields = server, fields or {}

    def ask(self, method, path, body=None, fields=None, host=None):
        with Connection(self.server) as connection:
            return connection.ask(method, path, body, {**self.fields, **(fields or {})}, host)

    def get(self, path, **fields):
        return self.ask("GET", path, None, fields.get("fields"))

    def post(self, path, body=None, **fields):
        return self.ask("POST", path, body, fields.get("fields"))

    def raw(self, data):
        with Connection(self.server) as connection:
            connection.send(data)
            return connection.read()
