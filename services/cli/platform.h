/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A platform that `fluvius up` runs, as it is written to DATA/fluvius.json for the other commands and printed by
 * --json:
 * {"ready":true,"http":URL,"bus":URL,"events":URL,"pids":{"broker":1,...}}. */
#ifndef CLI_PLATFORM_H
#define CLI_PLATFORM_H

#include "proto/error.h"
#include "proto/writer.h"
#include "services/cli/ports.h"

#include <sys/types.h>

#define BROKERS_MAX 4
#define SHARDS_MAX 32
#define PROJECTORS_MAX 32
#define QUERIES_MAX 8
#define PROCESSES_MAX (BROKERS_MAX + SHARDS_MAX + PROJECTORS_MAX + QUERIES_MAX + 1) /* and a gateway */

struct platform_process {
    char name[16];
    pid_t pid; /* 0: not running now */
};

struct platform {
    /* URLs to connect to from this machine; of bus and events one a broker, with commas between them */
    char http[ADDRESS_SIZE], bus[BROKERS_MAX * ADDRESS_SIZE], events[BROKERS_MAX * ADDRESS_SIZE];
    /* What the services listen on: the same but for an address that means all of the machine's. Not written down. */
    char listen_http[ADDRESS_SIZE], listen_bus[BROKERS_MAX][ADDRESS_SIZE], listen_events[BROKERS_MAX][ADDRESS_SIZE];
    struct platform_process processes[PROCESSES_MAX];
    size_t count;
};

/* Appends the JSON object, without a line end. */
void platform_print(const struct platform *platform, struct buffer *out);
/* Reads what platform_print wrote; error_bad_json when it is something else. */
enum error platform_parse(struct slice json, struct platform *out);

/* DATA/fluvius.json: written whole or not at all. error_not_found when there is none. */
enum error platform_write(const char *data, const struct platform *platform);
enum error platform_read(const char *data, struct platform *out);
void platform_remove(const char *data);

#endif
