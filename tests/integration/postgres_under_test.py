# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Starts a PostgreSQL server of Debian's package in a temporary directory on a free port, for integration tests. The
server refuses to run as root: then it runs as the user that the package made. Only the standard library is used."""
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


class Postgres:
    """with Postgres(...) as server: server.url, server.rows(sql), server.backends() ..."""

    def __init__(self, **settings):
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.directory = tempfile.mkdtemp(prefix="fluvius-postgres-")
        os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
        self.data, self.port, self.process = os.path.join(self.directory, "data"), free_port(), None
        self.url = f"postgresql://fluvius@127.0.0.1:{self.port}/postgres"
        self.settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.directory,
                         "max_connections": 100, "shared_buffers": "128MB", "logging_collector": "off", **settings}
        self.run("initdb", "-D", self.data, "-U", "fluvius", "-A", "trust", "--no-instructions")
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
                                            cwd=self.directory, stdout=log, stderr=log, **self.as_user())
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

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
