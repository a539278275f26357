# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Starts a PostgreSQL server of Debian's package in a temporary directory on a free port, for integration tests. The
server refuses to run as root: then it runs as the user that the package made. Only the standard library is used."""
import contextlib
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def programs():
    """The directory of the newest server's programs; None when none is installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def server_user():
    """Whom the server runs as."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def is_postgres(pid):
    """A process that still runs, and not one that was given the number of one that has ended, nor a dead one."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
        return name == "postgres" and rest.split()[0] != "Z"
    except OSError:
        return False


class Postgres:
    """with Postgres(...) as server: server.url, server.rows(sql), server.backends() ...

    standby_of=SERVER makes a standby of that one instead, on a port if that is given; initdb are more words for initdb;
    environment is the server's."""

    def __init__(self, standby_of=None, port=None, initdb=(), environment=None, **settings):
        self.user = server_user()
        self.directory = tempfile.mkdtemp(prefix="fluvius-postgres-")
        os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
        self.data, self.port, self.process = os.path.join(self.directory, "data"), port or free_port(), None
        self.environment = dict(os.environ, **(environment or {}))
        self.url = f"postgresql://fluvius@127.0.0.1:{self.port}/postgres"
        self.settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.directory,
                         "max_connections": 100, "shared_buffers": "128MB", "logging_collector": "off",
                         "dynamic_shared_memory_type": "mmap", **settings}
        if standby_of is None:
            self.run("initdb", "-D", self.data, "-U", "fluvius", "-A", "trust", "--no-instructions", *initdb)
        else:
            self.run("pg_basebackup", "-d", standby_of.url, "-D", self.data, "-R", "-X", "stream", "-c", "fast")
        self.start()

    def as_user(self):
        if os.geteuid() != 0:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def run(self, program, *words):
        return subprocess.run([os.path.join(programs(), program), *words], check=True, cwd=self.directory,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **self.as_user()).stdout

    def start(self):
        words = [f"-c{name}={value}" for name, value in self.settings.items()]
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self.process = subprocess.Popen([os.path.join(programs(), "postgres"), "-D", self.data, *words],
                                            cwd=self.directory, stdout=log, stderr=log, env=self.environment,
                                            **self.as_user())
        self.wait_until_ready()

    def wait_until_ready(self, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is None and self.psql("select 1", check=False).returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        with open(os.path.join(self.directory, "log"), encoding="utf-8", errors="replace") as log:
            raise RuntimeError("PostgreSQL did not start: " + log.read()[-2000:])

    def psql(self, sql, check=True):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-d", self.url, "-c", sql],
                              check=check, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def rows(self, sql):
        return [line.split("\t") for line in self.psql(sql).stdout.splitlines()]

    def backends(self):
        """Process ids of the sessions of clients other than ours."""
        return [int(row[0]) for row in self.rows(
            "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()")]

    def stop(self, how=signal.SIGINT):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)

    def children(self):
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    def signal_all(self, how):
        for pid in [self.process.pid] + self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)

    def kill(self):
        """All at once, as when the machine loses its power: none can tell the others."""
        self.process.send_signal(signal.SIGSTOP)
        children = self.children()
        self.signal_all(signal.SIGKILL)
        self.process.wait(60)
        while any(is_postgres(child) for child in children):
            time.sleep(0.002)

    def shared_memory_remove(self):
        """What a killed server leaves in the kernel; who is started on the same data would take it over."""
        with contextlib.suppress(OSError, IndexError):
            with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as file:
                words = file.read().splitlines()[6].split()
            subprocess.run(["ipcrm", "-m", words[1]], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def promote(self):
        self.psql("select pg_promote(true, 60)")

    def set(self, **settings):
        """Changes settings of the running server but for those it was started with (None: back to the default); sessions
        see them at once."""
        for name, value in settings.items():
            self.psql(f"alter system reset {name}" if value is None else f"alter system set {name} = '{value}'")
        self.psql("select pg_reload_conf()")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop(signal.SIGQUIT)
        self.shared_memory_remove()
        shutil.rmtree(self.directory, ignore_errors=True)
