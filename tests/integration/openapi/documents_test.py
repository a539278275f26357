#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""/openapi.json and /asyncapi.json: they are sound, their examples fit their own schemas, and every operation does what
its description says. Public validators look at both where npm has them."""
import json
import os
import re
import socket
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT_OF_TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, ROOT_OF_TESTS, os.path.join(ROOT_OF_TESTS, "http"),
                os.path.join(os.path.dirname(os.path.dirname(ROOT_OF_TESTS)), "clients", "python")]
from description import Description, pointer, references, schema_fault, structure_faults
from fluvius import Client
from fluvius.packing import unpack
from platform_under_test import BUILD, ROOT, Platform, Tap
from validators import public_faults
from web import Connection, Web, request

tap = Tap()
SHAPES = os.path.join(BUILD, "tests", "tools", "shapes.so")
FIXED = {"/_meta", "/_meta/{namespace}", "/_meta/{namespace}:{command}", "/_meta/{namespace}.{name}", "/livez", "/readyz", "/metrics", "/mcp", "/docs",
         "/openapi.json", "/asyncapi.json", "/_events", "/_audit", "/_causation"}


def none(faults, name):
    """Passes when there are no faults."""
    return tap.check(not faults, name, "\n".join(map(str, faults)))


def once(pairs):
    """A map that has each key once; Python alone would take the last."""
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a key twice: " + str(next(name for name in names if names.count(name) > 1)))
    return dict(pairs)


def fetch(web, path):
    answer = web.get(path)
    try:
        json.loads(answer.body, object_pairs_hook=once)
        fault = ""
    except ValueError as error:
        fault = str(error)
    if not tap.check(answer.status == 200 and not fault, f"GET {path}", f"{fault} {answer!r}"):
        tap.end()
    return answer


# ---- OpenAPI: the document itself ----

def check_structure(api):
    with open(os.path.join(HERE, "openapi-3.1.json"), encoding="utf-8") as file:
        none(structure_faults(json.load(file), api.document), "it fits the published schema of OpenAPI 3.1 documents")
    none(api.lost(), "every reference leads somewhere")
    used = set(references(api.document))
    unused = [f"{kind}/{name}" for kind, items in api.document["components"].items() for name in items
              if f"#/components/{kind}/{name}" not in used and kind != "securitySchemes"]
    none(unused, "every component is used")
    ids = [operation.id for operation in api.operations()]
    none([name for name in set(ids) if ids.count(name) > 1], "operation ids are unique")
    tags = {tag["name"] for tag in api.document["tags"]}
    none([o.id for o in api.operations() if not set(o.raw["tags"]) <= tags], "every operation has a tag that is described")
    none([o.id for o in api.operations() if set(re.findall(r"{(\w+)}", o.path)) !=
          {p["name"] for p in o.parameters if p["in"] == "path"}], "parameters are those of the path")
    none([f"{name}: {fault}" for name, fault in ((n, schema_fault(s)) for n, s in api.schemas().items()) if fault],
         "every schema is a JSON Schema")


def examples(api):
    """(where, schema, example) of all that the document shows."""
    def of_media(where, media):
        for value in [media["example"]] if "example" in media else []:
            yield where, media["schema"], value
        for name, example in media.get("examples", {}).items():
            yield f"{where} {name}", media["schema"], example["value"]

    for operation in api.operations():
        for parameter in operation.parameters:
            if "example" in parameter:
                yield f"{operation.id} {parameter['name']}", parameter["schema"], parameter["example"]
        if operation.body():
            yield from of_media(operation.id + " body", operation.body())
        for status, response in operation.responses.items():
            for media in response.get("content", {}).values():
                yield from of_media(f"{operation.id} {status}", media)


def check_examples(api):
    shown = list(examples(api))
    none([f"{where}: {fault}" for where, schema, value in shown for fault in api.faults(schema, value)],
         "every example fits its schema")
    none([o.id for o in api.operations() if o.method == "POST" and "example" not in o.body()], "every body has an example")
    fill = next(o for o in api.operations() if o.id == "command.shapes.form.fill").body()["example"]
    tap.check(len(fill["labels"]) == 30 and len(set(fill["labels"])) == 30, "distinct items are distinct", fill["labels"])


def lists_of(namespace, name):
    return {f"/{namespace}.{name}/{behind}" for behind in ("", "~{path_query}/", "{scope}/", "{scope}/{identifier}")}


def check_paths(web, api):
    """What the namespaces tell of themselves is all there, and nothing else."""
    wanted = set(FIXED)
    for namespace in fetch(web, "/_meta").json["namespaces"]:
        told = web.get(namespace["url"]).json
        for command in told["commands"]:
            wanted |= set(command["urls"]) | {re.sub("^(/[^/]*/)", r"\1{scope}/", url) for url in command["urls"]}
        for resource in told["resources"]:
            wanted |= {resource["url"], resource["url"] + "/events", resource["url"] + "/changes"}
            scoped = resource["url"].replace("/{identifier}", "/{scope}/{identifier}")
            wanted |= {scoped + "/events", scoped + "/changes"} | lists_of(namespace["name"], resource["name"])
        for projection in told.get("projections", []):
            wanted |= {f"/{namespace['name']}.{projection['name']}/{{identifier}}"}
            wanted |= lists_of(namespace["name"], projection["name"])
    none(sorted(wanted ^ set(api.document["paths"])), "its paths are what the gateway serves")


def source(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def check_table(api):
    """Each line of the manual's table of URLs is in the document: who adds one there must add it here."""
    manual = re.search(r"^## URLs\n(.*?)^HEAD works", source("docs/HTTP.md"), re.M | re.S).group(1)
    words = (("_meta/NS:COMMAND", "_meta/{namespace}:{command}"), ("_meta/NS.NAME", "_meta/{namespace}.{name}"),
             ("_meta/NS", "_meta/{namespace}"), ("NS", "bank"), ("COMMAND", "open"), ("RESOURCE", "account"),
             ("PROJECTION", "activity"), ("NAME", "account"), ("/ID", "/{identifier}"), ("KEY=VALUE:...", "{scope}"))
    lost = []
    for method, path in re.findall(r"^\| `(GET|POST) (/\S+)`", manual, re.M):
        for word, meaning in words:
            path = path.replace(word, meaning)
        if method.lower() not in api.document["paths"].get(path, {}):
            lost.append(f"{method} {path}")
    none(lost, "every URL of docs/HTTP.md is in it")


