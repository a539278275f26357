/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Commands of consumer groups name places in the log, and how many partitions it has. An aggregate cannot know whether
 * that is so, and a group that believed it would skip records that are yet to come, or shut its consumers out. So who
 * runs such a command compares what it decides with the log. Pure. */
#ifndef BUILTIN_PLACES_H
#define BUILTIN_PLACES_H

#include "proto/slice.h"

/* The log, at the time of the command or later. */
struct places_log {
    uint32_t partitions;
    const uint64_t *heads; /* by partition; NULL: not known, and then no record is there */
};

struct places_fault {
    const char *code, *message; /* literals */
};

/* Must the heads be known before a command of resource group of the platform's namespace is decided? */
bool places_wanted(struct slice command);

/* An event of a group that was decided, and is not applied yet: true, and why, when it names what the log does not
 * have. data: its raw map. */
bool places_refused(struct slice event, struct slice data, const struct places_log *log, struct places_fault *out);

#endif
