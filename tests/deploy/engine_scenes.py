# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What is tried on the engine, scene by scene."""
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration", "docs"))
from documents import blocks
from facts import read
from platform_under_test import ROOT, tool
from reader import commands

POOL = ("postgres", "broker-1", "broker-2", "shard", "projector", "query", "gateway")
README_WORDS = ("curl ", "position=", "build/bin/fluvius send", "build/bin/fluvius events", "build/bin/fluvius state", "build/bin/fluvius query")
READ_WORDS = ("position=", "curl -s -H", "build/bin/fluvius query")


def health(compose):
    """What each broker says, or None of one that does not answer."""
    said = []
    for bus in compose.buses:
        answer = subprocess.run([tool("fluvius"), "health", "--bus", bus, "--deadline", "2000"], check=False, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                env={**os.environ, "FLUVIUS_TOKEN": compose.secret("client-token")})
        try:
            said.append(json.loads(answer.stdout))
        except ValueError:
            said.append(None)
    return said


def settled(compose, shards, seconds=90):
    """Waits until both brokers know so many shards and all is owned, evenly; gives how long that took, or None."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if all(said and said["status"] == "ok" and len(said["shards"]) == shards and said["partitions"] > 0 and
               min(shard["partitions"] for shard in said["shards"]) * shards * 2 > said["partitions"]
               for said in health(compose)):
            return time.monotonic() - started
        time.sleep(0.2)
    return None


def up(compose, tap):
    started = time.monotonic()
    done = compose.run("up", "-d", "--no-build", "--scale", "shard=4", check=False)
    tap.check(done.returncode == 0, "docker-compose up -d --scale shard=4", done.stdout)
    bad = compose.healthy(POOL)
    tap.check(not bad, "all containers are healthy", bad)
    tap.check(settled(compose, 4) is not None, "4 shards share the partitions", health(compose))
    tap.note(f"up after {time.monotonic() - started:.1f} s")
    again = compose.run("run", "--rm", "migrate", check=False)
    tap.check(again.returncode == 0 and "ready: log" in again.stdout, "migrate is done once and may be run again", again.stdout)
    users = {compose.inspect(container, "{{.Config.User}}") for service in POOL[1:] for container in compose.containers(service)}
    tap.check(users == {"10001:10001"}, "nothing of Fluvius runs as root", users)


def shell(compose, command):
    """Runs what README says; curl and fluvius find ports and token in their environment."""
    environment = {**os.environ, "CURL_HOME": compose.directory, "FLUVIUS_BUS": ",".join(compose.buses),
                   "FLUVIUS_TOKEN": "file:" + os.path.join(compose.secrets, "client-token")}
    return subprocess.run(["sh", "-c", command.replace("127.0.0.1:8080", compose.http)], cwd=compose.directory, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def readme(compose, tap, words=README_WORDS):
    """README's commands as they stand there."""
    with open(os.path.join(compose.directory, ".curlrc"), "w", encoding="utf-8") as file:
        file.write(f'header = "Authorization: Bearer {compose.secret("client-token")}"\n')
    bin_ = os.path.join(compose.directory, "build")
    if not os.path.lexists(bin_):
        os.symlink(os.path.dirname(os.path.dirname(tool("fluvius"))), bin_)
    typed = [command for block in blocks(read("README.md")) if block.language == "sh" for command in commands(block.lines)
             if command.startswith(words)]
    variables = ""
    for command in typed:
        if command.startswith("position="):
            variables = command + "\n"
            continue
        done = shell(compose, variables + command)
        good = done.returncode == 0 and "urn:fluvius:problem" not in done.stdout and done.stdout != ""
        tap.check(good, f"README: {command[:80]}", done.stdout)
    tap.check(len(typed) >= len(words), "README has these commands", typed)


def crash(compose, load, service, tap):
    """Its process ends by itself, as far as the engine can see."""
    container = compose.containers(service)[0]
    os.kill(int(compose.inspect(container, "{{.State.Pid}}")), signal.SIGKILL)
    died = time.monotonic()
    after = load.goes_on()
    bad = compose.healthy([service])
    took = time.monotonic() - died
    restarts = compose.inspect(container, "{{.RestartCount}}")
    tap.check(after is not None and not bad and int(restarts) >= 1, f"{service} is killed: it comes back by itself", (after, bad, restarts))
    tap.note(f"{service}: 300 more commands were decided {after or -1:.1f} s after, healthy again after {took:.1f} s")


