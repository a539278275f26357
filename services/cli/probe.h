/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One GET to a gateway, for its status and nothing else: probes in images that have no other HTTP client. */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <stdint.h>

/* The status (100 to 599) of "GET path" at ADDR:PORT or NAME:PORT, [ADDR6]:PORT too; -1 when no such answer came in
 * time. */
int probe_http(const char *address, const char *path, int64_t wait_ms);

#endif
