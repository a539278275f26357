/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which pages come next; see core.h for the rules. */
#include "services/projector/state.h"

#include <assert.h>

/* The builds of one partition that stand lowest, of those that are asked or of those that are not. */
struct group {
    uint64_t seq, end; /* end: pages may go up to here */
    uint32_t count;
    bool retry; /* one record only: it was halted */
};

struct planner {
    struct core *core;
    struct core_plan *out;
    uint64_t now_us;
    uint32_t share; /* of a page, at most */
};

static bool is_ready(const struct planner *planner, const struct track *track)
{
    return track->halted == 0 || planner->now_us >= track->retry_us;
}

/* Does this build want a page of the partition that it has not got yet? */
static bool wants(const struct planner *planner, uint32_t place, uint32_t partition)
{
    const struct core *core = planner->core;
    if (core->builds[place].tracks == NULL || !is_owned(core, place, partition))
        return false;
    const struct track *track = track_of(core, place, partition);
    return is_ready(planner, track) && track->seq < core->heads[partition] && track->seq != core->planned[partition];
}

/* Whoever stands where a group does is of it, asked or not. Tracks that were halted are tried alone: their pages are
 * shorter. */
static bool is_member(const struct planner *planner, uint32_t place, uint32_t partition, const struct group *group)
{
    if (!wants(planner, place, partition))
        return false;
    const struct track *track = track_of(planner->core, place, partition);
    return track->seq == group->seq && (track->halted != 0) == group->retry;
}

static void end_lower(struct group *group, uint64_t place)
{
    if (place > group->seq && place < group->end)
        group->end = place;
}

static struct group group_find(const struct planner *planner, uint32_t partition, bool asked)
{
    const struct core *core = planner->core;
    struct group group = {.seq = UINT64_MAX, .end = core->heads[partition]};
    for (uint32_t place = 0; place < core->top; place++) {
        if (!wants(planner, place, partition) || core->builds[place].asked != asked)
            continue;
        const struct track *track = track_of(core, place, partition);
        if (track->seq < group.seq) {
            group.seq = track->seq;
            group.retry = track->halted != 0;
        }
    }
    if (group.seq == UINT64_MAX)
        return group;
    for (uint32_t place = 0; place < core->top; place++) {
        if (core->builds[place].tracks == NULL || !is_owned(core, place, partition))
            continue;
        end_lower(&group, track_of(core, place, partition)->seq);
        if (is_member(planner, place, partition, &group)) {
            group.count++;
            end_lower(&group, track_of(core, place, partition)->bound);
        }
    }
    if (group.retry)
        group.end = group.seq + 1;
    return group;
}

static void page_add(struct planner *planner, uint32_t partition, const struct group *group, uint32_t limit)
{
    struct core *core = planner->core;
    struct core_page *page = &core->pages[planner->out->page_count++];
    *page = (struct core_page){
        .partition = partition, .limit = limit, .after = group->seq, .first = planner->out->member_count};
    for (uint32_t place = 0; place < core->top; place++) {
        if (!is_member(planner, place, partition, group))
            continue;
        core->members[planner->out->member_count++] = place;
        page->count++;
        if (core->careful > 0)
            break;
    }
    core->planned[partition] = group->seq;
}

/* Plans a page of a group; returns how many records. */
static uint32_t page_plan(struct planner *planner, uint32_t partition, const struct group *group, uint32_t room)
{
    uint64_t records = group->count == 0 ? 0 : group->end - group->seq;
    uint32_t limit = room < planner->share ? room : planner->share;
    if (records > limit) {
        records = limit;
        planner->out->more = true;
    }
    if (records > 0)
        page_add(planner, partition, group, (uint32_t)records);
    return (uint32_t)records;
}

/* Do the asked wait in this partition, so that what catches up meets them? */
static bool meeting(const struct planner *planner, uint32_t partition)
{
    struct group asked = group_find(planner, partition, true), behind = group_find(planner, partition, false);
    if (asked.count == 0 || behind.count == 0 || behind.retry)
        return false;
    return behind.seq < asked.seq && asked.seq - behind.seq <= planner->share && behind.end == asked.seq;
}

static uint32_t pages_plan(struct planner *planner, bool asked, uint32_t room)
{
    struct core *core = planner->core;
    uint32_t used = 0;
    for (uint32_t i = 0; i < core->partitions; i++) {
        uint32_t partition = (core->cursor + i) % core->partitions;
        if (asked && meeting(planner, partition))
            continue;
        struct group group = group_find(planner, partition, asked);
        used += page_plan(planner, partition, &group, room - used);
        if (core->careful > 0 && used > 0)
            break;
    }
    return used;
}

/* How many partitions have something to read. */
static uint32_t busy_count(const struct core *core)
{
    uint32_t busy = 0;
    for (uint32_t partition = 0; partition < core->partitions; partition++) {
        bool behind = false;
        for (uint32_t place = 0; place < core->top && !behind; place++)
            behind = core->builds[place].tracks != NULL && is_owned(core, place, partition) &&
                     track_of(core, place, partition)->seq < core->heads[partition];
        busy += behind;
    }
    return busy;
}

void core_plan(struct core *core, uint64_t now_us, struct core_plan *out)
{
    uint32_t busy = busy_count(core), share = core->room / (busy == 0 ? 1 : busy);
    struct planner planner = {.core = core, .out = out, .now_us = now_us};
    *out = (struct core_plan){.pages = core->pages, .members = core->members};
    assert(core->partitions > 0);
    if (busy == 0)
        return;
    for (uint32_t partition = 0; partition < core->partitions; partition++)
        core->planned[partition] = UINT64_MAX;
    planner.share = share < CORE_PAGE_RECORDS ? CORE_PAGE_RECORDS : share;
    uint32_t used = pages_plan(&planner, true, core->room);
    uint32_t left = core->room - used;
    out->asked_count = out->page_count;
    if (core->careful == 0 || used == 0)
        pages_plan(&planner, false, left < core->room / 4 ? core->room / 4 : left);
    core->cursor = (core->cursor + 1) % core->partitions;
    core->careful -= core->careful > 0;
}

uint64_t core_page_bytes(const struct core_plan *plan, uint32_t number, uint64_t used, uint64_t turn_bytes)
{
    bool asked = number < plan->asked_count;
    uint32_t pages = (asked ? plan->asked_count : plan->page_count) - number; /* from this one on */
    assert(pages > 0);
    uint64_t most = asked && plan->asked_count < plan->page_count ? turn_bytes - turn_bytes / 4 : turn_bytes;
    return used >= most ? 0 : used + (most - used + pages - 1) / pages;
}
