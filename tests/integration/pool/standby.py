# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A synchronous standby of a server of postgres_under_test.py, which can be made to lag."""
import contextlib
import os
import pwd
import shutil
import signal
import tempfile
import time

from postgres_under_test import Postgres, free_port

KILL = signal.SIGQUIT  # the server's own word for ending at once, with nothing written


class Standby(Postgres):
    """with Standby(primary) as standby: the primary's commits wait for it from then on."""

    def __init__(self, primary):  # pylint: disable=super-init-not-called; nothing is initialized, all is copied
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.directory = tempfile.mkdtemp(prefix="fluvius-standby-")
        os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
        self.data, self.port, self.process = os.path.join(self.directory, "data"), free_port(), None
        self.url = f"postgresql://fluvius@127.0.0.1:{self.port}/postgres"
        self.settings = {**primary.settings, "port": self.port, "unix_socket_directories": self.directory,
                         "hot_standby": "on", "wal_receiver_status_interval": "1s"}
        self.run("pg_basebackup", "-d", f"{primary.url}?application_name=standby", "-D", self.data, "-R", "-c", "fast")
        self.start()
        primary.psql("alter system set synchronous_standby_names = 'standby'")
        primary.psql("select pg_reload_conf()")
        while primary.rows("select sync_state from pg_stat_replication") != [["sync"]]:
            time.sleep(0.05)

    def lag(self, seconds):
        """Receives nothing for so long; False when it was not receiving."""
        rows = self.rows("select pid from pg_stat_wal_receiver")
        if not rows:
            time.sleep(0.1)
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(rows[0][0]), signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(int(rows[0][0]), signal.SIGCONT)
        return True

    def promote(self):
        self.psql("select pg_promote()")

    def __exit__(self, *exc):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
