/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that looks after consumer groups and read models once a second: services/follow/groups.h says when a group
 * is silent or halts, stalls.h when a read model stands still. It has connections of its own, and says nothing new
 * while read models or log cannot be read: others complain of that. */
#ifndef QUERY_WATCH_H
#define QUERY_WATCH_H

#include "services/readmodel/reader.h"

struct watch;

struct watch_config {
    const char *store, *readmodel, *holder; /* kept as long as the thread runs */
    uint32_t stall_ms;                      /* a read model that stands still for so long is an alarm */
};

struct watch_counts {
    uint32_t groups, groups_stalled; /* stalled: each reason */
    uint32_t projections_stalled;
};

/* error_no_memory. */
enum error watch_start(struct watch **out, const struct watch_config *config);
void watch_stop(struct watch **watch);
/* Any thread. Appends the alarms of the last look, as texts; their number. */
uint32_t watch_alarms(struct watch *watch, struct buffer *out);
void watch_counts(struct watch *watch, struct watch_counts *out);

#endif
