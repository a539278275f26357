#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""`fluvius up`: what it refuses before anything starts, what it tells, what it restarts, and how it stops."""
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from commands import ADA, fluvius, on
from platform_under_test import Platform, Tap, module, tool

tap = Tap()
QUIET = ("--http", "127.0.0.1:0", "--bus", "tcp://127.0.0.1:0", "--events", "tcp://127.0.0.1:0")


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False


def written_pids_in(data):
    with open(os.path.join(data, "fluvius.json"), encoding="utf-8") as file:
        return json.load(file)["pids"]


def written_pids(platform):
    return written_pids_in(platform.data)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def tells(platform):
    pids = platform.ready.get("pids", {})
    tap.check(platform.ready.get("ready") is True and sorted(pids) == ["broker", "gateway", "projector", "query-0", "shard-0", "shard-1"],
              "one line of JSON says that all is ready", platform.ready)
    tap.check(pids == platform.children(), "with the services' processes", (pids, platform.children()))
    tap.check(all(not address.endswith(":0") for address in (platform.bus, platform.http, platform.events)),
              "port 0 was chosen", platform.ready)
    with open(os.path.join(platform.data, "fluvius.json"), encoding="utf-8") as file:
        tap.check(json.load(file) == platform.ready, "fluvius.json has the same")
    with urllib.request.urlopen(platform.http + "/readyz", timeout=30) as answer:
        tap.check(answer.status == 200, "HTTP is ready")


def refuses_a_second(platform):
    answer = fluvius("up", "--data", platform.data, "--domain", module("bank"), *QUIET)
    tap.check(answer.code == 1 and f"pid {platform.process.pid}" in answer.err and platform.data in answer.err,
              "a second one on the same data is refused and names the holder", answer)
    other = tempfile.mkdtemp(prefix="fluvius-up-")
    for option, address in (("--bus", platform.bus), ("--events", platform.events),
                            ("--http", platform.http.replace("http://", ""))):
        words = dict(zip(QUIET[::2], QUIET[1::2]))
        words[option] = address
        answer = fluvius("up", "--data", other, "--domain", module("bank"), *sum(words.items(), ()))
        tap.check(answer.code == 1 and address in answer.err and option in answer.err and "in use" in answer.err,
                  f"a busy port of {option} is named", answer)
    shutil.rmtree(other)


def restarts(platform, run):
    run("send", "bank:open", "account/ada", ADA)
    for name, how in (("shard-0", signal.SIGKILL), ("shard-1", signal.SIGTERM), ("broker", signal.SIGKILL),
                      ("gateway", signal.SIGKILL)):
        before = platform.children()[name]
        os.kill(before, how)
        came = wait_for(lambda: platform.children().get(name, before) != before)
        tap.check(came, f"{name} is started again after {how.name}")
    tap.check(wait_for(lambda: run("health").code == 0), "then all is well again", run("health"))
    answer = run("send", "bank:deposit", "account/ada", '{"amount": 5}')
    tap.check(answer.code == 0 and answer.json().get("version") == 2, "and nothing was lost", answer)
    with open(os.path.join(platform.data, "fluvius.json"), encoding="utf-8") as file:
        tap.check(json.load(file)["pids"] == platform.children(), "fluvius.json names the new processes")


def stops(platform):
    pids = list(platform.children().values())
    code = platform.stop(signal.SIGINT)
    tap.check(code == 0, "Ctrl-C ends it with 0", code)
    tap.check(not any(alive(pid) for pid in pids), "and all services with it")
    tap.check(not os.path.exists(os.path.join(platform.data, "fluvius.json")), "and fluvius.json")


def dies_and_comes_back(data):
    first = Platform(data=data)
    run, pids = on(first), list(first.children().values())
    run("send", "bank:open", "account/eve", ADA)
    first.process.kill()
    first.stop()
    with Platform(data=data) as second:
        tap.check(not any(alive(pid) for pid in pids), "after kill -9 the services of the dead one end")
        answer = on(second)("state", "bank.account/eve")
        tap.check(answer.code == 0 and answer.json().get("version") == 1, "and the next one has all the data", answer)


