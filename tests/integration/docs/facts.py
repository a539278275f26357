# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What the documents state in tables, beside what programs and sources say. Each function gives a list of differences."""
import os
import re
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from documents import table, ticked
from platform_under_test import ROOT, module, tool

SERVICES = {"fluvius up": ["fluvius", "up"], "fluvius-broker": ["fluvius-broker"], "fluvius-shard": ["fluvius-shard"],
            "fluvius-projector": ["fluvius-projector"], "fluvius-query": ["fluvius-query"], "fluvius-gateway": ["fluvius-gateway"], "Other commands of fluvius": ["fluvius", "describe"]}
OPTION = re.compile(r"^  --([a-z-]+)(?: (?:VALUE|N|SECRET)(?:\.\.\.)?)? +(.*?)(?: \(default (.*)\))?$")
NOT_SETTINGS = ("config", "print-config", "help")
SOURCES = ("broker", "services", "proto", "libactor")

# What docs/HTTP.md says of a limit, and the source line that makes it so.
HTTP_LIMITS = (
    ("URL", "4,096 bytes", "services/gateway/url.h", "URL_MAX 4096"),
    ("header fields", "100, ", "services/gateway/head.c", "HEAD_FIELDS_MAX 100"),
    ("header fields", "12,288 bytes", "services/gateway/head.c", "HEAD_BYTES_MAX 12288"),
    ("body", "1 MiB", "proto/messages.def", "LIMIT(frame_bytes, 1048576"),
    ("nesting of the body", "32 levels", "proto/messages.def", "LIMIT(nesting, 32"),
    ("bodies on their way, all together", "64 MiB", "services/gateway/transfer.c", "BODIES_BYTES (64u << 20)"),
    ("answers not yet taken, all together", "128 MiB", "services/gateway/transfer.c", "ANSWERS_BYTES (128u << 20)"),
    ("requests waiting for an answer", "1,024", "services/gateway/settings.c", 'AT(max_in_flight), "1024"'),
    ("commands waiting for one aggregate", "1,024", "proto/messages.def", "LIMIT(mailbox_messages, 1024"),
    ("connections", "2,048", "proto/messages.def", "LIMIT(connections, 2048"),
    ("connections", "1,024 from one", "proto/messages.def", "LIMIT(connections_per_address, 1024"),
    ("time for a request's header", "10 s", "proto/messages.def", "LIMIT(header_wait_ms, 10000"),
    ("time for a request's body", "30 s", "proto/messages.def", "LIMIT(body_wait_ms, 30000"),
    ("time between requests, and for taking an answer", "60 s", "proto/messages.def", "LIMIT(idle_ms, 60000"),
)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def sources(endings=(".c", ".h", ".def")):
    text = ""
    for part in SOURCES:
        for directory, _, names in os.walk(os.path.join(ROOT, part)):
            text += "".join(read(os.path.join(directory, name)) for name in sorted(names)
                            if name.endswith(endings))
    return text


def difference(stated, found):
    return [f"stated but not so: {item}" for item in stated if item not in found] + \
           [f"so but not stated: {item}" for item in found if item not in stated]


def run(command, environment=None):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLUVIUS_")}
    return subprocess.run([tool(command[0]), *command[1:]], stdout=subprocess.PIPE, text=True, check=True,
                          env={**clean, **(environment or {})}).stdout


# ---- settings ----

def help_rows(command):
    options = [OPTION.match(line) for line in run([*command, "--help"]).splitlines()]
    return [[option[1], option[3] or "", option[2]] for option in options if option and option[1] not in NOT_SETTINGS]


def setting_rows(text, heading):
    """[name, variable, default, meaning] with the ticks gone."""
    return [[cell.strip("`") for cell in row[:3]] + [row[3]] for row in table(text, heading)]


def settings(text, heading):
    rows = setting_rows(text, heading)
    return difference([[name, default, meaning] for name, _, default, meaning in rows], help_rows(SERVICES[heading]))


def variables(text, heading):
    """Does each setting come from the variable that is stated, and from none where none is stated?"""
    rows = setting_rows(text, heading)
    environment = {"FLUVIUS_" + name.upper().replace("-", "_"): default or "true" for name, _, default, _ in rows}
    environment["FLUVIUS_DOMAIN"] = module("bank")
    shown = run([*SERVICES[heading], "--print-config"], environment).splitlines()
    return [f"{name}: {line}" for (name, variable, _, _), line in zip(rows, shown)
            if not line.endswith("  " + (variable or "default"))]


