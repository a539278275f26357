#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The platform as agents meet it at /mcp, in both eras of the protocol: every method, every kind of tool and resource,
bad input, credentials, sessions, hosts and origins. Only the standard library is used."""
import base64
import json
import os
import re
import sys
import tempfile
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from agent import ACCEPT, Agent, Error, LEGACY, MODERN, PREFIX, meta
from platform_under_test import Platform, Tap
from web import Web

tap = Tap()
HOLDER = {"holder": {"given": "Ada", "family": "Lovelace"}}
TOOLS = {"bank_account_changes", "bank_account_events", "bank_account_get", "bank_audit", "bank_account_query", "bank_close",
         "bank_deposit", "bank_open", "bank_withdraw"}


def same(found, wanted, name, detail=""):
    return tap.check(found == wanted, name, f"found {found!r}, wanted {wanted!r} {detail!r}")


def failed(found, code, name, http=200):
    return tap.check(isinstance(found, Error) and (found.code, found.http) == (code, http) and bool(found.message),
                     f"{name}: error {code}", found)


def fresh():
    return "t-" + uuid.uuid4().hex


def account(agent, balance=0):
    identifier = fresh()
    assert not agent.tool("bank_open", identifier=identifier, data=HOLDER).wrong
    if balance:
        assert not agent.tool("bank_deposit", identifier=identifier, data={"amount": balance}).wrong
    return identifier


# ---- what both eras have ----

def test_tools(agent):
    tools = {tool["name"]: tool for tool in agent.every("tools/list", "tools")}
    same(TOOLS - set(tools), set(), "every command and read of the bank is a tool")
    same([name for name in tools if not re.fullmatch("[A-Za-z0-9_-]{1,64}", name)], [], "names are what clients take")
    same([name for name in tools if name.startswith("fluvius_")], [], "the platform's own domain is not offered")
    opens, deposit, get = tools["bank_open"], tools["bank_deposit"], tools["bank_account_get"]
    same(deposit["inputSchema"]["required"], ["identifier", "data"], "a command needs identifier and data")
    same(opens["inputSchema"]["required"], ["data"], "one that creates needs no identifier")
    same(sorted(deposit["inputSchema"]["properties"]),
         ["data", "dry_run", "expected_version", "idempotency_key", "identifier"], "a command's arguments")
    same(deposit["inputSchema"]["properties"]["data"]["properties"]["amount"]["minimum"], 1,
         "the command's own schema is in it")
    tap.check("$schema" not in deposit["inputSchema"]["properties"]["data"], "no dialect inside a schema", deposit)
    same([(t["annotations"]["readOnlyHint"], t["annotations"]["destructiveHint"], t["annotations"]["idempotentHint"])
          for t in (get, opens, deposit)], [(True, False, True), (False, False, False), (False, True, False)],
         "hints tell reads from commands")
    same({t["outputSchema"]["type"] for t in tools.values()}, {"object"}, "every tool has an output schema")
    tap.check(all(t["description"] and t["title"] for t in tools.values()), "every tool is described", tools)


def test_commands(agent):
    identifier = fresh()
    said = agent.tool("bank_open", identifier=identifier, data=HOLDER)
    same((said.wrong, said["status"], said["identifier"], said["version"], said["dry_run"]),
         (False, "ok", identifier, 1, False), "a command is done", said)
    tap.check(bool(said["position"]), "a position token comes back", said)
    same(json.loads(said.result["content"][0]["text"]), said.result["structuredContent"],
         "text and structured content are the same")
    said = agent.tool("bank_deposit", identifier=identifier, data={"amount": 500, "note": "été ☃"})
    same((said["version"], agent.tool("bank_account_get", identifier=identifier)["data"]["balance"]), (2, 500),
         "the state shows it")
    created = agent.tool("bank_open", data=HOLDER)
    same(agent.tool("bank_account_get", identifier=created["identifier"])["version"], 1, "a new one tells its identifier")
    said = agent.tool("bank_close", identifier=created["identifier"])
    same((said.wrong, said["version"]), (False, 2), "data that need not be there may be left out")


def test_dry_run(agent):
    identifier = account(agent, 100)
    said = agent.tool("bank_withdraw", identifier=identifier, dry_run=True, data={"amount": 30})
    same((said["dry_run"], said["data"]["state"]["balance"], [e["type"] for e in said["data"]["events"]],
          said["data"]["changes"]), (True, 70, ["withdrawn"], [{"at": "/balance", "from": 100, "to": 70}]),
         "a dry run shows events, state and changes", said)
    read = agent.tool("bank_account_get", identifier=identifier)
    same((read["version"], read["data"]["balance"], len(agent.tool("bank_account_events",
                                                                   identifier=identifier)["events"])),
         (2, 100, 2), "and changes nothing")
    said = agent.tool("bank_withdraw", identifier=identifier, dry_run=True, data={"amount": 300})
    same((said.wrong, said["problem"]["errcode"]), (True, "insufficient_funds"), "it is rejected as in earnest")


def test_wrong(agent):
    identifier = account(agent, 10)
    said = agent.tool("bank_withdraw", identifier=identifier, data={"amount": 11})
    same((said.wrong, said["status"], said["problem"]["errcode"], said["problem"]["type"]),
         (True, "rejected", "insufficient_funds", "urn:fluvius:problem:rejected"),
         "a business rule is a tool's error, with the problem in it", said)
    said = agent.tool("bank_deposit", identifier=identifier, data={"amount": 0, "nope": 1})
    same((said.wrong, said["status"], sorted(e["at"] for e in said["problem"]["errors"])),
         (True, "invalid", ["/amount", "/nope"]), "every fault of the data is told", said)
    said = agent.tool("bank_account_get", identifier="nobody-" + fresh())
    same((said.wrong, said["status"]), (True, "not_found"), "an aggregate that is not there", said)
    for arguments, at in (({}, "/identifier"), ({"identifier": 7}, "/identifier"), ({"identifier": "a/b"}, "/identifier"),
                          ({"identifier": ""}, "/identifier"), ({"identifier": "x" * 257}, "/identifier"),
                          ({"identifier": identifier, "data": 1}, "/data"),
                          ({"identifier": identifier, "data": {"amount": 1}, "dry_run": 1}, "/dry_run"),
                          ({"identifier": identifier, "data": {"amount": 1}, "dry_rum": True}, "/dry_rum"),
                          ({"identifier": identifier, "data": {"amount": 1}, "expected_version": -1},
                           "/expected_version"),
                          ({"identifier": identifier, "data": {"amount": 1}, "expected_version": "1"},
                           "/expected_version"),
                          ({"identifier": identifier, "data": {"amount": 1}, "idempotency_key": ""},
                           "/idempotency_key")):
        said = agent.tool("bank_deposit", **arguments)
        same((said.wrong, said["problem"]["errcode"], said["problem"]["errors"][0]["at"]),
             (True, "invalid_arguments", at), f"arguments {json.dumps(arguments)[:60]}", said)
    for name, arguments, at in (("bank_account_get", {"identifier": identifier, "version": 0}, "/version"),
                                ("bank_account_events", {"identifier": identifier, "limit": 1001}, "/limit"),
                                ("bank_account_events", {"identifier": identifier, "version": 1}, "/version")):
        said = agent.tool(name, **arguments)
        same((said.wrong, said["problem"]["errors"][0]["at"]), (True, at), f"{name} {arguments}", said)
    same(agent.tool("bank_account_get", identifier=identifier)["version"], 2, "nothing of that changed anything")
    failed(agent.call("tools/call", {"name": "bank_nothing", "arguments": {}}), -32602, "an unknown tool")
    failed(agent.call("tools/call", {"name": "bank_open", "arguments": []}), -32602, "arguments that are no object")
    failed(agent.call("tools/list", {"cursor": "garbage"}), -32602, "a cursor that is none of ours")
    failed(agent.call("tools/list", {"cursor": 3}), -32602, "a cursor that is no text")


def test_conditions(agent):
    identifier, key = account(agent, 10), uuid.uuid4().hex
    said = agent.tool("bank_deposit", identifier=identifier, data={"amount": 1}, expected_version=1)
    same((said.wrong, said["status"], said["version"]), (True, "conflict", 2), "another version is a conflict", said)
    said = agent.tool("bank_deposit", identifier=identifier, data={"amount": 1}, expected_version=2)
    same((said.wrong, said["version"]), (False, 3), "the expected version is taken")
    first = agent.tool("bank_deposit", identifier=identifier, data={"amount": 5}, idempotency_key=key)
    again = agent.tool("bank_deposit", identifier=identifier, data={"amount": 5}, idempotency_key=key)
    same((first["version"], dict(again)), (4, dict(first)), "a repeated key gives the same answer")
    same(agent.tool("bank_account_get", identifier=identifier)["data"]["balance"], 16, "and runs once")
    other = agent.tool("bank_deposit", identifier=identifier, data={"amount": 6}, idempotency_key=key)
    same((other.wrong, other["status"]), (True, "reused"), "the key with other data is refused", other)


def test_reads(agent):
    identifier = account(agent, 10)
    for amount in (1, 2, 3):
        agent.tool("bank_deposit", identifier=identifier, data={"amount": amount})
    same(agent.tool("bank_account_get", identifier=identifier, version=2)["data"]["balance"], 10, "a state as it was")
    page = agent.tool("bank_account_events", identifier=identifier, limit=2)
    same(([e["version"] for e in page["events"]], page["next"]), ([1, 2], 2), "a page of events tells the next")
    page = agent.tool("bank_account_events", identifier=identifier, after=3)
    same(([(e["version"], e["type"], e["data"]["amount"]) for e in page["events"]], page["next"]),
         ([(4, "deposited", 2), (5, "deposited", 3)], None), "the last page has no next")


def test_past(agent):
    """As it was at a time, what changed, who did it."""
    identifier = account(agent, 10)
    for amount in (1, 2):
        agent.tool("bank_deposit", identifier=identifier, data={"amount": amount})
    times = [event["time"] for event in agent.tool("bank_account_events", identifier=identifier)["events"]]
    said = agent.tool("bank_account_get", identifier=identifier, at=times[-1])
    same((said["version"], said["data"]["balance"]), (4, 13), "a state as it was at a time", said)
    same(agent.tool("bank_account_get", identifier=identifier, at="1999-12-31T23:59:59Z")["status"], "not_found",
         "before it was there")
    said = agent.tool("bank_account_changes", identifier=identifier, **{"from": 1, "to": 3})
    same((said["from"], said["to"], said["changes"], [e["event"]["version"] for e in said["events"]], said["next"]),
         (1, 3, [{"at": "/balance", "from": 0, "to": 11}], [2, 3], None), "what changed between two versions", said)
    said = agent.tool("bank_account_changes", identifier=identifier, limit=1)
    same((said["to"], said["next"]), (1, 1), "a page at a time", said)
    same(agent.tool("bank_account_changes", identifier=identifier, **{"from": 3, "to": 2})["problem"]["errcode"],
         "bad_version", "versions the wrong way round")
    found, position, more = [], None, True
    while more:
        said = agent.tool("bank_audit", user="anonymous", identifier=identifier, types=["deposited"], limit=2,
                          **({"from": position} if position else {}))
        found += [(event["type"], event["actor"], event["data"]["amount"]) for event in said["events"]]
        position, more = said["position"], said["more"]
    same(found, [("bank.account.deposited", "anonymous", amount) for amount in (10, 1, 2)], "who did what, in pages", said)
    said = agent.tool("bank_audit", user="nobody", identifier=identifier)
    same((said["status"], said["events"]), ("ok", []), "and who did nothing", said)
    said = agent.tool("bank_audit", **{"from": "ffff:0.1"})
    same((said.wrong, said["problem"]["errcode"]), (True, "other_log"), "a position of another log", said)


def read(agent, uri):
    found = agent.call("resources/read", {"uri": uri})
    if isinstance(found, Error):
        return found
    content = found["contents"][0]
    assert (content["uri"], content["mimeType"], len(found["contents"])) == (uri, "application/json", 1), found
    return json.loads(content["text"])


def test_resources(agent):
    listed = {item["uri"]: item for item in agent.every("resources/list", "resources")}
    same({"fluvius://bank", "fluvius://generic-object", "fluvius://bank/account",
          "fluvius://generic-object/people-economist"} - set(listed), set(), "domains and read models are resources")
    domain = read(agent, "fluvius://bank")
    same((domain["namespace"], domain["resources"][0]["name"]), ("bank", "account"), "it is the domain's description")
    templates = [item["uriTemplate"] for item in agent.every("resources/templates/list", "resourceTemplates")]
    tap.check({"fluvius://bank/account{?limit,cursor,sort,text}", "fluvius://bank/account/{identifier}{?version,at}",
               "fluvius://bank/account/{identifier}/changes{?from,to,limit}",
               "fluvius://bank/account/{identifier}/events{?after,limit}"} <= set(templates), "templates", templates)
    identifier = account(agent, 10)
    same(read(agent, f"fluvius://bank/account/{identifier}")["data"]["balance"], 10, "a state is a resource")
    same(read(agent, f"fluvius://bank/account/{identifier}?version=1")["data"]["balance"], 0, "also as it was")
    same(read(agent, f"fluvius://bank/account/{identifier}?at=2100-01-01T00:00:00Z")["data"]["balance"], 10,
         "and at a time")
    same(read(agent, f"fluvius://bank/account/{identifier}/changes?from=1")["changes"],
         [{"at": "/balance", "from": 0, "to": 10}], "what changed is a resource")
    events = read(agent, f"fluvius://bank/account/{identifier}/events?after=1&limit=1")
    same(([e["type"] for e in events["events"]], events["next"]), (["deposited"], None), "events are a resource, in pages")
    odd = "%C3%A9t%C3%A9%2F" + fresh()
    failed(read(agent, "fluvius://bank/account/" + odd), -32602 if agent.modern else -32002, "a slash in an identifier")
    missing = -32602 if agent.modern else -32002
    for uri in ("fluvius://bank/account/nobody-" + fresh(), "fluvius://nothing", "fluvius://bank/nothing/a",
                "fluvius://bank/account/", f"fluvius://bank/account/{identifier}/nothing", "fluvius://", "file:///etc/passwd",
                "fluvius://bank/account/%zz", "fluvius://bank/account/a/events/more/parts", "x" * 5000):
        found = read(agent, uri)
        failed(found, missing, f"{uri[:50]} is not there")
        same(found.data["uri"], uri, "the error names the URI")
    failed(read(agent, f"fluvius://bank/account/{identifier}?nope=1"), -32602, "a parameter that is not known")
    failed(read(agent, "fluvius://bank/account?nope=1"), -32602, "a parameter that queries do not have")
    if not agent.modern:
        failed(agent.call("resources/read", {}), -32602, "no uri")


def test_prompts(agent):
    prompts = {item["name"]: item for item in agent.every("prompts/list", "prompts")}
    same(set(prompts), {"use_commands_safely", "describe_bank", "describe_generic-object"}, "the prompts")
    got = agent.call("prompts/get", {"name": "describe_bank"})["messages"]
    text = got[0]["content"]["text"]
    same((len(got), got[0]["role"], got[0]["content"]["type"]), (1, "user", "text"), "a prompt is one message")
    tap.check(all(word in text for word in ("Accounts that hold money.", "`bank_withdraw`", "`bank_account_get`",
                                            "deposited", "dry_run")), "it describes the domain", text)
    text = agent.call("prompts/get", {"name": "use_commands_safely", "arguments": {"tool": "bank_open"}})
    tap.check("bank_open" in text["messages"][0]["content"]["text"], "it is about the tool that is meant", text)
    failed(agent.call("prompts/get", {"name": "use_commands_safely", "arguments": {"tool": "x"}}), -32602,
           "a tool that is not there")
    failed(agent.call("prompts/get", {"name": "describe_nothing"}), -32602, "a prompt that is not there")


def test_completion(agent):
    def complete(name, value, ref=None):
        return agent.call("completion/complete", {"ref": ref or {"type": "ref/prompt", "name": "use_commands_safely"},
                                                  "argument": {"name": name, "value": value}})
    same(complete("tool", "bank_")["completion"],
         {"values": ["bank_close", "bank_deposit", "bank_open", "bank_withdraw"], "total": 4, "hasMore": False},
         "command tools complete")
    same(complete("identifier", "", {"type": "ref/resource", "uri": "fluvius://bank"})["completion"]["values"], [],
         "what cannot be listed has no suggestions")
    failed(agent.call("completion/complete", {"ref": {"type": "x"}, "argument": {}}), -32602, "a ref of no kind")
    failed(agent.call("completion/complete", {"ref": {"type": "ref/prompt", "name": "x"}}), -32602, "no argument")


def test_messages(agent):
    """JSON-RPC itself."""
    head = agent.head("tools/list", {})

    def post(body):
        answer = agent.post(body, head)
        return answer.status, (answer.json or {}).get("error", {}).get("code")
    for body, wanted, name in ((b"", (400, -32700), "an empty body"), (b"{", (400, -32700), "no JSON"),
                               (b"\xff", (400, -32700), "no UTF-8"), (b'{"id":1,"id":2}', (400, -32700), "a key twice"),
                               (b"[" * 100, (400, -32700), "nested too deep"), (b"3", (400, -32600), "a number"),
                               ([], (400, -32600), "an empty batch"),
                               ([{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}], (400, -32600), "a batch"),
                               ({"id": 1, "method": "tools/list"}, (400, -32600), "no jsonrpc"),
                               ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, (400, -32600), "another jsonrpc"),
                               ({"jsonrpc": "2.0", "id": None, "method": "ping"}, (400, -32600), "an id of null"),
                               ({"jsonrpc": "2.0", "id": {}, "method": "ping"}, (400, -32600), "an id that is an object"),
                               ({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}, (400, -32600), "half an id"),
                               ({"jsonrpc": "2.0", "id": 1}, (400, -32600), "no method"),
                               ({"jsonrpc": "2.0", "id": 1, "method": 4}, (400, -32600), "a method that is no text"),
                               ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, (400, -32600),
                                "params that are no object")):
        same(post(body), wanted, name)
    same(post({"jsonrpc": "2.0", "method": "notifications/whatever"}), (202, None), "a notification is accepted")
    answer = agent.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}, head)
    same((answer.status, answer.body), (202, b""), "with nothing in it")
    same(post({"jsonrpc": "2.0", "id": 1, "result": {}}), (202, None), "an answer to what was never asked is dropped")
    params = {"_meta": meta()} if agent.modern else {}
    for number in ("x", 0, -5, 9007199254740993, "é"):
        body = agent.post({"jsonrpc": "2.0", "id": number, "method": "tools/list", "params": params}, head).json
        same(body["id"], number, "the id comes back as it was")
    failed(agent.call("nothing/there"), -32601, "an unknown method", 404 if agent.modern else 200)
    failed(agent.call("resources/subscribe", {"uri": "x"}), -32601, "what was not promised",
           404 if agent.modern else 200)


# ---- one era alone ----

def test_legacy(server, version):
    agent = Agent(server, version)
    same((agent.greeting["protocolVersion"], agent.greeting["serverInfo"]["name"],
          sorted(agent.greeting["capabilities"])),
         (version, "fluvius", ["completions", "prompts", "resources", "tools"]), f"{version} is greeted", agent.greeting)
    tap.check("dry_run" in agent.greeting["instructions"], "instructions say how to be safe")
    same(agent.call("ping"), {}, "ping")
    failed(agent.call("server/discover"), -32601, "what only the other era has")
    tap.check("resultType" not in agent.call("tools/list"), "no resultType before it was invented")
    return agent


def test_initialize(server):
    web = Web(server, ACCEPT)

    def begin(params):
        return web.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).json
    for asked in ("2024-11-05", "2099-01-01", MODERN):
        same(begin({"protocolVersion": asked})["result"]["protocolVersion"], LEGACY[0], f"{asked} is offered the newest")
    same(begin({})["error"]["code"], -32602, "a version must be asked for")
    same(web.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).status, 200,
         "a client that keeps no session is served")
    answer = web.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, fields={"MCP-Protocol-Version": "1999-01-01"})
    same((answer.status, answer.json["error"]["code"], answer.json["error"]["data"]),
         (400, -32022, {"supported": [MODERN, *LEGACY], "requested": "1999-01-01"}), "a version that is not spoken")


def test_sessions(server, agent):
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    good = agent.fields["Mcp-Session-Id"]
    tap.check(re.fullmatch("[!-~]{32,}", good) is not None, "a session id is visible ASCII", good)
    same(Agent(server, LEGACY[0]).fields["Mcp-Session-Id"] == good, False, "each session has its own")
    for bad in ("", "x", good[:-1], good + "0", good[:-1] + ("0" if good[-1] != "0" else "1"), good.upper(),
                "0" * len(good), "f" * 16 + good[16:]):
        answer = agent.post(body, {"Mcp-Session-Id": bad})
        same((answer.status, "error" in answer.json), (404, True), f"session {bad[:10]!r} of {len(bad)}", answer)
    web = agent.web
    same(web.ask("DELETE", "/mcp").status, 400, "DELETE needs a session")
    same(web.ask("DELETE", "/mcp", fields={"Mcp-Session-Id": "x"}).status, 404, "and one that is there")
    same(web.ask("DELETE", "/mcp", fields={"Mcp-Session-Id": good}).status, 204, "a session is ended")
    same(agent.post(body).status, 404, "and is gone then")
    same(web.ask("DELETE", "/mcp", fields={"Mcp-Session-Id": good}).status, 404, "for good")
    agent.begin()
    same(agent.call("ping"), {}, "a client begins anew")


def test_modern(agent):
    found = agent.call("server/discover")
    same((found["supportedVersions"], sorted(found["capabilities"]), found["_meta"][PREFIX + "serverInfo"]["name"]),
         ([MODERN, *LEGACY], ["completions", "prompts", "resources", "tools"], "fluvius"), "discovery", found)
    for method, params in (("server/discover", {}), ("tools/list", {}), ("resources/list", {}), ("prompts/list", {}),
                           ("resources/templates/list", {}), ("resources/read", {"uri": "fluvius://bank"})):
        result = agent.call(method, params)
        same((result["resultType"], isinstance(result["ttlMs"], int), result["cacheScope"] in ("public", "private")),
             ("complete", True, True), f"{method} says what it is and how long it may be kept", result)
    answer = agent.ask("tools/list")
    same(answer.fields.get("mcp-session-id"), None, "there are no sessions")
    same(agent.ask("tools/list", fields={"Mcp-Session-Id": "old"}).status, 200, "and one that is named does not matter")
    for method in ("initialize", "ping", "logging/setLevel", "resources/subscribe"):
        failed(agent.call(method), -32601, f"{method} is gone", 404)


def test_headers(agent):
    identifier = account(agent)

    def refused(name, code, method="tools/list", params=None, **fields):
        return failed(agent.call(method, params, fields={key.replace("_", "-"): value for key, value in fields.items()}),
                      code, name, 400)
    refused("no method in the header", -32020, Mcp_Method=None)
    refused("another method in the header", -32020, Mcp_Method="prompts/list")
    refused("methods are case-sensitive", -32020, Mcp_Method="TOOLS/LIST")
    refused("no version in the header", -32020, MCP_Protocol_Version=None)
    refused("another version in the header", -32020, MCP_Protocol_Version=LEGACY[0])
    get = {"name": "bank_account_get", "arguments": {"identifier": identifier}}
    refused("no name in the header", -32020, "tools/call", get, Mcp_Name=None)
    refused("another name in the header", -32020, "tools/call", get, Mcp_Name="bank_close")
    encoded = base64.b64encode(b"bank_account_get").decode()
    same(agent.call("tools/call", get, {"Mcp-Name": f"=?base64?{encoded}?="})["isError"], False, "an encoded name")
    refused("an encoded name that is another", -32020, "tools/call", get,
            Mcp_Name="=?base64?" + base64.b64encode(b"bank_account_gets").decode() + "?=")
    refused("an encoded name that is none", -32020, "tools/call", get, Mcp_Name="=?base64?!!!!?=")
    found = agent.call("tools/list", {"_meta": meta("1999-01-01")}, {"MCP-Protocol-Version": "1999-01-01"})
    failed(found, -32022, "a version that is not spoken", 400)
    same(found.data, {"supported": [MODERN, *LEGACY], "requested": "1999-01-01"}, "the error says what is")
    for key in ("protocolVersion", "clientCapabilities"):
        less = {name: value for name, value in meta().items() if name != PREFIX + key}
        failed(agent.call("tools/list", {"_meta": less}), -32602, f"no {key}", 400)
    failed(agent.call("tools/list", {"_meta": {**meta(), PREFIX + "protocolVersion": 7}}), -32602,
           "a version that is no text", 400)


# ---- HTTP ----

def test_http(server, agent):
    web = Web(server)
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for method in ("GET", "PUT"):
        answer = web.ask(method, "/mcp")
        same((answer.status, answer.fields.get("allow")), (405, "POST, DELETE, OPTIONS"), f"{method} is not served")
    same(web.post("/mcp", body, fields={"Content-Type": "text/plain"}).status, 415, "a body that is not JSON")
    same(web.post("/mcp?x=1", body).status, 400, "a parameter")
    same(web.post("/mcp/", body).status, 200, "a slash at the end")
    same(web.post("/mcp", b" " * (1 << 20) + b"{}").status, 413, "a body over the limit")
    identifier = account(agent)
    deposit = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "bank_deposit", "arguments": {"identifier": identifier, "data": {"amount": 1}}}}
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        answer = web.post("/mcp", deposit, fields={"Origin": origin})
        same((answer.status, answer.code), (403, "bad_origin"), f"a page of {origin}")
    same(web.ask("POST", "/mcp", deposit, host="evil.example").status, 421, "a name that is not ours")
    same(agent.tool("bank_account_get", identifier=identifier)["version"], 1, "neither changed anything")
    same(web.post("/mcp", body, fields={"Origin": server}).status, 200, "a page of the server itself may")
    same(agent.ask("tools/list", fields={"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"})
         .fields.get("traceparent"), "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "the trace goes on")
    answer = web.ask("OPTIONS", "/mcp", fields={"Origin": server, "Access-Control-Request-Method": "POST"})
    tap.check(answer.status == 204 and "Mcp-Session-Id" in answer.fields["access-control-allow-headers"],
              "a page may ask whether it may", answer)


def test_trace(agent):
    identifier, trace = account(agent), "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    agent.call("tools/call", {"name": "bank_deposit", "arguments": {"identifier": identifier, "data": {"amount": 1}},
                              "_meta": {**meta(), "traceparent": trace}})
    agent.call("tools/call", {"name": "bank_deposit", "arguments": {"identifier": identifier, "data": {"amount": 1}},
                              "_meta": {**meta(), "traceparent": "00-nonsense"}})
    events = agent.tool("bank_account_events", identifier=identifier)["events"]
    same([event.get("traceparent") for event in events], [None, trace, None], "a message's trace is kept with its events")


def test_both(server):
    """Clients of both eras at once, on one aggregate."""
    old, new = Agent(server, LEGACY[1]), Agent(server)
    identifier = account(old, 5)
    new.tool("bank_deposit", identifier=identifier, data={"amount": 5})
    same(old.tool("bank_account_get", identifier=identifier)["data"]["balance"], 10, "both eras see one account")
    answer = Web(server).post("/bank:deposit/account/" + identifier, {"amount": 1},
                              fields={"Idempotency-Key": "shared"})
    said = new.tool("bank_deposit", identifier=identifier, data={"amount": 1}, idempotency_key="shared")
    same((answer.fields["etag"], said["version"]), ('"4"', 4), "a key means the same over HTTP and MCP")


def test_listen_refused():
    """No more streams than there may be: an error of the protocol, for a client that speaks no other."""
    with Platform("--queries", "1", domains=("bank",), environment={"FLUVIUS_STREAMS_MAX": "0"}) as platform:
        agent = Agent(platform.http)
        identifier = account(agent)
        found = agent.call("subscriptions/listen", {"notifications": {
            "resourceSubscriptions": [f"fluvius://bank/account/{identifier}"]}})
        failed(found, -32603, "a stream that is refused")
        same(found.data["problem"]["errcode"], "streams_full", "with its problem", found)


def test_tokens():
    with tempfile.NamedTemporaryFile("w", suffix=".tokens") as file:
        file.write("ann-token ann one\nbob-token bob two\n")
        file.flush()
        with Platform("--token-file", file.name, domains=("bank",)) as platform:
            web = Web(platform.http)
            body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
            answer = web.post("/mcp", body)
            same((answer.status, answer.fields.get("www-authenticate")), (401, 'Bearer realm="fluvius"'),
                 "credentials are required")
            same(web.post("/mcp", body, fields={"Authorization": "Bearer nope"}).status, 401, "and must be known")
            ann = Agent(platform.http, LEGACY[0], {"Authorization": "Bearer ann-token"})
            bob = Agent(platform.http, MODERN, {"Authorization": "Bearer bob-token"})
            identifier = account(ann, 5)
            same(bob.tool("bank_account_get", identifier=identifier)["status"], "not_found", "realms are apart")
            same(ann.tool("bank_account_events", identifier=identifier)["events"][0]["user"], "ann",
                 "events name who did it")
            same(ann.post(body, {"Authorization": "Bearer bob-token"}).status, 404, "a session is its user's alone")
            other = Agent(platform.http, LEGACY[0], {"Authorization": "Bearer bob-token"})
            same(other.call("ping"), {}, "the other has one of its own")


def main():
    with Platform() as platform:
        server = platform.http
        agents = [test_legacy(server, version) for version in LEGACY] + [Agent(server)]
        for agent in agents:
            tap.note(f"version {agent.version}")
            for test in (test_tools, test_commands, test_dry_run, test_wrong, test_conditions, test_reads,
                         test_past, test_resources, test_prompts, test_completion, test_messages):
                test(agent)
        test_initialize(server)
        test_sessions(server, agents[0])
        test_modern(agents[-1])
        test_headers(agents[-1])
        test_http(server, agents[-1])
        test_trace(agents[-1])
        test_both(server)
    test_listen_refused()
    test_tokens()
    tap.end()


if __name__ == "__main__":
    main()
