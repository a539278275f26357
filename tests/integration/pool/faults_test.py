#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What a pool does when its PostgreSQL server fails: a full disk, no connections left, restarts, a read-only server, a
password that is changed, tables of a newer version or none, unsafe settings, clocks an hour off. While clients run
commands, each fault is made and mended: health and the log name it, a counter rises, and service goes on by itself
without anybody's help. At the end nothing that was acknowledged is lost or done twice.

  faults_test.py [--only WORD] [--rounds N] [--seed N] [--keep]"""
import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [HERE, os.path.join(HERE, "faults"), os.path.join(HERE, "kill")]
import kill_test
from faults import send, wait_for
from platform_under_test import BUILD, Platform, Tap, tool
from postgres_under_test import Postgres, server_user

PASSWORD, HOUR = "gEheim-4711", 3600
NO_SPACE, UNREACHABLE = "no space left on the device", "the peer cannot be reached"
UNSAFE, LIMIT = "settings under which a commit is not durable", "the store takes no more connections"
MISSING = "the store's tables are not there"
LOGIN, READ_ONLY = "the store refused the login", "cannot be written"


class Clock:
    """The wall clock of the processes that get its environment: shift(seconds)."""

    def __init__(self):
        descriptor, self.path = tempfile.mkstemp(prefix="fluvius-clock-")
        os.close(descriptor)
        os.chmod(self.path, 0o644)
        self.shift(0)
        self.library = self.path + ".so"  # where the server's user may read it, wherever the build lies
        shutil.copy(os.path.join(BUILD, "tests", "tools", "clock_preload.so"), self.library)
        os.chmod(self.library, 0o755)
        self.environment = {"FLUVIUS_CLOCK": self.path, "LD_PRELOAD": self.library}

    def shift(self, seconds):
        with open(self.path, "r+b") as file:
            file.write(struct.pack("=q", seconds))

    def close(self):
        os.unlink(self.path)
        os.unlink(self.library)


class Disk:
    """A small file system; fill() leaves nothing of it. None can be mounted: small is False."""

    def __init__(self, megabytes):
        self.path = tempfile.mkdtemp(prefix="fluvius-disk-")
        self.small = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", self.path], check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
        user = server_user()
        os.chown(self.path, user.pw_uid, user.pw_gid)

    def fill(self):
        with open(os.path.join(self.path, "ballast"), "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def empty(self):
        os.unlink(os.path.join(self.path, "ballast"))

    def close(self):
        if self.small:
            subprocess.run(["umount", "-l", self.path], check=False)
        shutil.rmtree(self.path, ignore_errors=True)


class Scene:
    """A server with a role and a database of the platform's own, the platform, and clients."""

    def __init__(self, options, tap):
        self.tap, self.options, self.stack = tap, options, contextlib.ExitStack()
        self.server_clock, self.shard_clock = Clock(), Clock()
        self.disk, self.wal_disk = Disk(48), Disk(48)
        self.server = self.stack.enter_context(Postgres(
            initdb=("-X", self.wal_disk.path, "--wal-segsize=1"), environment=self.server_clock.environment,
            min_wal_size="2MB", max_wal_size="16MB"))
        self.log_seen = self.counter_seen = 0
        self.prepare_server()
        self.url = f"postgresql://app:{PASSWORD}@127.0.0.1:{self.server.port}/app"
        self.platform = self.stack.enter_context(Platform(
            "--shards", "2", domains=("bank",), keep=options.keep,
            environment={"FLUVIUS_STORE": self.url, **self.shard_clock.environment}))
        self.prepare_load()

    def prepare_server(self):
        self.sql(f"create role app login password '{PASSWORD}'")
        place = ""
        if self.disk.small:
            self.sql(f"create tablespace small location '{self.disk.path}'")
            place = "tablespace small"
        else:
            self.tap.note("no file system can be mounted: not root, or not allowed; the disk is not filled")
        self.sql(f"create database app owner app {place}")
        with open(os.path.join(self.server.data, "pg_hba.conf"), "r+", encoding="utf-8") as file:
            rules = file.read()
            file.seek(0)
            file.write("host all app 127.0.0.1/32 scram-sha-256\n" + rules)
        self.sql("select pg_reload_conf()")

    def prepare_load(self):
        kill_test.open_accounts(self.platform, self.tap)
        send(self.platform, "bank:open", "account/other", '{"holder":{"given":"Ada","family":"King"}}')
        self.over_http = kill_test.HttpClient(self.platform.http, self.options.seed,
                                              kill_test.history_path(self.platform, "http"))
        self.over_http.start()
        self.clients = kill_test.start_clients(self.platform, self.options.seed)

    def sql(self, text, database=None):
        url = self.server.url if database is None else self.server.url.rsplit("/", 1)[0] + "/" + database
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", text],
                              check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def cut(self):
        """Ends the platform's sessions, so that it has to connect again."""
        self.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'")

    def fluvius(self, *words):
        done = subprocess.run([tool("fluvius"), words[0], "--bus", self.platform.bus, *words[1:]], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.returncode, done.stdout

    def healthy(self):
        return self.fluvius("health")[0] == 0

    def logged(self):
        """What was logged since the fault began."""
        with open(self.platform.log, encoding="utf-8") as file:
            file.seek(self.log_seen)
            return file.read()

    def faults_counted(self):
        return sum(int(float(value)) for value in
                   re.findall(r"^fluvius_store_faults_total\S* (\S+)$", self.fluvius("metrics")[1], re.M))

    def begin(self):
        wait_for(self.healthy, "health before a fault", 60)
        self.counter_seen = self.faults_counted()
        self.log_seen = os.path.getsize(self.platform.log)

    def answered(self):
        """A command of now is answered ok, and those of the clients are, also over HTTP."""
        seen, over_http = kill_test.answers_so_far(self.clients), len(self.over_http.lines)
        reply, code = send(self.platform, "bank:deposit", "account/other", '{"amount": 5}', "--deadline", "30000")
        wait_for(lambda: kill_test.answers_so_far(self.clients) > seen, "answers to clients", 60)
        wait_for(lambda: len(self.over_http.lines) > over_http, "answers over HTTP", 60)
        return code == 0, reply

    def close(self):
        self.stack.close()
        for thing in (self.server_clock, self.shard_clock, self.disk, self.wal_disk):
            thing.close()


def resumes(scene, name, mended):
    wait_for(scene.healthy, "health after " + name, 60)
    good, reply = scene.answered()
    return scene.tap.check(good, f"{name}: service goes on by itself ({time.monotonic() - mended:.1f} s later)", reply)


def fault(scene, name, make, mend, health, log):
    """Makes a fault, waits until it is told, mends it."""
    scene.begin()
    began = time.monotonic()
    make()
    said = []
    wait_for(lambda: said.append(scene.fluvius("health")[1]) or health in said[-1], f"{name} in health", 60)
    told = time.monotonic() - began
    wait_for(lambda: re.search(log, scene.logged()) is not None, f"{name} in the log ({log})", 30)
    scene.tap.check(True, f"{name}: health says '{health}' ({told:.1f} s), the log more")
    wait_for(lambda: scene.faults_counted() > scene.counter_seen, f"{name} in fluvius_store_faults_total", 30)
    mended = time.monotonic()
    mend()
    resumes(scene, name, mended)


# ---- the faults ----

def password_stays_secret(scene):
    shown = {"log": open(scene.platform.log, encoding="utf-8").read(), "health": scene.fluvius("health")[1],
             "metrics": scene.fluvius("metrics")[1],
             "fluvius.json": open(os.path.join(scene.platform.data, "fluvius.json"), encoding="utf-8").read(),
             "config": subprocess.run([tool("fluvius"), "config"], check=True, stdout=subprocess.PIPE, text=True,
                                      env=dict(os.environ, FLUVIUS_STORE=scene.url)).stdout}
    for name, pid in {**scene.platform.children(), "up": scene.platform.process.pid}.items():
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            shown[f"arguments of {name}"] = file.read().decode()
    found = [where for where, text in shown.items() if PASSWORD in text]
    scene.tap.check(not found and "postgresql://app" in shown["config"],
                    f"no password in {', '.join(sorted(shown))}", found or shown["config"])


def restarts(scene):
    def down(how):
        scene.server.stop(how)
    for name, how in (("fast restart", signal.SIGINT), ("immediate restart", signal.SIGQUIT)):
        fault(scene, name, lambda how=how: down(how), scene.server.start, UNREACHABLE, "connecting:|terminating|closed")


def read_only(scene):
    fault(scene, "read-only server", lambda: scene.server.set(default_transaction_read_only="on"),
          lambda: scene.server.set(default_transaction_read_only=None), READ_ONLY, "read-only")


def connections(scene):
    def make():
        scene.sql("alter role app connection limit 0")
        scene.cut()
    fault(scene, "connection limit", make, lambda: scene.sql("alter role app connection limit -1"), LIMIT,
          "too many connections.*53300")


def password(scene):
    def make():
        scene.sql("alter role app password 'another'")
        scene.cut()
    fault(scene, "wrong password", make, lambda: scene.sql(f"alter role app password '{PASSWORD}'"), LOGIN,
          "password authentication failed.*28P01")


def kill_shard(scene):
    os.kill(scene.platform.children()["shard-0"], signal.SIGKILL)


def newer_schema(scene):
    """Only who opens the store looks at its version."""
    scene.begin()
    scene.sql("insert into fluvius.migration (number) values (999)", "app")
    kill_shard(scene)
    wait_for(lambda: "the schema fluvius has format 999, and this program knows" in scene.logged(), "newer schema", 30)
    scene.tap.check(scene.platform.process.poll() is None, "newer schema: a shard that starts is refused, the others serve")
    mended = time.monotonic()
    scene.sql("delete from fluvius.migration where number = 999", "app")
    resumes(scene, "newer schema", mended)


def missing_schema(scene):
    def make():
        scene.sql("alter schema fluvius rename to away", "app")
        scene.cut()
    fault(scene, "missing schema", make, lambda: scene.sql("alter schema away rename to fluvius", "app"), MISSING,
          "fluvius.*does not exist")


def acknowledges(scene):
    """Is a command of now answered ok, or one of the clients, within two seconds?"""
    seen = kill_test.answers_so_far(scene.clients)
    code = send(scene.platform, "bank:deposit", "account/other", '{"amount": 5}', "--deadline", "2000")[1]
    return code == 0 or kill_test.answers_so_far(scene.clients) > seen


def unsafe(scene):
    """Sessions that are open already serve no longer than a lease: the next beat looks at the settings."""
    def mend(name):
        silent = False
        until = time.monotonic() + 15
        while not silent and time.monotonic() < until:
            silent = not acknowledges(scene)
        scene.tap.check(silent, f"{name}=off: no command is acknowledged any more")
        scene.server.set(**{name: None})
    for name in ("fsync", "full_page_writes"):
        fault(scene, f"{name}=off", lambda name=name: scene.server.set(**{name: "off"}), lambda name=name: mend(name),
              "the pool does not answer: " + UNSAFE, f"pool not reached.*{name} is off")
    scene.begin()
    scene.sql("alter role app set synchronous_commit = off")
    scene.cut()
    resumes(scene, "synchronous_commit=off (overridden)", time.monotonic())
    scene.sql("alter role app reset synchronous_commit")


def disk_full(scene):
    if scene.disk.small:
        fault(scene, "disk full", scene.disk.fill, scene.disk.empty, NO_SPACE, "No space left on device.*53100")


def log_disk_full(scene):
    """The server's write-ahead log has no space: it panics, starts again by itself, or not, as it can."""
    def make():
        scene.wal_disk.fill()
        with contextlib.suppress(subprocess.CalledProcessError):
            for _ in range(64):  # until a segment must be made
                scene.sql("select pg_logical_emit_message(false, '', repeat('x', 1000000))")

    def mend():
        scene.wal_disk.empty()
        with contextlib.suppress(RuntimeError):  # a recovery that began while there was no space may end the server yet
            scene.server.wait_until_ready()
        if scene.server.process.poll() is not None:
            scene.server.start()
    if scene.wal_disk.small:
        fault(scene, "disk of the server's log full", make, mend, UNREACHABLE, "appending|connecting|sending a beat")


def refused_at_start(scene):
    """Whoever starts the platform is told at once."""
    wrong = scene.url.replace(PASSWORD, "wrong-4711")
    try:
        with Platform(environment={"FLUVIUS_STORE": wrong}, domains=("bank",)):
            said = "it started"
    except RuntimeError as error:
        said = str(error)
    scene.tap.check("password authentication failed" in said and "wrong-4711" not in said,
                    "wrong password at start: refused by name, without the password", said)


@contextlib.contextmanager
def knocking(scene):
    """Somebody connects to the bus and goes, again and again: after each the broker takes nobody for a moment."""
    address, over = scene.platform.bus.rsplit("/", 1)[1].split(":"), threading.Event()

    def knock():
        while not over.is_set():
            with contextlib.suppress(OSError):
                socket.create_connection((address[0], int(address[1])), 1).close()
    thread = threading.Thread(target=knock)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def clocks(scene):
    """Leases are of the database's clock, their margins of clocks that only count on: two owners would show in the log."""
    for whose in ("server", "shards"):
        for hours in (1, 0, -1, 0):
            scene.begin()
            if whose == "server":
                scene.server_clock.shift(hours * HOUR)
            else:
                with knocking(scene):
                    scene.shard_clock.shift(hours * HOUR)
            seen = float(scene.sql("select extract(epoch from clock_timestamp())")) - time.time()
            if whose == "server" and abs(seen - hours * HOUR) > 60:
                scene.tap.check(False, "the server's clock can be shifted", seen)
            if whose == "shards" and hours < 0:
                said = []
                with contextlib.suppress(RuntimeError):
                    wait_for(lambda: said.append(send(scene.platform, "bank:deposit", "account/other", '{"amount": 5}',
                                                      "--deadline", "2000")[0])
                             or said[-1].get("status") == "invalid", "ids of the future", 20)
                scene.tap.check(said[-1].get("status") == "invalid",
                                "clock of the shards at -1 h: new ids are of the future, and refused as invalid", said[-1])
                continue
            time.sleep(scene.options.clock_s)  # a lease or so in which owners might change
            resumes(scene, f"clock of the {whose} at {hours:+d} h", time.monotonic())


def clock_back_without_broker(scene):
    """Everybody waits to try the broker again when the clock is set back, and does so before it is as late again."""
    scene.begin()
    scene.platform.process.send_signal(signal.SIGSTOP)  # which would start another
    os.kill(scene.platform.children()["broker"], signal.SIGKILL)
    wait_for(lambda: scene.logged().count("broker lost") >= 4, "shards, projector and query process to see it", 60)
    scene.shard_clock.shift(-HOUR)
    scene.platform.process.send_signal(signal.SIGCONT)
    wait_for(scene.healthy, "health after the clock was set back", 60)
    scene.shard_clock.shift(0)
    resumes(scene, "clock set back while the broker is away", time.monotonic())


FAULTS = (restarts, read_only, connections, password, newer_schema, missing_schema, unsafe, refused_at_start,
          disk_full, log_disk_full, clocks, clock_back_without_broker)


def options_read():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--clock-s", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.kills, options.commands = 0, 1
    return options


def judge(scene, lines, tap):
    scene.server.url = scene.server.url.rsplit("/", 1)[0] + "/app"
    rows = kill_test.checker.read_postgres(scene.server)
    kill_test.judge(rows, lines, scene.options, {}, tap)
    tap.note(f"epochs reached: {max(row['epoch'] for row in rows)}")


def main():
    options, tap = options_read(), Tap()
    kill_test.CLIENTS, kill_test.IN_FLIGHT, kill_test.ACCOUNTS = 2, 8, 60
    tap.note(f"seed {options.seed}")
    scene = Scene(options, tap)
    try:
        for _ in range(options.rounds):
            for test in FAULTS:
                if options.only in test.__name__:
                    test(scene)
        password_stays_secret(scene)
        lines = kill_test.stop_clients(scene.clients, scene.over_http, tap)
        scene.platform.stop()
        judge(scene, lines, tap)
        kill_test.judge_histories(scene.platform, tap)
    finally:
        scene.close()
    tap.end()


if __name__ == "__main__":
    main()
