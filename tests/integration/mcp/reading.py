# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A platform that answers queries: one of its own query processes, or one that is started beside it."""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from agent import Agent
from platform_under_test import Platform, tool

SERVICE_TOKEN = "a-token-of-the-services-for-tests-0123456789abcdef"


class Reading:
    """with Reading(...) as platform: a Platform."""

    def __init__(self, **options):
        self.platform = Platform(environment={"FLUVIUS_SERVICE_TOKEN": SERVICE_TOKEN}, **options)
        self.process = None
        if not any(name.startswith("query") for name in self.platform.children()):
            self.process = self.start()
        self.wait()

    def start(self):
        with open(os.path.join(self.platform.data, "query.log"), "ab") as log:
            return subprocess.Popen([tool("fluvius-query"), "--name", "query-test", "--bus", self.platform.bus, "--events",
                                     self.platform.events, "--store", "sqlite:" + self.platform.data], stderr=log,
                                    env=dict(os.environ, FLUVIUS_SERVICE_TOKEN=SERVICE_TOKEN))

    def wait(self):
        agent, until = Agent(self.platform.http), time.monotonic() + 30
        while agent.tool("bank_account_query", limit=1)["status"] != "ok" and time.monotonic() < until:
            time.sleep(0.02)

    def __enter__(self):
        return self.platform

    def __exit__(self, *exc):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.platform.__exit__(*exc)
