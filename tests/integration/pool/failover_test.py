#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A primary and its synchronous standby. Under load the primary is killed as a whole, the standby is promoted, and gets a
standby of its own, again and again: nothing that was acknowledged is lost, and service goes on by itself. A commit
whose wait for the standby was cancelled is not acknowledged before it is safe; a primary without a standby is refused.

  failover_test.py [--failovers N] [--seed N] [--keep]"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [HERE, os.path.join(HERE, "faults"), os.path.join(HERE, "kill")]
import kill_test
from faults import send, start_send, wait_for
from platform_under_test import Platform, Tap, tool
from postgres_under_test import Postgres

CLIENTS, UNSAFE = 3, "settings under which a commit is not durable"


class Pair:
    """A primary, its synchronous standby, and one URL for both: their two ports take turns."""

    def __init__(self):
        self.primary = Postgres()
        self.primary.set(synchronous_standby_names="*")  # its standbys have it too
        self.standby = Postgres(standby_of=self.primary)
        ports = (self.primary.port, self.standby.port)
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        self.url = f"postgresql://fluvius@{hosts}/postgres?target_session_attrs=read-write"
        self.wait_for_standby()

    def wait_for_standby(self):
        wait_for(lambda: self.primary.rows("select 1 from pg_stat_replication where sync_state = 'sync' and"
                                           " state = 'streaming'"), "a standby that follows", 60)

    def fail_over(self, say):
        """say(what) is told each step when it is done."""
        lost = self.primary
        lost.kill()
        say("killed")
        self.standby.promote()
        say("promoted")
        self.primary = self.standby
        self.standby = Postgres(standby_of=self.primary, port=lost.port)
        self.wait_for_standby()
        say("standby")
        lost.__exit__()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.standby.__exit__()
        self.primary.__exit__()


def health(platform):
    done = subprocess.run([tool("fluvius"), "health", "--bus", platform.bus], check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.returncode, done.stdout


def is_logged(platform, words, since=0):
    with open(platform.log, encoding="utf-8") as log:
        log.seek(since)
        return words in log.read()


def wait_for_answers(clients, more, what):
    start = kill_test.answers_so_far(clients)
    wait_for(lambda: kill_test.answers_so_far(clients) >= start + more, what, 90)


def times_of_one(pair, platform, clients):
    """Fails over; gives {step: seconds since the kill}, among them when answers come again and all units are served."""
    began, times = time.monotonic(), {}
    pair.fail_over(lambda what: times.update({what: time.monotonic() - began}))
    wait_for_answers(clients, 1, "answers of the new primary")
    times["answers"] = time.monotonic() - began
    wait_for(lambda: health(platform)[0] == 0, "all units to be served", 90)
    times["healthy"] = time.monotonic() - began
    return times


def fail_over_again_and_again(pair, platform, clients, count, tap):
    after = {"promoted": [], "standby": []}
    for number in range(count):
        wait_for_answers(clients, 2000, "answers before a fail-over")
        times = times_of_one(pair, platform, clients)
        for step, seconds in after.items():
            seconds.append(max(0.0, times["answers"] - times[step]))
        tap.note(f"fail-over {number + 1}: " + ", ".join(f"{what} {at:.2f} s" for what, at in times.items()))
    for step, seconds in after.items():
        seconds.sort()
        tap.note(f"answers again after '{step}': median {seconds[len(seconds) // 2]:.2f} s, longest {seconds[-1]:.2f} s, "
                 f"of {len(seconds)}")
    tap.check(True, f"commands went on by themselves after {count} of {count} fail-overs")


def a_cancelled_wait_is_no_commit(pair, platform, tap):
    """The standby stops; an administrator cancels the wait of the commit: it is there, and the standby does not have it."""
    waiting = "select pid from pg_stat_activity where wait_event = 'SyncRep' and query like '%COPY%'"
    since = os.path.getsize(platform.log)
    pair.standby.signal_all(signal.SIGSTOP)
    writer = start_send(platform, "bank:deposit", "account/other", '{"amount": 5}', "--deadline", "30000")
    wait_for(lambda: pair.primary.rows(waiting), "a commit that waits for the standby")
    cancelled = pair.primary.psql(f"select pg_cancel_backend(pid) from ({waiting}) w").stdout.split().count("t")
    wait_for(lambda: writer.poll() is not None or is_logged(platform, "whether it committed is not known", since),
             "an unknown outcome in the log")
    tap.check(writer.poll() is None and cancelled == 1, f"a commit whose wait for the standby is cancelled ({cancelled}) is not acknowledged")
    pair.standby.signal_all(signal.SIGCONT)
    reply = json.loads(writer.communicate()[0])
    tap.check(reply.get("status") == "ok", "it is answered when the standby has it", reply)


def a_primary_without_standbys_is_refused(pair, platform, tap):
    pair.primary.set(synchronous_standby_names="")
    wait_for(lambda: UNSAFE in health(platform)[1], "health to name unsafe settings")
    tap.check(is_logged(platform, "synchronous_standby_names is empty"),
              "a primary without synchronous_standby_names is refused, by name")
    wait_for(lambda: "the lease has run out" in health(platform)[1], "the lease to run out")
    reply, code = send(platform, "bank:deposit", "account/other", '{"amount": 5}', "--deadline", "1000")
    tap.check(code in (10, 12), "nothing is acknowledged then", reply)
    pair.primary.set(synchronous_standby_names="*")
    pair.wait_for_standby()
    wait_for(lambda: health(platform)[0] == 0, "service to resume")
    reply, code = send(platform, "bank:deposit", "account/other", '{"amount": 5}', "--deadline", "30000")
    tap.check(code == 0, "service resumes by itself when it has them again", reply)


def options_read():
    parser = argparse.ArgumentParser()
    parser.add_argument("--failovers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.kills, options.commands = options.failovers, options.failovers * 1000
    return options


def main():
    options, tap = options_read(), Tap()
    kill_test.CLIENTS, kill_test.IN_FLIGHT, kill_test.ACCOUNTS = CLIENTS, 32, 60
    tap.note(f"seed {options.seed}")
    with Pair() as pair, Platform("--shards", "2", "--store", pair.url, domains=("bank",), keep=options.keep) as platform:
        kill_test.open_accounts(platform, tap)
        send(platform, "bank:open", "account/other", '{"holder":{"given":"Ada","family":"King"}}')
        over_http = kill_test.HttpClient(platform.http, options.seed, kill_test.history_path(platform, "http"))
        over_http.start()
        clients = kill_test.start_clients(platform, options.seed)
        fail_over_again_and_again(pair, platform, clients, options.failovers, tap)
        lines = kill_test.stop_clients(clients, over_http, tap)
        a_cancelled_wait_is_no_commit(pair, platform, tap)
        a_primary_without_standbys_is_refused(pair, platform, tap)
        platform.stop()
        kill_test.judge(kill_test.checker.read_postgres(pair.primary), lines, options, {"primary": options.failovers}, tap)
        kill_test.judge_histories(platform, tap)
    tap.end()


if __name__ == "__main__":
    main()
