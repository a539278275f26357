/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The waiting room: queries whose position is not in the read models yet. While somebody waits the checkpoints of the
 * builds in question are looked at, first after a millisecond, then less and less often the longer ago the youngest
 * came; one look is under way at most. Pure: time comes in. The room is bounded; who does not fit is told to come
 * again.
 *
 * Invariant: a job leaves the room when a look shows that its build covers what it wants, when a partition that it
 * needs has halted, or when its patience ends, whichever is first. */
#ifndef QUERY_WAITING_H
#define QUERY_WAITING_H

#include "services/query/job.h"

struct waiting_room {
    uint32_t partitions, count, count_max;
    struct query_job *first, **last;
    struct query_job *look; /* at hand; NULL: under way */
    uint64_t look_us;       /* when the next one is due */
    uint64_t newest_us;     /* when the youngest job came into the process */
    uint32_t next_build;    /* builds are looked at in turns when there are many */
};

/* error_no_memory. */
enum error waiting_init(struct waiting_room *room, uint32_t partitions, uint32_t count_max);
/* Frees all that is in it. */
void waiting_fini(struct waiting_room *room);

/* Takes a job that is JOB_BEHIND; false when there is no room or no time: it is answered. */
bool waiting_add(struct waiting_room *room, struct query_job *job, uint64_t now_us);
/* The look that is due now, for a reader; NULL: none. */
struct query_job *waiting_look(struct waiting_room *room, uint64_t now_us);
/* Takes the look back. Jobs that can be read now are chained to *ready, those that are answered to *answered. */
void waiting_seen(struct waiting_room *room,
                  struct query_job *look,
                  uint64_t now_us,
                  struct query_job **ready,
                  struct query_job **answered);
/* Jobs whose patience has ended, answered. */
struct query_job *waiting_expire(struct waiting_room *room, uint64_t now_us);
/* When the room has to be looked at again; UINT64_MAX when it is empty. */
uint64_t waiting_due_us(const struct waiting_room *room);

#endif
