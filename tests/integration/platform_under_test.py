# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Starts a platform of its own through `fluvius up`, in a temporary directory, for integration tests; and TAP output.
Only the standard library is used."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("FLUVIUS_BUILD", os.path.join(ROOT, "build"))


def tool(name):
    return os.path.join(BUILD, "bin", name)


def module(name):
    return os.path.join(BUILD, "domains", name + ".so")


class Platform:
    """with Platform(...) as p: p.bus, p.http, p.data, p.children() ..."""

    def __init__(self, *options, domains=("bank", "objects"), data=None, environment=None, keep=False):
        self.own = data is None
        self.data = data or tempfile.mkdtemp(prefix="fluvius-test-")
        self.keep = keep
        self.log = os.path.join(self.data, "log.jsonl")
        os.makedirs(self.data, exist_ok=True)
        command = [tool("fluvius"), "up", "--json", "--data", self.data, "--http", "127.0.0.1:0",
                   "--bus", "tcp://127.0.0.1:0", "--events", "tcp://127.0.0.1:0"]
        for name in domains:
            command += ["--domain", name if name.endswith(".so") else module(name)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command + list(options), stdout=subprocess.PIPE, stderr=log,
                                            env=dict(os.environ, **(environment or {})))
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise RuntimeError("the platform did not start: " + log.read()[-2000:])
        self.ready = json.loads(line)
        self.bus, self.http, self.events = self.ready["bus"], self.ready["http"], self.ready["events"]

    def processes(self):
        """[(pid, command line)] of the processes that run now."""
        found = []
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            pids = file.read().split()
        for child in pids:
            try:
                with open(f"/proc/{child}/cmdline", "rb") as file:
                    found.append((int(child), file.read().decode().split("\0")))
            except OSError:
                continue
        return found

    def children(self):
        """{name: pid} of the processes that run now."""
        found = {}
        for pid, words in self.processes():
            name = os.path.basename(words[0]).replace("fluvius-", "")
            if "--name" in words:
                name = words[words.index("--name") + 1]
            found[name] = pid
        return found

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()
        if self.own and not self.keep:
            shutil.rmtree(self.data, ignore_errors=True)


class Gateway:
    """One more gateway, which reads nothing itself unless its options say so: with Gateway(p.bus, ...) as g: g.http"""

    def __init__(self, bus, *options, environment=None):
        ready, told = os.pipe()
        command = [tool("fluvius-gateway"), "--http", "127.0.0.1:0", "--bus", bus, "--log-level", "error"]
        self.process = subprocess.Popen(command + list(options), pass_fds=(told,),
                                        env=dict(os.environ, FLUVIUS_READY_FD=str(told), **(environment or {})))
        os.close(told)
        with os.fdopen(ready, encoding="ascii") as file:
            self.http = file.readline().strip()

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


class Tap:
    """Counts checks and prints them: "ok N - name"."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, good, name, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good and detail:
            for line in str(detail).splitlines()[:40]:
                print("# " + line, flush=True)
        return good

    def note(self, text):
        print("# " + text, flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)
