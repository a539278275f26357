/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * HTTP load from one thread: a number of keep-alive connections, one request open on each, the same bytes every time.
 */
#ifndef CLI_BENCH_HTTP_LOAD_H
#define CLI_BENCH_HTTP_LOAD_H

#include "proto/slice.h"
#include "services/cli/bench_histogram.h"

#include <sys/types.h>

struct http_load {
    uint16_t port; /* on 127.0.0.1 */
    uint32_t connections, milliseconds;
    struct slice request;
};

struct http_result {
    uint64_t answers, failed; /* failed: another status than 200, or a connection lost */
    double per_second;
    struct histogram latency;
};

/* False when no connection can be made. */
bool http_load_run(const struct http_load *load, struct http_result *out);

/* A process that answers every request on *port with nothing, until it is killed; -1 or *port 0 when it cannot. Call it
 * before any thread is started. */
pid_t bench_empty_start(uint16_t *port);

#endif