def logged(path, name, text):
    with open(path, encoding="utf-8") as file:
        return any(f'"{name}"' in line and text in line for line in file)


def http_status(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def says_ready_when_the_broker_knows_all(data, directory):
    """The last unit is claimed while the broker sleeps: all processes are ready, and yet nobody could be served."""
    log = os.path.join(directory, "ready.jsonl")
    with socket.create_server(("127.0.0.1", 0)) as free:
        http = f"127.0.0.1:{free.getsockname()[1]}"
    with open(os.path.join(data, "unit-0.lock"), "rb+") as lock, open(log, "wb") as errors:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        command = [tool("fluvius"), "up", "--json", "--data", data, "--domain", module("bank"), *QUIET, "--http", http, "--shards", "1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
            wait_for(lambda: logged(log, "shard", "unit not claimed") and logged(log, "broker", '"ready"'))
            broker = written_pids_in(data)["broker"]
            os.kill(broker, signal.SIGSTOP)
            fcntl.lockf(lock, fcntl.LOCK_UN)
            all_ready = wait_for(lambda: logged(log, "shard", '"ready"') and http_status(http, "/livez") == 200)
            refused = http_status(http, "/readyz")
            said = select.select([process.stdout], [], [], 0)[0]
            tap.check(all_ready and refused == 503 and not said,
                      "while the broker does not know all owners, it is not called ready", (all_ready, refused, said))
            os.kill(broker, signal.SIGCONT)
            line = process.stdout.readline()
            answer = fluvius("health", "--data", data)
            tap.check(b'"ready":true' in line and answer.json().get("unowned") == 0, "then it is, and all are owned", answer)
            process.terminate()


def refuses_before_anything_starts(directory):
    def up(*words, environment=None):
        return fluvius("up", "--data", os.path.join(directory, "none"), *words, environment=environment)

    for option, address in (("--http", "0.0.0.0:0"), ("--bus", "tcp://0.0.0.0:0"), ("--events", "tcp://[::]:0")):
        answer = up("--domain", module("bank"), option, address)
        tap.check(answer.code == 2 and address in answer.err and "--token-file" in answer.err,
                  f"{option} beyond loopback needs a token file", answer)
    tokens = os.path.join(directory, "tokens")
    with open(tokens, "w", encoding="ascii") as file:
        file.write("secret-word alice default\n")
    os.chmod(tokens, 0o644)
    answer = up("--domain", module("bank"), "--token-file", tokens)
    tap.check(answer.code == 2 and tokens in answer.err and "chmod 600" in answer.err and "secret" not in answer.err,
              "a token file that others may read is refused", answer)
    answer = up("--domain", "/nowhere/x.so")
    tap.check(answer.code == 2 and "/nowhere/x.so" in answer.err, "a module that is not there is named", answer)
    for words in (("--shards", "0"), ("--shards", "17"), ("--files", "2", "--shards", "3"), ("--log-level", "loud"), ("--nonsense",), ("extra",)):
        tap.check(up(*words).code == 2, f"{' '.join(words)} is a usage error (2)")
    answer = up("--domain", module("bank"), environment={"FLUVIUS_SHARDS": "many"})
    tap.check(answer.code == 2 and "FLUVIUS_SHARDS" in answer.err, "a bad variable is named", answer)
    tap.check(not os.path.exists(os.path.join(directory, "none")), "and nothing was made")


def gives_up_on_bad_settings(directory):
    broken = os.path.join(directory, "broken.so")
    with open(broken, "w", encoding="ascii") as file:
        file.write("this is no module")
    answer = fluvius("up", "--data", os.path.join(directory, "broken"), "--domain", broken, *QUIET)
    tap.check(answer.code not in (0, -9) and broken in answer.err and "shard" in answer.err,
              "a module that cannot be used ends it, with the shard's own words", answer)


def tokens_guard(directory):
    tokens = os.path.join(directory, "guarded")
    with open(tokens, "w", encoding="ascii") as file:
        file.write("# who\nsecret-word alice acme admin\nsecret-other bob else\nsecret-watch ops default service\n")
    os.chmod(tokens, 0o600)
    with Platform("--token-file", tokens) as platform:
        run = on(platform)
        answer = run("send", "bank:open", "account/ada", ADA)
        tap.check(answer.code == 6, "without a token it is denied (6)", answer)
        answer = run("send", "bank:open", "account/ada", ADA, environment={"FLUVIUS_TOKEN": "secret-wort"})
        tap.check(answer.code == 6, "with another one too", answer)
        known = {"FLUVIUS_TOKEN": "secret-word"}
        answer = run("send", "bank:open", "account/ada", ADA, environment=known)
        tap.check(answer.code == 0, "with the right one it is done", answer)
        other = {"FLUVIUS_TOKEN": "secret-other"}
        answer = run("tail", environment=other)
        tap.check(answer.code == 0 and answer.lines() == [], "a user's tail has nothing of other realms", answer)
        tap.check(len(run("tail", environment=known).lines()) == 1, "but all of one's own")
        record = run("tail", environment={"FLUVIUS_TOKEN": "secret-watch"}).lines()[0]
        tap.check(record["user"] == "alice" and record["realm"] == "acme", "user and realm come from it", record)
        with open(platform.log, encoding="utf-8") as log:
            tap.check("secret-w" not in log.read(), "no log shows it")


def listens_everywhere(directory):
    tokens = os.path.join(directory, "guarded")
    with Platform("--token-file", tokens, "--http", "0.0.0.0:0", "--bus", "tcp://0.0.0.0:0", "--events",
                  "tcp://0.0.0.0:0") as platform:
        tap.check(all("//127.0.0.1:" in address for address in (platform.http, platform.bus, platform.events)),
                  "addresses of all interfaces are told as loopback, to connect to", platform.ready)
        answer = on(platform)("health", environment={"FLUVIUS_TOKEN": "secret-word"})
        tap.check(answer.code == 0, "and there all is well", answer)


def shows_its_settings():
    answer = fluvius("config", "--shards", "1", "--domain", module("bank"),
                     environment={"FLUVIUS_LOG_LEVEL": "warning", "FLUVIUS_SERVICE_TOKEN": "hush"})
    lines = [line.split() for line in answer.out.splitlines()]
    tap.check(["fluvius", "up", "shards", "1", "command", "line"] in lines, "config shows values and sources", answer)
    tap.check(["fluvius", "up", "log-level", "warning", "FLUVIUS_LOG_LEVEL"] in lines, "of the environment too", answer)
    services = {line[0] for line in lines}
    tap.check({"fluvius-broker", "fluvius-shard", "fluvius-gateway"} <= services, "of every service", services)
    tap.check("hush" not in answer.out and "***" in answer.out, "without secrets")
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("shards = 1\n[fluvius-shard]\nidle-ms = 4711\n")
        file.flush()
        answer = fluvius("config", "--config", file.name, "--domain", module("bank"))
        lines = [line.split() for line in answer.out.splitlines()]
        tap.check(["fluvius", "up", "shards", "1", file.name + ":1"] in lines, "of a file too", answer)
        tap.check(["fluvius-shard", "idle-ms", "4711", file.name + ":3"] in lines, "of its services' sections too", answer)


def starts_as_much_as_it_takes():
    most = ("--brokers", "4", "--shards", "32", "--projectors", "32", "--queries", "8")
    modules = ("--domain", module("bank"), "--earlier-domain", module("bank")) * 16
    answer = fluvius("config", "--store", "postgresql://nobody@127.0.0.1:1/none", *most, *modules)
    shown = [line.split()[:2] for line in answer.out.splitlines()]
    counts = {kind: shown.count(["fluvius-" + kind, "log-level"]) for kind in ("broker", "shard", "projector", "query", "gateway")}
    tap.check(answer.code == 0 and list(counts.values()) == [4, 32, 32, 8, 1],
              "the most of each service, with the most modules, can be started together", (counts, answer.err))


def runs_four_shards_or_one():
    for shards in ("1", "4"):
        with Platform("--shards", shards) as platform:
            run = on(platform)
            wait_for(lambda: run("health").code == 0)
            health = run("health").json()
            tap.check(len(health.get("shards", [])) == int(shards) and health.get("unowned") == 0,
                      f"{shards} shards own all partitions", health)


def shares_out_its_files(directory):
    data = os.path.join(directory, "shares")
    for shards in ("1", "2"):
        with Platform("--shards", shards, "--files", "3", data=data) as platform:
            run = on(platform)
            wait_for(lambda: run("health").code == 0)
            health = run("health").json()
            owned = sorted(shard["partitions"] for shard in health.get("shards", []))
            tap.check(owned == ([16] if shards == "1" else [5, 11]), f"{shards} of 3 files' shards own them all", health)
    answer = fluvius("up", "--data", data, "--domain", module("bank"), "--shards", "4", *QUIET)
    tap.check(answer.code not in (0, -9) and "log's 3 units" in answer.err, "a shard without a file ends it", answer)


def outlives_a_broker():
    with Platform("--brokers", "2") as platform:
        run = on(platform)
        tap.check(len(platform.bus.split(",")) == 2 and len(platform.events.split(",")) == 2,
                  "two brokers are told of with commas", platform.ready)
        answers = [run("send", "bank:open", "account/ada", ADA)]
        for broker in ("broker-0", "broker-1"):
            os.kill(platform.ready["pids"][broker], signal.SIGKILL)
            answers.append(run("send", "bank:deposit", "account/ada", '{"amount":5}'))
            tap.check(wait_for(lambda: written_pids(platform)[broker] not in (0, platform.ready["pids"][broker])),
                      f"{broker} is started again")
        answers.append(run("state", "bank.account/ada"))
        tap.check(all(answer.code == 0 for answer in answers) and '"balance":10' in answers[-1].out,
                  "commands are answered while either broker is gone", answers)


def refused_frames(platform):
    """Frames that the broker has refused so far."""
    with urllib.request.urlopen(platform.http + "/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("fluvius_faulty_frames_total"))


def keeps_strangers_out(directory):
    """A service with another token."""
    said = os.path.join(directory, "stranger.jsonl")
    with Platform(data=os.path.join(directory, "strange")) as platform, open(said, "wb") as log:
        before = refused_frames(platform)
        with subprocess.Popen([tool("fluvius-query"), "--name", "stranger", "--bus", platform.bus, "--store",
                               "sqlite:" + platform.data], env=dict(os.environ, FLUVIUS_SERVICE_TOKEN="another"),
                              stderr=log) as stranger:
            tried = wait_for(lambda: refused_frames(platform) >= before + 3)
            stranger.terminate()
        tap.check(tried, "a service with another token is refused, and tries again")
        services = [service["name"] for service in on(platform)("health").json()["services"]]
        tap.check("stranger" not in services, "it is no part of the platform", services)
    with open(said, encoding="utf-8") as log:
        refusals = [line for line in map(json.loads, log) if line["message"] == "broker refuses"]
    tap.check(len(refusals) == 1 and refusals[0]["fault"] == "unauthenticated", "and says so once", refusals)


with tempfile.TemporaryDirectory(prefix="fluvius-up-") as temporary:
    with Platform(data=os.path.join(temporary, "data")) as started:
        tells(started)
        refuses_a_second(started)
        restarts(started, on(started))
        stops(started)
    dies_and_comes_back(os.path.join(temporary, "data"))
    says_ready_when_the_broker_knows_all(os.path.join(temporary, "data"), temporary)
    refuses_before_anything_starts(temporary)
    gives_up_on_bad_settings(temporary)
    tokens_guard(temporary)
    listens_everywhere(temporary)
    shares_out_its_files(temporary)
    keeps_strangers_out(temporary)
shows_its_settings()
starts_as_much_as_it_takes()
runs_four_shards_or_one()
outlives_a_broker()
tap.end()
