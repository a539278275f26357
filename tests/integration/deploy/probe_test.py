#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""`fluvius health` as a probe: it tells whether one process is well, whatever the others do; and secrets that lie in files."""
import os
import signal
import socket
import subprocess
import tempfile
import time

from files import run
from platform_under_test import Platform, Tap, module, tool

tap = Tap()


def health(*options, **more):
    return run(tool("fluvius"), "health", *options, **more)


def well(platform):
    """Waits until the broker knows of all shards: a platform is ready a moment before."""
    until = time.monotonic() + 30
    while health("--bus", platform.bus)[0] != 0 and time.monotonic() < until:
        time.sleep(0.05)


def probes(platform):
    bus, http = ("--bus", platform.bus), platform.http.split("//")[1]
    for name, options, wanted in (("all is well", bus, 0), ("a broker that answers", (*bus, "--alive"), 0),
                                  ("a shard that is connected", (*bus, "--shard", "shard-1"), 0),
                                  ("a shard that is not", (*bus, "--shard", "shard-7"), 12),
                                  ("the shard named after this host, which has another name", (*bus, "--shard", "."), 12),
                                  ("a gateway that would take commands", ("--http", http), 0),
                                  ("a gateway that runs", ("--http", http, "--alive"), 0),
                                  ("a gateway by its machine's name", ("--http", http.replace("127.0.0.1", "localhost")), 0)):
        code, said = health(*options)
        tap.check(code == wanted, f"{name}: {wanted}", f"{code}: {said}")
    code, said = health("--http", "127.0.0.1:1")
    tap.check(code == 1 and "no gateway answers" in said, "no gateway: 1, and why", said)
    code, said = health("--http", "nonsense")
    tap.check(code == 1, "an address that is none: 1", said)


def silent_peer():
    """Somebody who takes connections and says nothing must not hold a probe up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        code, said = health("--http", f"127.0.0.1:{server.getsockname()[1]}", "--deadline", "200")
        tap.check(code == 1, "a peer that says nothing: 1 when the deadline is over", said)


def without_shards():
    """A broker whose shards are gone is degraded, and alive."""
    with Platform("--shards", "1") as platform:
        well(platform)
        shard = platform.children()["shard-0"]
        os.kill(shard, signal.SIGSTOP)
        until = time.monotonic() + 30
        while health("--bus", platform.bus)[0] != 12 and time.monotonic() < until:
            time.sleep(0.1)
        code, said = health("--bus", platform.bus)
        tap.check(code == 12, "degraded: 12", said)
        code, said = health("--bus", platform.bus, "--alive")
        tap.check(code == 0, "and alive: 0", said)
        code, said = health("--bus", platform.bus, "--shard", "shard-0")
        tap.check(code == 12, "and its shard is not connected: 12", said)
        code, said = health("--http", platform.http.split("//")[1])
        tap.check(code == 12, "a gateway that would not take commands: 12", said)
        code, said = health("--http", platform.http.split("//")[1], "--alive")
        tap.check(code == 0, "and runs: 0", said)
        os.kill(shard, signal.SIGCONT)


def named_after_host():
    """A shard without a name has its host's."""
    with tempfile.TemporaryDirectory() as directory:
        broker = subprocess.Popen([tool("fluvius-broker"), "--bus", f"ipc://{directory}/bus", "--events", f"ipc://{directory}/events"],
                                  stderr=subprocess.DEVNULL)
        shard = subprocess.Popen([tool("fluvius-shard"), "--bus", f"ipc://{directory}/bus", "--store", "memory:", "--domain",
                                  module("bank"), "--journal", os.path.join(directory, "journal")], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while health("--bus", f"ipc://{directory}/bus", "--shard", ".")[0] != 0 and time.monotonic() < until:
            time.sleep(0.1)
        code, said = health("--bus", f"ipc://{directory}/bus", "--shard", ".")
        tap.check(code == 0 and socket.gethostname() in said, "a shard without a name has its host's", said)
        for process in (shard, broker):
            process.terminate()
            process.wait()


def secrets():
    with tempfile.TemporaryDirectory() as directory:
        def put(name, text, mode=0o600):
            path = os.path.join(directory, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, mode)
            return path
        tokens = put("tokens", "ada-token ada default\nservice-token gateway default service\n")
        service, ada = put("service", "service-token\n"), put("ada", "ada-token")
        with Platform("--token-file", tokens, environment={"FLUVIUS_SERVICE_TOKEN": "file:" + service}) as platform:
            bus = ("--bus", platform.bus)
            code, said = health(*bus, "--alive", "--token", "file:" + ada)
            tap.check(code == 0, "a token may lie in a file, and shards find theirs in one too", said)
            code, said = health(*bus, "--alive", environment={"FLUVIUS_TOKEN": "file:" + ada})
            tap.check(code == 0, "also one that the environment names", said)
            code, said = health(*bus, "--token", "file:" + service + "x")
            tap.check(code == 2 and "token" in said, "a file that is not there is refused", said)
            code, said = health(*bus, "--token", "file:" + put("open", "ada-token", 0o644))
            tap.check(code == 2 and "chmod" in said, "and one that others may read", said)
            code, said = health(*bus, "--token", "file:" + put("empty", "\n"))
            tap.check(code == 2, "and one that is empty", said)
            code, said = health(*bus, "--token", service)
            tap.check(code == 6, "a path alone is no token", said)


def main():
    with Platform() as platform:
        well(platform)
        probes(platform)
    silent_peer()
    without_shards()
    named_after_host()
    secrets()
    tap.end()


if __name__ == "__main__":
    main()