def check_parameters(api):
    """Each query parameter that the sources know is in the document."""
    kinds = {"COMMAND": "command.bank.account.open", "STATE": "state.bank.account", "EVENTS": "events.bank.account",
             "CHANGES": "changes.bank.account"}
    known = [(kinds[kind], name) for name, kind in re.findall(r'\] = \{"(\w+)", URL_(\w+)', source("services/gateway/query.c"))]
    listed = re.search(r"parameter_names\[PARAMETER_COUNT\] = \{(.*?)\}", source("services/gateway/list.c"), re.S).group(1)
    known += [("list.bank.account", name) for name in re.findall(r'"(\w+)"', listed)]
    known += [("events.all", name) for name in re.findall(r'\[PARAMETER_\w+\] = "(\w+)"', source("services/gateway/events.c"))]
    found = {operation.id: {p["name"] for p in operation.parameters if p["in"] == "query"} for operation in api.operations()}
    none([pair for pair in known if pair[1] not in found[pair[0]]] if len(known) > 20 else ["found too few"],
         "every query parameter is in it")


def check_problems(api):
    """Every problem that the sources name has its place under its status."""
    named = [(name, http) for name, http in re.findall(r"^PROBLEM\((\w+), (\d+)", source("services/gateway/problem.def"), re.M)
             if name != "method_not_allowed"]  # never the answer to an operation
    named += [(name, http) for name, http in re.findall(r"^STATUS\((\w+), \d+, (\d+)", source("proto/messages.def"), re.M)
              if http != "200"]
    responses = api.document["components"]["responses"]
    lost = [(name, http) for name, http in named if "urn:fluvius:problem:" + name not in
            json.dumps(responses.get("Problem" + http, {}).get("content", {}))]
    none(lost, "every problem is described under its status")


# ---- OpenAPI: what the operations do ----

def order(operation):
    """Aggregates are created first and closed last; documents and probes in between do not matter."""
    kind = operation.id.split(".")[0]
    ends = operation.id.split(".")[-1] in ("close", "remove-object", "remove") or operation.id == "mcp.end"
    return ({"create": 0, "scoped-create": 0, "command": 1}.get(kind, 2) if not ends else 3, not operation.id.endswith((".open", ".fill")))


def example_of(operation, media):
    """An example is made from the schema alone, and cannot know which places the log has."""
    example = media["example"]
    if operation.id.endswith(".fluvius.group.create"):
        return {name: value for name, value in example.items() if name != "start"}
    return example