def docker_kill(compose, load, service, others, tap):
    """For the engine this is an operator who wants it down: it stays so until somebody starts it."""
    container = compose.containers(service)[0]
    compose.engine.docker("kill", container)
    if others:
        tap.check(load.goes_on() is not None, f"docker kill of {service}: clients go on without it")
    done = compose.run("start", service, check=False)
    bad = compose.healthy([service])
    tap.check(done.returncode == 0 and not bad, f"docker kill of {service}, then docker-compose start: it is well again", (done.stdout, bad))
    tap.check(load.goes_on() is not None, f"and commands are decided ({service})")


def kills(compose, load, seconds, tap):
    for service in ("shard", "broker-1", "projector", "query", "gateway", "postgres"):
        crash(compose, load, service, tap)
        tap.check(settled(compose, 4) is not None, f"4 shards share the partitions again ({service})", health(compose))
        time.sleep(seconds)  # the load goes on: what it is tested with, not a wait
    for service, others in (("shard", True), ("broker-2", True), ("projector", True), ("query", True), ("gateway", True), ("postgres", False)):
        docker_kill(compose, load, service, others, tap)
        tap.check(settled(compose, 4) is not None, f"4 shards share the partitions after docker kill of {service}", health(compose))


def reads(compose, tap, seconds=60):
    """The load is over: read models have caught up soon, and have a row of each aggregate."""
    readme(compose, tap, READ_WORDS)
    streams = int(compose.sql("select count(distinct (realm, identifier)) from fluvius.log where namespace = 'bank' and resource = 'account'"))
    total, until = None, time.monotonic() + seconds
    while total != streams and time.monotonic() < until:
        answer = json.loads(shell(compose, "curl -s 'http://127.0.0.1:8080/bank.account/?limit=1'").stdout)
        total = answer.get("meta", {}).get("total")
    tap.check(total == streams, "every aggregate is a row of the read model", (total, streams))


def scales(compose, load, seconds, tap):
    for count in (8, 2):
        started, before = time.monotonic(), load.decided()
        done = compose.run("up", "-d", "--no-build", "--no-recreate", "--scale", f"shard={count}", check=False)
        took = settled(compose, count)
        tap.check(done.returncode == 0 and took is not None, f"scaled to {count} shards under load", (done.stdout, health(compose)))
        tap.note(f"{count} shards after {time.monotonic() - started:.1f} s; {load.decided() - before} commands were decided meanwhile")
        compose.note_volumes()
        time.sleep(seconds)
    tap.check(load.goes_on() is not None, "clients go on")


def backup(compose, tap):
    """A copy of what the clients are writing, restored into a database beside it."""
    url = "postgresql://fluvius@postgres/"
    done = compose.run("run", "--rm", "backup", "save", url + "fluvius", "/backups/first", check=False)
    tap.check(done.returncode == 0 and "saved: /backups/first" in done.stdout, "the log is saved while commands run", done.stdout)
    compose.sql("create database restored")
    done = compose.run("run", "--rm", "backup", "restore", "/backups/first", url + "restored", check=False)
    tap.check(done.returncode == 0 and "restored: log" in done.stdout, "and restored as another log", done.stdout)
    done = compose.run("run", "--rm", "fluvius", "migrate", "--store", url + "restored", check=False)
    tap.check(done.returncode == 0 and "256 partitions in 16 units" in done.stdout, "which a store opens", done.stdout)


def embedded(compose, tap):
    """The other profile: one container."""
    compose.run("down", "-t", "20")
    done = compose.run("up", "-d", "--no-build", "embedded", check=False)
    bad = compose.healthy(["embedded"])
    tap.check(done.returncode == 0 and not bad, "docker-compose up -d embedded: healthy", (done.stdout, bad))
    environment = {**os.environ, "FLUVIUS_BUS": compose.buses[0], "FLUVIUS_TOKEN": compose.secret("client-token")}

    def fluvius(*words):
        return subprocess.run([tool("fluvius"), *words], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=environment)
    sent = fluvius("send", "bank:open", "account/ada", '{"holder": {"given": "Ada", "family": "Lovelace"}}')
    tap.check(sent.returncode == 0, "it takes commands", sent.stdout)
    compose.run("restart", "embedded")
    tap.check(not compose.healthy(["embedded"]), "it is restarted")
    state = fluvius("state", "bank.account/ada")
    tap.check(state.returncode == 0 and '"Ada"' in state.stdout, "and remembers", state.stdout)
