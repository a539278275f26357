/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The core's own data. Private to core.c and plan.c. */
#ifndef PROJECTOR_STATE_H
#define PROJECTOR_STATE_H

#include "services/projector/core.h"

/* One build in one partition. */
struct track {
    uint64_t seq;
    int64_t time_us;
    uint64_t bound;    /* pages end here; 0: nowhere */
    uint64_t halted;   /* the record that could not be applied; 0: running */
    uint64_t retry_us; /* halted: when it is tried again */
    uint64_t wait_us;  /* halted: how long it waited last */
};

struct core_build {
    struct track *tracks; /* NULL: the place is free */
    bool asked, global;
    uint64_t held;
};

struct core {
    uint32_t partitions, slots, top; /* top: places from here on are free */
    uint64_t *heads, *goals;
    struct core_build builds[CORE_BUILDS_MAX];
    struct core_page *pages; /* of the plan */
    uint32_t *members;
    uint64_t *planned; /* by partition: where the first page of the plan begins; UINT64_MAX: there is none yet */
    uint32_t cursor;   /* the partition that the next turn begins with */
    uint32_t careful;
    uint32_t room; /* records of a turn */
};

static inline struct track *track_of(const struct core *core, uint32_t place, uint32_t partition)
{
    return &core->builds[place].tracks[partition];
}

/* Is the build's part of a partition this projector's? One that is global is all in slot 0. */
static inline bool is_owned(const struct core *core, uint32_t place, uint32_t partition)
{
    const struct core_build *build = &core->builds[place];
    return build->held != 0 && (build->held >> (build->global ? 0 : partition % core->slots) & 1) != 0;
}

#endif