def send(web, operation, query="", fields=None, body=None, values=None):
    media = operation.body()
    if body is None and media:
        body = example_of(operation, media)
    if operation.method == "DELETE":
        fields = {"Mcp-Session-Id": "none", **(fields or {})}
    return web.ask(operation.method, operation.url(values) + query, body, fields)


def check_operation(web, operation):
    """As the example says."""
    answer = send(web, operation)
    tap.check(operation.fault(answer) == "", f"{operation.id}: the example gets {answer.status}, as described",
              operation.fault(answer))
    return answer.status


def variations(operation):
    """(what is varied, how it is sent, the status that must come or None)."""
    names = {(parameter["in"], parameter["name"]) for parameter in operation.parameters}
    kind = operation.id.split(".")[0]
    yield "unknown parameter", {"query": "?none=1"}, 400
    if ("query", "dry_run") in names:
        yield "dry run", {"query": "?dry_run=1"}, None
        yield "broken body", {"body": b"{"}, 400
        yield "wrong body", {"body": {"none": 1}}, 422
        yield "no JSON", {"fields": {"Content-Type": "text/plain"}}, 415
        yield "bad condition", {"fields": {"If-Match": "1"}}, 400
    if kind == "command":
        yield "wrong version", {"fields": {"If-Match": '"99999"'}}, 412
    if kind.startswith("scoped-"):
        elsewhere = {"scoped-create": 422, "scoped-list": 200}.get(kind, 404)
        yield "another scope", {"values": {"scope": "_realm=elsewhere"}}, None if kind == "scoped-item" else elsewhere
        yield "no field", {"values": {"scope": "no.field=1"}}, None if kind == "scoped-item" else 422
        yield "two fields", {"values": {"scope": "_realm=default:_id=example-1"}}, None
        yield "a field twice", {"values": {"scope": "_id=a:_id=b"}}, 400
    if kind in ("state", "events", "changes"):
        yield "nobody's identifier", {"values": {"identifier": "nobody"}}, None
    if ("query", "version") in names:
        yield "version", {"query": "?version=1"}, None
        yield "version that is not there", {"query": "?version=99999"}, 404
    if kind in ("changes", "scoped-changes"):
        yield "between", {"query": "?from=0&to=1"}, 200
        yield "nothing to compare", {"query": "?to=0"}, 400
    if ("query", "at") in names:
        yield "now", {"query": "?at=2099-01-01T00:00:00Z"}, None
        yield "before", {"query": "?at=1970-01-01T00:00:00Z"}, None
        yield "no time", {"query": "?at=soon"}, 400
    if ("query", "limit") in names:
        yield "page", {"query": "?limit=1"}, None
        yield "too large a page", {"query": "?limit=100000"}, 400 if kind.endswith(("events", "changes")) else 422
    if ("query", "sort") in names:
        yield "sorted", {"query": "?sort=_updated.desc,_id.asc&total=0"}, 200
        yield "some fields", {"query": "?include=_id,_etag"}, 200
        yield "filtered", {"query": "?query=%7B%22_id.eq%22%3A%22example-1%22%7D"}, 200
        yield "words", {"query": "?text=given"}, 200
        yield "unknown field", {"query": "?sort=none.asc"}, 422
        yield "no filter", {"query": "?query=%5B"}, 400


def check_variations(web, operation):
    faults = []
    for name, how, status in variations(operation):
        answer = send(web, operation, **how)
        fault = operation.fault(answer)
        if fault or status not in (None, answer.status):
            faults.append(f"{name}: {answer.status} where {status} was to come; {fault}")
    none(faults, f"{operation.id}: what else it may say is as described")


def check_unchanged(web, operation):
    """Who has it gets 304."""
    first = send(web, operation)
    if first.status != 200:
        return
    tag = first.fields.get("etag")
    answer = send(web, operation, fields={"If-None-Match": f'"x", {tag}'})
    tap.check(answer.status == 304 and operation.fault(answer) == "" and answer.fields["etag"] == tag,
              f"{operation.id}: 304 to who has it", answer)


