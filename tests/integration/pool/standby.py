# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A synchronous standby of a server of postgres_under_test.py, which can be made to lag."""
import contextlib
import os
import signal
import time

from postgres_under_test import Postgres


class Standby(Postgres):
    """with Standby(primary) as standby: the primary's commits wait for it from then on."""

    def __init__(self, primary):
        super().__init__(standby_of=primary)
        primary.psql("alter system set synchronous_standby_names = '*'")
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
