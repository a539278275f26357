/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See core.h: what it knows. plan.c says what follows from it. */
#include "services/projector/state.h"

#include <assert.h>
#include <stdlib.h>

enum error core_new(struct core **out, uint32_t partitions)
{
    struct core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return error_no_memory;
    core->partitions = partitions;
    core->room = CORE_TURN_RECORDS;
    core->heads = calloc(partitions, sizeof core->heads[0]);
    core->goals = malloc(partitions * sizeof core->goals[0]);
    /* A partition has at most one page for the asked and one for what catches up. */
    core->pages = calloc(2 * (size_t)partitions, sizeof core->pages[0]);
    core->planned = calloc(partitions, sizeof core->planned[0]);
    if (core->heads == NULL || core->goals == NULL || core->pages == NULL || core->planned == NULL) {
        core_free(&core);
        return error_no_memory;
    }
    memset(core->goals, 0xff, partitions * sizeof core->goals[0]);
    *out = core;
    return error_none;
}

void core_free(struct core **core)
{
    if (*core == NULL)
        return;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        free((*core)->builds[place].tracks);
    free((*core)->heads);
    free((*core)->goals);
    free((*core)->pages);
    free((*core)->members);
    free((*core)->planned);
    free(*core);
    *core = NULL;
}

void core_own(struct core *core, uint32_t place, uint32_t slots, uint64_t held)
{
    assert(slots > 0);
    core->slots = slots;
    core->builds[place].held = held;
}

uint64_t core_held(const struct core *core, uint32_t place)
{
    return core->builds[place].held;
}

bool core_owns(const struct core *core, uint32_t place, uint32_t partition)
{
    return is_owned(core, place, partition);
}

static bool members_reserve(struct core *core)
{
    size_t count = 2 * (size_t)core->partitions * (core->top + 1);
    uint32_t *members = realloc(core->members, count * sizeof members[0]);
    if (members == NULL)
        return false;
    core->members = members;
    return true;
}

enum error core_build_add(struct core *core, uint32_t *place)
{
    uint32_t free_place = 0;
    while (free_place < CORE_BUILDS_MAX && core->builds[free_place].tracks != NULL)
        free_place++;
    if (free_place == CORE_BUILDS_MAX)
        return error_full;
    struct track *tracks = calloc(core->partitions, sizeof tracks[0]);
    if (tracks == NULL || (free_place >= core->top && !members_reserve(core))) {
        free(tracks);
        return error_no_memory;
    }
    core->builds[free_place] = (struct core_build){.tracks = tracks};
    if (free_place >= core->top)
        core->top = free_place + 1;
    *place = free_place;
    return error_none;
}

void core_build_remove(struct core *core, uint32_t place)
{
    free(core->builds[place].tracks);
    core->builds[place] = (struct core_build){0};
}

void core_build_global(struct core *core, uint32_t place)
{
    core->builds[place].global = true;
}

void core_build_ask(struct core *core, uint32_t place, bool asked)
{
    core->builds[place].asked = asked;
}

void core_build_put(struct core *core, uint32_t place, const struct checkpoint *checkpoints, uint64_t now_us)
{
    for (uint32_t partition = 0; partition < core->partitions; partition++)
        *track_of(core, place, partition) = (struct track){.seq = checkpoints[partition].seq,
                                                           .time_us = checkpoints[partition].time_us,
                                                           .halted = checkpoints[partition].halted,
                                                           .retry_us = now_us};
}

void core_head(struct core *core, uint32_t partition, uint64_t seq)
{
    core->heads[partition] = seq;
}

void core_goals_set(struct core *core)
{
    memcpy(core->goals, core->heads, core->partitions * sizeof core->goals[0]);
}

uint64_t core_goal(const struct core *core, uint32_t partition)
{
    return core->goals[partition];
}

void core_took(struct core *core, uint64_t took_us, uint64_t lease_us)
{
    if (took_us >= lease_us)
        core->room /= 4;
    else if (took_us > lease_us / 3)
        core->room /= 2;
    else if (took_us < lease_us / 12)
        core->room *= 2;
    if (core->room < CORE_TURN_LEAST)
        core->room = CORE_TURN_LEAST;
    if (core->room > CORE_TURN_RECORDS)
        core->room = CORE_TURN_RECORDS;
}

void core_careful(struct core *core, uint32_t turns)
{
    core->careful = turns;
}

bool core_is_careful(const struct core *core)
{
    return core->careful > 0;
}

/* ---- what became of pages ---- */

void core_moved(struct core *core, uint32_t place, uint32_t partition, uint64_t seq, int64_t time_us)
{
    struct track *track = track_of(core, place, partition);
    assert(seq >= track->seq);
    track->seq = seq;
    track->time_us = time_us;
    track->halted = 0;
    track->wait_us = 0;
    if (track->bound <= seq)
        track->bound = 0;
}

void core_halt(struct core *core, uint32_t place, uint32_t partition, uint64_t seq, uint64_t now_us)
{
    struct track *track = track_of(core, place, partition);
    uint64_t wait_us = track->wait_us == 0 ? CORE_RETRY_FIRST_US : 2 * track->wait_us;
    track->wait_us = wait_us < CORE_RETRY_LAST_US ? wait_us : CORE_RETRY_LAST_US;
    track->halted = seq;
    track->bound = 0;
    track->retry_us = now_us + track->wait_us;
}

void core_bound(struct core *core, uint32_t place, uint32_t partition, uint64_t seq)
{
    track_of(core, place, partition)->bound = seq;
}

/* ---- questions ---- */

uint64_t core_seq(const struct core *core, uint32_t place, uint32_t partition)
{
    return track_of(core, place, partition)->seq;
}

int64_t core_time_us(const struct core *core, uint32_t place, uint32_t partition)
{
    return track_of(core, place, partition)->time_us;
}

uint64_t core_halted(const struct core *core, uint32_t place, uint32_t partition)
{
    return track_of(core, place, partition)->halted;
}

uint64_t core_lag(const struct core *core, uint32_t place)
{
    uint64_t lag = 0;
    for (uint32_t partition = 0; partition < core->partitions; partition++) {
        uint64_t seq = track_of(core, place, partition)->seq;
        if (is_owned(core, place, partition) && core->heads[partition] > seq)
            lag += core->heads[partition] - seq;
    }
    return lag;
}

uint32_t core_halts(const struct core *core, uint32_t place)
{
    uint32_t halts = 0;
    for (uint32_t partition = 0; partition < core->partitions; partition++)
        halts += is_owned(core, place, partition) && track_of(core, place, partition)->halted != 0;
    return halts;
}

bool core_caught_up(const struct core *core, uint32_t place, uint32_t other)
{
    for (uint32_t partition = 0; partition < core->partitions; partition++) {
        uint64_t goal = other == UINT32_MAX ? core->goals[partition] : track_of(core, other, partition)->seq;
        if (is_owned(core, place, partition) && track_of(core, place, partition)->seq < goal)
            return false;
    }
    return true;
}
