# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Stands between shards and PostgreSQL, understands where in the protocol each connection is, and can do something at a
chosen moment: hold what comes next, or cut the connection. Everything else passes through unchanged.

Moments of an append, of the owner's other writes, and of bytes:
  copy       half of the first copied rows has gone to the server
  end        all rows have gone, and the end of them, after which the server commits, has not
  sent       the end has gone too; what the server answers has not been read
  committed  the server says that it has committed; the shard has not been told
  fence      rows of indexes or clean-up have gone, the fence has not
  bytes      a number of bytes has passed in either direction"""
import asyncio
import re
import socket
import threading

PASS, HOLD, CUT = "pass", "hold", "cut"
HEADER = 5


class Side(asyncio.Protocol):
    """One of a link's two connections."""

    def __init__(self, link, from_shard):
        self.link, self.from_shard, self.transport, self.data = link, from_shard, None, bytearray()

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.connected(self)

    def data_received(self, data):
        self.data += data
        self.link.flow(self)

    def pause_writing(self):
        self.link.other(self).pause(True)

    def resume_writing(self):
        self.link.other(self).pause(False)

    def pause(self, on):
        if self.transport is not None and not self.transport.is_closing():
            (self.transport.pause_reading if on else self.transport.resume_reading)()

    def connection_lost(self, _):
        self.link.lost(self)


class Link:
    """A connection of a shard's to the server."""

    def __init__(self, proxy):
        self.proxy, self.shard, self.server = proxy, Side(self, True), Side(self, False)
        self.name, self.pid, self.started, self.copying, self.committing, self.held = "", 0, False, False, False, False
        self.passed, self.lost_side = 0, None

    def other(self, side):
        return self.server if side is self.shard else self.shard

    def connected(self, side):
        if side is self.shard:
            self.proxy.links.add(self)
            self.proxy.loop.create_task(self.connect())
        else:
            self.flow(self.shard)

    async def connect(self):
        try:
            await self.proxy.loop.create_connection(lambda: self.server, *self.proxy.server)
        except OSError:
            self.cut()

    def lost(self, side):
        """What has come is still delivered."""
        if self.proxy.frozen(self):
            self.lost_side = side
            return
        if side is self.server and not self.held:
            self.flow(side)
        self.proxy.links.discard(self)
        other = self.other(side)
        if other.transport is not None:
            other.transport.close()

    def cut(self):
        self.proxy.links.discard(self)
        for side in (self.shard, self.server):
            if side.transport is not None:
                side.transport.abort()

    def send(self, side, data):
        to = self.other(side).transport
        self.passed += len(data)
        if to is not None and not to.is_closing():
            to.write(data)

    def flow(self, side):
        """Passes whole messages on."""
        if self.server.transport is None or (self.held and side is self.shard) or self.proxy.frozen(self):
            return
        out, at, data = bytearray(), 0, side.data
        if side.from_shard and not self.started:
            at = self.start(data, out)
        while self.started and len(data) - at >= HEADER:
            size = 1 + int.from_bytes(data[at + 1:at + HEADER], "big")
            if len(data) - at < size:
                break
            end, at = at, at + size
            action = self.message(side, bytes(data[end:at]), out)
            if action == PASS:
                continue
            if action == HOLD:
                break
            self.send(side, out)
            self.proxy.loop.call_soon(self.cut)
            side.data = bytearray()
            return
        del data[:at]
        if out:
            self.send(side, out)
        if self.proxy.reached("bytes", self) == CUT:
            self.cut()

    def start(self, data, out):
        """The first message has no type; says who connects."""
        size = int.from_bytes(data[:4], "big") if len(data) >= 4 else 1 << 30
        if len(data) < size:
            return 0
        words = bytes(data[8:size]).decode().split("\0")
        values = dict(zip(words[::2], words[1::2]))
        self.name = values.get("fallback_application_name", values.get("application_name", ""))
        found = re.search(r"pid (\d+)$", self.name)
        self.pid, self.started = int(found.group(1)) if found else 0, True
        out += data[:size]
        return size

    def message(self, side, message, out):
        """Appends what may pass to out; HOLD and CUT come after that."""
        moment, before = (self.of_shard if side.from_shard else self.of_server)(message)
        action = self.proxy.reached(moment, self) if moment else PASS
        if action == PASS or moment == "sent":
            out += message
            before = b""
        out += before
        if action == HOLD:
            self.held = True
            self.proxy.keep(side, message[len(before):] if moment != "sent" else b"")
        return action

    def of_shard(self, message):
        """Gives (moment, what of the message goes before it)."""
        kind = message[:1]
        if kind == b"Q" and message.startswith(b"BEGIN; COPY", HEADER):
            self.copying = True
        elif kind == b"d" and self.copying:
            self.copying, self.committing = False, True
            return "copy", message[:len(message) // 2]
        elif kind == b"c":
            return ("sent" if self.proxy.wants("sent", self) else "end"), b""
        elif kind == b"B" and message.startswith(b"\0s0\0", HEADER):
            return "fence", b""
        return None, b""

    def of_server(self, message):
        if message[:1] == b"C" and self.committing and message.startswith(b"COMMIT", HEADER):
            self.committing = False
            return "committed", b""
        return None, b""


class Line(Link):
    """A connection of which nothing is known but its bytes."""

    def flow(self, side):
        if self.server.transport is None or self.proxy.frozen(self):
            return
        data, side.data = bytes(side.data), bytearray()
        if data:
            self.send(side, data)


class Proxy:
    """with Proxy(port) as proxy: proxy.port; proxy.arm(moment, action), where action(link) gives PASS, HOLD or CUT and is
    called once, in the proxy's thread, when a link is there for which fits(link) holds; proxy.release() lets go of what
    is held. While frozen(link) holds nothing passes over a link, not even its end."""

    def __init__(self, port, kind=Link):
        self.server, self.kind, self.links, self.armed, self.kept = ("127.0.0.1", port), kind, set(), None, []
        self.frozen = self.nothing
        self.loop, self.port = asyncio.new_event_loop(), None
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(self.loop.create_server(lambda: self.kind(self).shard, "127.0.0.1", 0, backlog=256))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()
        for link in list(self.links):
            link.cut()
        server.close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def arm(self, moment, action, fits=lambda link: True):
        done = threading.Event()
        self.armed = (moment, action, fits, done)
        return done

    def disarm(self):
        self.armed = None

    def wants(self, moment, link):
        armed = self.armed
        return armed is not None and armed[0] == moment and armed[2](link)

    def reached(self, moment, link):
        armed = self.armed
        if armed is None or armed[0] != moment or not armed[2](link):
            return PASS
        self.armed = None
        action = armed[1](link)
        armed[3].set()
        return action

    def keep(self, side, rest):
        self.kept.append((side, rest))

    def let_go(self):
        for side, rest in self.kept:
            side.link.held = False
            side.link.send(side, rest)
            side.link.flow(side)
        self.kept = []

    def release(self):
        self.loop.call_soon_threadsafe(self.let_go)

    @staticmethod
    def nothing(_):
        return False

    def everything_flows(self):
        self.frozen = self.nothing
        for link in list(self.links):
            for side in (link.server, link.shard):
                link.flow(side)
            if link.lost_side is not None:
                link.lost(link.lost_side)

    def thaw(self):
        self.loop.call_soon_threadsafe(self.everything_flows)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
