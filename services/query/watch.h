/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that looks after consumer groups once a second: services/follow/groups.h says when one is silent or halts.
 * It has connections of its own, and says nothing while read model or log cannot be read: others complain of that. */
#ifndef QUERY_WATCH_H
#define QUERY_WATCH_H

#include "services/readmodel/reader.h"

struct watch;

struct watch_config {
    const char *store, *readmodel, *holder; /* kept as long as the thread runs */
};

/* error_no_memory. */
enum error watch_start(struct watch **out, const struct watch_config *config);
void watch_stop(struct watch **watch);
/* Any thread. Appends the alarms of the last look, as texts; their number. groups: how many there are. */
uint32_t watch_alarms(struct watch *watch, struct buffer *out, uint32_t *groups);

#endif
