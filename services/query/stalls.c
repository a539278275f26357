/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See stalls.h. */
#include "services/query/stalls.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEP_MAX_US = 2000000 };

struct stalls *stalls_new(uint32_t partitions, uint32_t stall_ms)
{
    struct stalls *stalls = calloc(1, sizeof *stalls);
    if (stalls == NULL)
        return NULL;
    stalls->partitions = partitions;
    stalls->stall_us = stall_ms * UINT64_C(1000);
    return stalls;
}

static void build_drop(struct stalls *stalls, uint32_t index)
{
    free(stalls->builds[index].places);
    stalls->builds[index] = stalls->builds[--stalls->count];
}

void stalls_free(struct stalls **stalls)
{
    while (*stalls != NULL && (*stalls)->count > 0)
        build_drop(*stalls, 0);
    free(*stalls);
    *stalls = NULL;
}

/* ---- looking ---- */

void stalls_begin(struct stalls *stalls, uint64_t now_us)
{
    uint64_t passed_us = stalls->looked_us == 0 ? 0 : now_us - stalls->looked_us;
    stalls->step_us = passed_us < STEP_MAX_US ? passed_us : STEP_MAX_US;
    stalls->looked_us = now_us;
    for (uint32_t i = 0; i < stalls->count; i++)
        stalls->builds[i].met = false;
}

static struct stall_build *build_find(struct stalls *stalls, const struct build *build)
{
    for (uint32_t i = 0; i < stalls->count; i++)
        if (stalls->builds[i].id == build->id)
            return &stalls->builds[i];
    struct stall_place *places = stalls->count == STALLS_BUILDS_MAX ? NULL : calloc(stalls->partitions, sizeof *places);
    if (places == NULL)
        return NULL;
    struct stall_build *found = &stalls->builds[stalls->count++];
    *found = (struct stall_build){.id = build->id, .places = places};
    snprintf(found->projection,
             sizeof found->projection,
             "%.*s",
             (int)build->projection.size,
             (const char *)build->projection.data);
    return found;
}

/* What halts is behind for a reason that is told. Gives whether it has moved. */
static bool place_look(struct stall_place *place, const struct checkpoint *checkpoint, uint64_t head, uint64_t step_us)
{
    bool behind = head > checkpoint->seq && checkpoint->halted == 0, moved = place->seq != checkpoint->seq;
    place->still_us = behind && place->behind && !moved ? place->still_us + step_us : 0;
    place->seq = checkpoint->seq;
    place->behind = behind;
    return moved;
}

void stalls_look(struct stalls *stalls,
                 const struct build *build,
                 const struct checkpoint *checkpoints,
                 const struct store_partition *heads)
{
    struct stall_build *found = build_find(stalls, build);
    if (found == NULL)
        return;
    bool moved = false;
    found->met = true;
    found->live = build->state == BUILD_LIVE;
    found->stalled = found->halted = 0;
    for (uint32_t i = stalls->partitions; i-- > 0;) {
        moved |= place_look(&found->places[i], &checkpoints[i], heads[i].head, stalls->step_us);
        found->stalled += found->places[i].still_us >= stalls->stall_us;
        found->halted = checkpoints[i].halted == 0 ? found->halted : i + 1;
    }
    found->rest_us = moved ? 0 : found->rest_us + stalls->step_us;
}

/* Is there one that is to take its place, and gets on? */
static bool is_succeeded(const struct stalls *stalls, const struct stall_build *build)
{
    for (uint32_t i = 0; i < stalls->count; i++) {
        const struct stall_build *other = &stalls->builds[i];
        if (!other->live && other->rest_us < stalls->stall_us && strcmp(other->projection, build->projection) == 0)
            return true;
    }
    return false;
}

void stalls_end(struct stalls *stalls, bool held)
{
    for (uint32_t i = stalls->count; i-- > 0;)
        if (!stalls->builds[i].met)
            build_drop(stalls, i);
    for (uint32_t i = 0; i < stalls->count; i++) {
        struct stall_build *build = &stalls->builds[i];
        bool still = build->live && build->stalled > 0 && !is_succeeded(stalls, build);
        build->changed = build->still != still;
        build->still = still;
    }
    bool was = stalls->alone;
    stalls->alone_us = held || stalls->count == 0 ? 0 : stalls->alone_us + stalls->step_us;
    stalls->alone = stalls->alone_us >= stalls->stall_us;
    stalls->alone_changed = was != stalls->alone;
}

/* ---- telling ---- */

static uint32_t halt_write(const struct stall_build *build, struct buffer *out)
{
    char text[400];
    if (build->halted == 0)
        return 0;
    snprintf(text,
             sizeof text,
             "projection %s is halted in partition %u: see fluvius lag",
             build->projection,
             build->halted - 1);
    write_string(out, text);
    return 1;
}

static uint32_t stall_write(const struct stall_build *build, struct buffer *out)
{
    char text[400];
    if (!build->still)
        return 0;
    snprintf(
        text, sizeof text, "projection %s stands still though the log goes on: see fluvius lag", build->projection);
    write_string(out, text);
    return 1;
}

uint32_t stalls_alarms(const struct stalls *stalls, struct buffer *out)
{
    uint32_t count = 0;
    if (stalls->alone) {
        write_string(out, "no projector holds the read models: they stay as they are");
        count++;
    }
    for (uint32_t i = 0; i < stalls->count; i++)
        count += halt_write(&stalls->builds[i], out) + stall_write(&stalls->builds[i], out);
    return count;
}

uint32_t stalls_count(const struct stalls *stalls)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < stalls->count; i++)
        count += stalls->builds[i].live && (stalls->alone || stalls->builds[i].still);
    return count;
}
