# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Certificates made with the openssl command, and raw connections over TLS with the standard library's ssl, which knows
nothing of ours."""
import os
import socket
import ssl
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "clients", "python"), os.path.join(ROOT, "tests", "integration")]
from fluvius import pack, unpack
from fluvius.connection import REP, REQ, greeting

PATIENCE_S = 20
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """NAME.pem and NAME.key in a directory, and certificates signed by it."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        openssl("req", "-x509", *EC, "-days", "30", "-subj", f"/CN={name}", "-keyout", self.path(name, "key"), "-out",
                self.path(name, "pem"))
        self.pem = self.path(name, "pem")

    def path(self, name, ending):
        return os.path.join(self.directory, f"{name}.{ending}")

    def sign(self, name, names, *options):
        """Makes NAME.pem and NAME.key; options, for example -not_after."""
        openssl("req", *EC, "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}", "-keyout", self.path(name, "key"),
                "-out", self.path(name, "csr"))
        openssl("x509", "-req", "-in", self.path(name, "csr"), "-CA", self.pem, "-CAkey", self.path(self.name, "key"),
                "-CAcreateserial", "-copy_extensions", "copy", "-out", self.path(name, "pem"), *(options or ("-days", "30")))
        return Identity(self.path(name, "pem"), self.path(name, "key"), self.pem)


class Identity:
    def __init__(self, certificate, key, authority):
        self.certificate, self.key, self.authority = certificate, key, authority

    def environment(self, **others):
        """FLUVIUS_TLS_* of it; others replace (authority=...), None leaves out."""
        values = {"certificate": self.certificate, "key": self.key, "authority": self.authority, **others}
        return {f"FLUVIUS_TLS_{name.upper()}": value for name, value in values.items() if value is not None}

    def trusting(self, authority):
        return Identity(self.certificate, self.key, authority)


def port_of(url):
    return int(url.rsplit(":", 1)[1])


def plain(url):
    """A TCP connection that has said nothing yet."""
    found = socket.create_connection(("127.0.0.1", port_of(url)), PATIENCE_S)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def wrapped(url, identity, version=None, ciphers=None):
    context = ssl.create_default_context(cafile=identity.authority)
    if identity.certificate:
        context.load_cert_chain(identity.certificate, identity.key)
    if ciphers:
        context.set_ciphers(ciphers)
    if version:
        context.minimum_version = context.maximum_version = version
    return context.wrap_socket(plain(url), server_hostname="localhost")


class Wire:
    """SP over TLS over TCP, as docs/PROTOCOL.md says."""

    def __init__(self, url, identity, version=None):
        self.socket = wrapped(url, identity, version)
        self.socket.sendall(greeting(REQ))
        if self.read(8) != greeting(REP):
            raise ConnectionError("no bus")
        self.number = 0

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def send(self, frame):
        self.number += 1
        message = (1 << 31 | self.number).to_bytes(4, "big") + pack(frame)
        self.socket.sendall(struct.pack(">Q", len(message)) + message)

    def ask(self, frame):
        self.send(frame)
        return unpack(self.read(struct.unpack(">Q", self.read(8))[0])[4:])

    def send_part(self, announced, data):
        """The beginning of a message."""
        self.socket.sendall(struct.pack(">Q", announced) + data)

    def reset(self):
        """Goes away at once, with nothing said."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def is_closed(sock, patience_s=PATIENCE_S, answer=None):
    """Reads until the other side closes; False when it does not in time. What comes is put into answer."""
    until = time.monotonic() + patience_s
    try:
        while (left := until - time.monotonic()) > 0:
            sock.settimeout(left)
            data = sock.recv(65536)
            if not data:
                return True
            if answer is not None:
                answer += data
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def wait_for(condition, patience_s=PATIENCE_S):
    """Polls until the condition gives something true; gives what it gave last."""
    until = time.monotonic() + patience_s
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return found
