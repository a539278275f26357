/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a projector does next, as pure functions: no clock, no I/O. It knows of each partition the log's head, and of
 * each build and partition a track: how far it is, and whether it is halted.
 *
 * A turn is planned as pages, each a piece of one partition's log for all builds that stand at the same place. Builds
 * that are asked (live ones, and those of projections that have none yet) go first; what catches up beside them gets
 * the rest of the turn, a quarter at least. A page never passes the place of another build, so builds that meet go on
 * together; and where what catches up is within a page of the asked, the asked wait for it in this turn.
 *
 *   running --cannot apply the first record of a page--> halted --time--> one record is tried --works--> running
 *      |                                                    ^                   |
 *      '--cannot apply a later one: pages end before it ----'<---doubled time---'
 *
 * Halts are of one build and partition; all else goes on. */
#ifndef PROJECTOR_CORE_H
#define PROJECTOR_CORE_H

#include "services/readmodel/database.h"

struct core;

enum {
    CORE_TURN_RECORDS = 131072,    /* of all pages of a turn, at most */
    CORE_TURN_LEAST = 256,         /* likewise, when turns take long */
    CORE_PAGE_RECORDS = 1024,      /* a partition gets so many at least, where there are as many */
    CORE_RETRY_FIRST_US = 1000000, /* a halted track is tried again after this, then twice as long ... */
    CORE_RETRY_LAST_US = 60000000, /* ... up to this */
    CORE_BUILDS_MAX = 256,
};

struct core_page {
    uint32_t partition, limit;
    uint64_t after;
    uint32_t first, count; /* of members: the builds that it is for, by place */
};

struct core_plan {
    struct core_page *pages;
    uint32_t page_count;
    uint32_t asked_count; /* so many of the pages, the first, are for builds that are asked */
    uint32_t *members;
    uint32_t member_count;
    bool more; /* something is left that was not planned for want of room */
};

enum error core_new(struct core **out, uint32_t partitions);
void core_free(struct core **core);

/* Which partitions of a build are this projector's: those p whose bit p mod slots is set in held. slots is the same for
 * all builds. */
void core_own(struct core *core, uint32_t place, uint32_t slots, uint64_t held);
uint64_t core_held(const struct core *core, uint32_t place);
bool core_owns(const struct core *core, uint32_t place, uint32_t partition);

/* A build takes a place that stays its own until it is removed. asked: its rows are, or are the only ones of its
 * projection. checkpoints: one a partition. error_full, error_no_memory. */
enum error core_build_add(struct core *core, uint32_t *place);
void core_build_remove(struct core *core, uint32_t place);
/* Its rows are shared by all partitions: whoever has slot 0 projects all of them. */
void core_build_global(struct core *core, uint32_t place);
void core_build_ask(struct core *core, uint32_t place, bool asked);
/* Where it stands, as the database says: halted tracks are tried again at once. */
void core_build_put(struct core *core, uint32_t place, const struct checkpoint *checkpoints, uint64_t now_us);

void core_head(struct core *core, uint32_t partition, uint64_t seq);
/* Heads as they are now become the goals; before that none can be reached. */
void core_goals_set(struct core *core);
uint64_t core_goal(const struct core *core, uint32_t partition);

/* Plans a turn. What it points to is valid until the next call. */
void core_plan(struct core *core, uint64_t now_us, struct core_plan *out);
/* A turn may hold so many bytes, of which used are held when a page is about to be read: how many may be held before
 * the page ends, where a record ends. 0: it is for another turn. Each page gets its part of what those before it left,
 * and those of what catches up a quarter at least. */
uint64_t core_page_bytes(const struct core_plan *plan, uint32_t number, uint64_t used, uint64_t turn_bytes);
/* A turn took so long; a lease lasts lease_us. The next ones have fewer records when that was more than a third, so
 * that slots are renewed in time, and more when it was little. One that failed took a lease at least. */
void core_took(struct core *core, uint64_t took_us, uint64_t lease_us);
/* For so many turns, each is one page for one build: the turn before failed as a whole and nobody knows why. */
void core_careful(struct core *core, uint32_t turns);
bool core_is_careful(const struct core *core);

/* What became of a page, for one build. */
void core_moved(struct core *core, uint32_t place, uint32_t partition, uint64_t seq, int64_t time_us);
void core_halt(struct core *core, uint32_t place, uint32_t partition, uint64_t seq, uint64_t now_us);
/* The next pages end here: the record after it cannot be applied. */
void core_bound(struct core *core, uint32_t place, uint32_t partition, uint64_t seq);

uint64_t core_seq(const struct core *core, uint32_t place, uint32_t partition);
int64_t core_time_us(const struct core *core, uint32_t place, uint32_t partition); /* of that record */
uint64_t core_halted(const struct core *core, uint32_t place, uint32_t partition);
/* Records that this projector has yet to read for a build, and its halted tracks. */
uint64_t core_lag(const struct core *core, uint32_t place);
uint32_t core_halts(const struct core *core, uint32_t place);
/* Is a build as far as another, or, when that is UINT32_MAX, as the goals, in all of this projector's partitions? */
bool core_caught_up(const struct core *core, uint32_t place, uint32_t other);

#endif
