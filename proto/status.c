/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Statuses and operations by name and number, from messages.def. */
#include "proto/status.h"

struct status_row {
    const char *name;
    int http, exit;
};

static const struct status_row statuses[] = {
#define STATUS(NAME, NUMBER, HTTP, EXIT) [NUMBER] = {#NAME, HTTP, EXIT},
#include "proto/messages.def"
};

static const char *const operations[] = {
#define OPERATION(NAME, NUMBER) [NUMBER] = #NAME,
#include "proto/messages.def"
};

const char *status_name(enum status status)
{
    return (unsigned)status < status_count ? statuses[status].name : "unknown";
}

int status_http(enum status status)
{
    return statuses[(unsigned)status < status_count ? status : status_error].http;
}

int status_exit(enum status status)
{
    return statuses[(unsigned)status < status_count ? status : status_error].exit;
}

bool status_find(struct slice name, enum status *out)
{
    for (unsigned i = 0; i < status_count; i++) {
        if (slice_is(name, statuses[i].name)) {
            *out = (enum status)i;
            return true;
        }
    }
    return false;
}

const char *operation_name(enum operation operation)
{
    return (unsigned)operation < operation_count ? operations[operation] : "unknown";
}

bool operation_find(struct slice name, enum operation *out)
{
    for (unsigned i = 0; i < operation_count; i++) {
        if (slice_is(name, operations[i])) {
            *out = (enum operation)i;
            return true;
        }
    }
    return false;
}
