# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A small MCP client for tests, in both eras of the protocol. Only the standard library is used; every header field and
every byte can be chosen."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "http")]
from web import Web

MODERN, LEGACY = "2026-07-28", ("2025-11-25", "2025-06-18")
PREFIX = "io.modelcontextprotocol/"
ACCEPT = {"Accept": "application/json, text/event-stream"}
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def meta(version=MODERN):
    return {PREFIX + "protocolVersion": version, PREFIX + "clientCapabilities": {},
            PREFIX + "clientInfo": {"name": "test", "version": "1"}}


class Agent:
    """Speaks one version to one server. ask() gives the HTTP answer, call() the result, or the error as an Error."""

    def __init__(self, server, version=MODERN, fields=None):
        self.web, self.version, self.fields = Web(server, {**ACCEPT, **(fields or {})}), version, {}
        self.modern = version == MODERN
        self.last = 0
        if not self.modern:
            self.begin()

    def begin(self):
        self.fields = {}
        answer = self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": self.version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}})
        self.greeting = answer.json["result"]
        self.fields = {"MCP-Protocol-Version": self.greeting["protocolVersion"],
                       "Mcp-Session-Id": answer.fields["mcp-session-id"]}
        answer = self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert answer.status == 202, answer

    def post(self, body, fields=None):
        return self.web.post("/mcp", body, fields={**self.fields, **(fields or {})})

    def head(self, method, params):
        if not self.modern:
            return {}
        fields = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
        if method in NAMED and NAMED[method] in params:
            fields["Mcp-Name"] = params[NAMED[method]]
        return fields

    def ask(self, method, params=None, fields=None):
        self.last += 1
        params = dict(params or {})
        head = {**self.head(method, params), **(fields or {})}
        if self.modern:
            params.setdefault("_meta", meta())
        return self.post({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}, head)

    def call(self, method, params=None, fields=None):
        answer = self.ask(method, params, fields)
        assert answer.json is not None and answer.json["jsonrpc"] == "2.0", answer
        assert answer.json["id"] == self.last, answer
        return answer.json["result"] if "result" in answer.json else Error(answer)

    def tool(self, name, **arguments):
        """The structured content, checked against the text beside it."""
        result = self.call("tools/call", {"name": name, "arguments": arguments})
        return result if isinstance(result, Error) else Said(result)

    def every(self, method, key):
        """All pages of a list."""
        found, params = [], {}
        while True:
            page = self.call(method, params)
            found += page[key]
            if "nextCursor" not in page:
                return found
            params = {"cursor": page["nextCursor"]}


class Error:
    """A JSON-RPC error."""

    def __init__(self, answer):
        self.http, error = answer.status, answer.json["error"]
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")

    def __repr__(self):
        return f"error {self.code} over {self.http}: {self.message} {self.data}"


class Said(dict):
    """A tool's structured content; wrong: isError."""

    def __init__(self, result):
        super().__init__(result["structuredContent"])
        self.wrong, self.result = result["isError"], result
