# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A platform whose read models answer."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from agent import Agent
from platform_under_test import Platform


def answers(agent, name, patience_s=30):
    """Waits for a query's first answer: a read model is there once its projector has begun it."""
    until = time.monotonic() + patience_s
    while agent.tool(name, limit=1)["status"] != "ok" and time.monotonic() < until:
        time.sleep(0.02)


class Reading(Platform):
    """with Reading(...) as platform: a Platform."""

    def __init__(self, **options):
        super().__init__(**options)
        answers(Agent(self.http), "bank_account_query")