def check_retries(web, api):
    """One key: the same again, and 422 for another body."""
    deposit = next(o for o in api.operations() if o.id == "command.bank.account.deposit")
    key = {"Idempotency-Key": "invoice 1906"}
    first, second = send(web, deposit, fields=key), send(web, deposit, fields=key)
    other = send(web, deposit, fields=key, body={"amount": 2})
    tap.check((first.status, second.status, other.status) == (200, 200, 422) and first.json == second.json and
              not any(deposit.fault(answer) for answer in (first, second, other)),
              "a retry, and the same key for something else, are as described", [first, second, other])


def check_operations(web, api):
    statuses = {}
    for operation in sorted(api.operations(), key=order):
        statuses[operation.id] = check_operation(web, operation)
        if operation.id == "command.bank.account.open":
            check_retries(web, api)
    kinds = ("create", "state", "events", "list", "find", "meta", "documents", "service", "scoped-create", "scoped-events", "scoped-changes", "scoped-list")
    bad = {name: status for name, status in statuses.items() if status >= 400 and name.split(".")[0] in kinds and
           not name.endswith(".bank.activity")}  # nobody's row
    none(bad.items(), "what the examples ask for is done")
    for operation in api.operations():
        if operation.id.split(".")[0] != "mcp" and not operation.id.endswith(".bank.activity"):
            check_variations(web, operation)
        if "304" in operation.responses:
            check_unchanged(web, operation)
    tap.note(f"{len(statuses)} operations: " + ", ".join(
        f"{list(statuses.values()).count(status)} answered {status}" for status in sorted(set(statuses.values()))))


def check_head(web, api):
    """HEAD where GET is, OPTIONS everywhere."""
    faults = []
    for operation in api.operations():
        allow = web.ask("OPTIONS", operation.url()).fields.get("allow", "").split(", ")
        if operation.method not in allow or "OPTIONS" not in allow or ("GET" in allow) != ("HEAD" in allow):
            faults.append((operation.id, allow))
    none(faults, "its methods are what OPTIONS tells")


# ---- AsyncAPI ----

def check_asyncapi(aio):
    document = aio.document
    tap.check(document["asyncapi"] == "3.1.0", "the AsyncAPI document says its version")
    none(aio.lost(), "AsyncAPI: every reference leads somewhere")
    none([f"{name}: {fault}" for name, fault in ((n, schema_fault(s)) for n, s in aio.schemas().items()) if fault],
         "AsyncAPI: every schema is a JSON Schema")
    wrong = []
    for name, operation in document["operations"].items():
        for part in [operation, operation.get("reply", operation)]:
            channel = part["channel"]["$ref"]
            wrong += [name for message in part["messages"] if not message["$ref"].startswith(channel + "/messages/")]
    none(wrong, "AsyncAPI: an operation's messages are of its channel")
    faults = []
    for name, message in document["components"]["messages"].items():
        for example in message.get("examples", []):
            faults += [f"{name}: {fault}" for fault in aio.faults(message["payload"], example["payload"])]
    none(faults, "AsyncAPI: every example fits its schema")


def check_async_commands(api, aio):
    commands = {o.id.replace("command.", "", 1) for o in api.operations() if o.id.startswith("command.")}
    told = {name.replace(".command.", ".", 1) for name, operation in aio.document["operations"].items()
            if operation["action"] == "receive"}
    none(sorted(commands ^ told), "AsyncAPI: it receives every command")


def stream_read(web, path, wanted):
    """The first events of a stream, as JSON."""
    with Connection(web.server) as connection:
        connection.send(request("GET", path, fields={"Accept": "text/event-stream"}, host=connection.host))
        head = connection.until(b"\r\n\r\n").decode()
        events = []
        while len(events) < wanted:
            lines = connection.until(b"\n\n").decode().splitlines()
            events += [json.loads(line[len("data: "):]) for line in lines if line.startswith("data: ")]
    return head, events


def check_streams(web, aio):
    """Every event that was made is one of the messages of its stream, and fits it."""
    channel = aio.document["channels"]["events"]
    page = web.get(channel["address"] + "?limit=1000").json["data"]
    head, events = stream_read(web, channel["address"] + "?from=begin", len(page))
    tap.check("text/event-stream" in head and events == page, "AsyncAPI: the stream of all events is where it says", head)
    none([event["type"] for event in events if event["type"] not in channel["messages"]],
         "AsyncAPI: what streams send are messages of their channel")
    none([f"{event['type']}: {fault}" for event in events if event["type"] in channel["messages"]
          for fault in aio.faults(aio.resolve(channel["messages"][event["type"]])["payload"], event)],
         "AsyncAPI: and fit their schemas")
    one = aio.document["channels"]["bank.account"]
    events = stream_read(web, one["address"].replace("{identifier}", "example-1") + "?from=begin", 2)[1]
    tap.check({event["type"] for event in events} <= set(one["messages"]), "AsyncAPI: the stream of one aggregate likewise")
    scoped = aio.document["channels"]["bank.account.scoped"]
    address = scoped["address"].replace("{scope}", "_realm=default").replace("{identifier}", "example-1")
    tap.check(stream_read(web, address + "?from=begin", 2)[1] == events, "AsyncAPI: and of one in a scope")


