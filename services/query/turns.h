/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whose turn it is at a thread that reads what was. Most requests are answered in one turn; those that are not have
 * begun, and keep what they have folded so far. New ones and those that have begun take turns, so that a short request
 * waits for one turn of a long one at most for each request that came before it, and long ones get on all the same.
 *
 *   came --> fresh --turn--> answered
 *              |               ^
 *              +--> begun -----+      TURNS_BEGUN at most: each holds memory
 *              |      ^ |_turn_|
 *              +--> later             there were so many: it has forgotten what it did, and begins anew when there is
 * room
 *
 * Bounded by the number of jobs in the process. Pure; not thread-safe. */
#ifndef QUERY_TURNS_H
#define QUERY_TURNS_H

#include "services/query/job.h"

#define TURNS_BEGUN 8

/* Zeroed before first use. */
struct turns {
    struct job_queue fresh, begun, later;
    uint32_t begun_count; /* in its queue */
    bool fresh_last;      /* the last turn was a fresh one's */
};

void turns_add(struct turns *turns, struct query_job *job);
/* The next one; NULL: there is none. */
struct query_job *turns_take(struct turns *turns);
/* Takes one back that its turn did not answer. */
void turns_back(struct turns *turns, struct query_job *job);
void turns_fini(struct turns *turns);

#endif
