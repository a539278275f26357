/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Do read models get on? Projectors complain of what they cannot do; this is for those that are dead, hung, or have not
 * the module. Of each build and partition it is known for how long the checkpoint has not moved although the log has
 * more, and of all together for how long no projector has held them. A live build may stand still while another that
 * is to take its place moves on. Without clock, thread and database. */
#ifndef QUERY_STALLS_H
#define QUERY_STALLS_H

#include "services/readmodel/database.h"

enum { STALLS_BUILDS_MAX = 256 };

struct stall_place {
    uint64_t seq, still_us;
    bool behind; /* the log has more */
};

struct stall_build {
    uint32_t id;
    char projection[320];
    struct stall_place *places; /* one a partition */
    uint32_t stalled, halted;   /* partitions; of those that halt the first, from 1 */
    uint64_t rest_us;           /* for so long no partition has moved */
    bool live, met;             /* met: in this look */
    bool still, changed;        /* it is to be told that it stands still; that is another than in the last look */
};

struct stalls {
    uint32_t partitions, count;
    uint64_t stall_us, looked_us, step_us;
    uint64_t alone_us; /* for so long nobody has held them */
    bool alone, alone_changed;
    struct stall_build builds[STALLS_BUILDS_MAX];
};

/* What has not moved for stall_ms is an alarm. NULL when memory is out. */
struct stalls *stalls_new(uint32_t partitions, uint32_t stall_ms);
void stalls_free(struct stalls **stalls);

/* A look: begin, each build that is live or being built, end. What is not looked at is forgotten. Time in which nobody
 * looked counts for two seconds at most. heads were read before checkpoints, one a partition each. More builds than
 * there is room for are not watched. */
void stalls_begin(struct stalls *stalls, uint64_t now_us);
void stalls_look(struct stalls *stalls,
                 const struct build *build,
                 const struct checkpoint *checkpoints,
                 const struct store_partition *heads);
/* held: a projector may write them. */
void stalls_end(struct stalls *stalls, bool held);

/* Appends a text for each thing that a person should know; their number. */
uint32_t stalls_alarms(const struct stalls *stalls, struct buffer *out);
/* Live builds that stand still; all when nobody holds them. */
uint32_t stalls_count(const struct stalls *stalls);

#endif