def names(text):
    """Names in the text that look like settings or variables and are none."""
    operations = read("docs/OPERATIONS.md")
    known = {cell for heading in SERVICES for row in setting_rows(operations, heading) for cell in row[:2]}
    looks = [word for word in ticked(text) if re.fullmatch(r"[a-z]+(-[a-z]+)+|FLUVIUS_[A-Z_]+", word)]
    return [word for word in looks if word not in known | {"FLUVIUS_CONFIG"}]


# ---- the other tables of OPERATIONS.md ----

def whole_exposition(http):
    """/metrics once each kind of process has told its own; brokers hear them a moment after they have started."""
    until, exposition = time.monotonic() + 30, ""
    while not all(f"\nfluvius_{kind}_" in exposition for kind in ("query_rows", "projector", "shard")) and time.monotonic() < until:
        with urllib.request.urlopen(http + "/metrics") as answer:
            exposition = answer.read().decode()
    return exposition


def metrics(text, http):
    exposition = whole_exposition(http)
    found = re.findall(r"^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$", exposition, flags=re.M)
    return difference([[row[0].strip("`"), row[1], row[2]] for row in table(text, "Metrics")],
                      [[name, kind, meaning] for name, meaning, kind in found])


def log_messages(text):
    written = set(re.findall(r'\bLOG\(\s*(\w+),\s*"([^"]+)"', sources(".c")))
    return difference({(row[0], row[1]) for row in table(text, "Logs")}, written)


def alarms(text):
    """Each alarm's words stand in a source, with a format for N and REASON."""
    code = sources()
    stated = [re.sub(r"\bN\b", "%u", row[0]).replace("REASON", "%s").replace("NAME", "%s") for row in table(text, "Health")]
    return [alarm for alarm in stated if f'"{alarm}"' not in code]


def data_files(text, directory):
    there = {re.sub(r"\d+", "N", name) for name in os.listdir(directory)} - {"log.jsonl"}
    return difference({name for row in table(text, "The data directory") for name in ticked(row[0])}, there)


# ---- the tables of HTTP.md ----

def problems(text):
    stated = {(row[0].strip("`"), row[1]) for row in table(text, "Problems")}
    own = re.findall(r"^PROBLEM\((\w+), (\d+),", read("services/gateway/problem.def"), flags=re.M)
    bus = re.findall(r"^STATUS\((\w+), \d+, (\d+),", read("proto/messages.def"), flags=re.M)
    return difference(stated, set(own + bus) - {("ok", "200")})


def codes(text):
    """Codes that no source can give."""
    code = sources()
    stated = [word for row in table(text, "Problems") for word in ticked(row[4])]
    return [word for word in stated if f'"{word}"' not in code and not re.search(rf"\b(ERROR|PROBLEM|STATUS)\({word},", code)
            and word != "errdata.offset"]


# Where the answers of HTTP come from, and what only services and sockets are told.
ANSWERING = ("broker", "services/gateway", "services/shard", "services/query", "services/follow", "services/builtin")
NOT_OVER_HTTP = {"malformed", "too_many_shards", "service_only", "unknown_operation", "unknown_partition"}
GIVEN = (r'\b(?:status|problem)_(?P<type>\w+),\s*"(?P<code>[a-z0-9_]+)"',
         r'\b(?:bad|refuse_filter)\(\s*refusal,\s*"(?P<code>[a-z0-9_]+)"',
         r'\{"\w+", URL_\w+, [^{}"]*"(?P<code>[a-z0-9_]+)"')


def given_codes():
    """{(type, code)} of every answer that a source makes of literals; without a type in sight: a bad parameter."""
    text = "".join(read(os.path.join(part, name)) for part in ANSWERING for name in sorted(os.listdir(os.path.join(ROOT, part)))
                   if name.endswith(".c") and not name.endswith("_test.c"))
    found = [match.groupdict() for form in GIVEN for match in re.finditer(form, text)]
    return {(match.get("type", "bad_parameter"), match["code"]) for match in found if match["code"] not in NOT_OVER_HTTP}


def codes_missing(text):
    """Codes that a source gives, and that do not stand in their problem's row."""
    stated = {(row[0].strip("`"), word) for row in table(text, "Problems") for word in ticked(row[4])}
    return sorted(given_codes() - stated)


def http_limits(text):
    rows = {row[0]: row[1] for row in table(text, "Limits")}
    return difference({name for name, *_ in HTTP_LIMITS}, set(rows)) + \
        [f"{name}: {value}" for name, value, path, line in HTTP_LIMITS
         if value not in rows.get(name, "") or line not in read(path)]
