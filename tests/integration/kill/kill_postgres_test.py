#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The kill test on PostgreSQL: four shards that share units by leases, two brokers, and sessions of the server killed
too. Takes kill_test.py's options."""
import kill_test

kill_test.main("--postgres", "--shards", "4", "--brokers", "2", "--kills", "12", "--pause", "4", "--commands", "40000",
               "--recoveries", "2")