class Subscriber:
    """Hears the event bus of one broker: docs/PROTOCOL.md, Event bus."""

    def __init__(self, url):
        host, port = url.split("://", 1)[1].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 30)
        self.socket.sendall(bytes.fromhex("0053500000210000"))
        assert self.take(8) == bytes.fromhex("0053500000200000")

    def take(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError("the broker has ended")
            data += more
        return data

    def next(self):
        """(topic, frame)"""
        message = self.take(int.from_bytes(self.take(8), "big"))
        return message[:1].decode(), unpack(message[1:])


def check_bus(platform, web, api, aio):
    """What the event bus sends fits the messages of its channels."""
    topics = {channel["address"]: channel for name, channel in aio.document["channels"].items() if name in ("heads", "records")}
    create = next(o for o in api.operations() if o.id == "create.bank.account.open")
    subscriber = Subscriber(platform.events)
    seen, records, faults = set(), [], []
    while seen != set(topics):
        with Client(platform.bus) as client:
            client.listen()
        send(web, create)
        topic, frame = subscriber.next()
        message, = topics[topic]["messages"].values()
        faults += aio.faults(aio.resolve(message)["payload"], frame)
        seen.add(topic)
        records += frame.get("ev", [])
    tap.check({record.get("type") for record in records} == {"opened"}, "AsyncAPI: records are of what was done", records)
    none(faults, "AsyncAPI: heads and records on the event bus fit their schemas")
    subscriber.socket.close()


# ---- tokens ----

def check_tokens():
    with tempfile.NamedTemporaryFile("w", suffix=".tokens") as file:
        file.write("s3cret-token ada default\n")
        file.flush()
        with Platform("--token-file", file.name, domains=("bank",)) as platform:
            open_web, web = Web(platform.http), Web(platform.http, {"Authorization": "Bearer s3cret-token"})
            tap.check([open_web.get(path).status for path in ("/openapi.json", "/asyncapi.json")] == [401, 401],
                      "with tokens in use the documents need one")
            tap.check([open_web.get(path).status for path in ("/docs", "/docs/page.js", "/docs/page.css", "/livez")] ==
                      [200] * 4, "the page, which tells nothing of the platform, does not")
            check_guarded(open_web, web)


def check_guarded(open_web, web):
    api, aio = Description(fetch(web, "/openapi.json").json), Description(fetch(web, "/asyncapi.json").json)
    scheme = api.document["components"]["securitySchemes"]["token"]
    tap.check(scheme["scheme"] == "bearer" and api.document["security"] == [{"token": []}], "the scheme is described", scheme)
    tap.check("records" not in aio.document["channels"], "records, which are everybody's, are not on the event bus then")
    faults = []
    for operation in api.operations():
        if operation.method == "DELETE":
            continue
        free = operation.raw.get("security") == []
        answer = send(open_web, operation)
        if (answer.status == 401) == free or operation.fault(answer):
            faults.append((operation.id, answer.status, operation.fault(answer)))
    none(faults, "every operation that is said to need a token does, no other")


# ---- all ----

def main():
    with Platform(domains=("bank", "objects", SHAPES)) as platform:
        web = Web(platform.http)
        api, aio = Description(fetch(web, "/openapi.json").json), Description(fetch(web, "/asyncapi.json").json)
        check_structure(api)
        check_examples(api)
        check_paths(web, api)
        check_table(api)
        check_parameters(api)
        check_problems(api)
        check_operations(web, api)
        check_head(web, api)
        check_asyncapi(aio)
        check_async_commands(api, aio)
        check_streams(web, aio)
        check_bus(platform, web, api, aio)
        faults, why = public_faults(api.document, aio.document)
        if why:
            tap.note("public validators could not be had: " + why)
        else:
            none(faults, "public validators find no fault: @readme/openapi-parser, @asyncapi/parser")
    check_tokens()
    tap.end()


if __name__ == "__main__":
    main()
