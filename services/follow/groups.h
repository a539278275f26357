/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Do consumer groups get on? From their rows and the log: a group is silent when a record that it selects has waited
 * for longer than its silence_ms, and no checkpoint of it moved for as long. One whose dead letters are full halts.
 * Without clock and thread. */
#ifndef FOLLOW_GROUPS_H
#define FOLLOW_GROUPS_H

#include "services/follow/core.h"

struct group_watch;

/* NULL when memory is out. */
struct group_watch *group_watch_new(const struct store_info *log, const struct follow_source *source, void *context);
void group_watch_free(struct group_watch **watch);

/* One look: begin, pages of rows, end. The rows are those of the read model of groups, of all realms: count msgpack
 * maps one after another. What was not among them at the end is forgotten; a look that is given up has no end. Records
 * that were looked at in vain are not looked at again. wall_us: for the age of records; monotonic_us: for how long
 * nothing has moved. */
void group_watch_begin(struct group_watch *watch);
void group_watch_look(
    struct group_watch *watch, struct slice rows, uint32_t count, int64_t wall_us, uint64_t monotonic_us);
void group_watch_end(struct group_watch *watch);
/* Appends a text for each thing that a person should know; their number. */
uint32_t group_watch_alarms(const struct group_watch *watch, struct buffer *out);
uint32_t group_watch_count(const struct group_watch *watch);

#endif
