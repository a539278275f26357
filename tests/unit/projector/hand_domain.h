/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain with a projection of each kind. */
#ifndef TESTS_PROJECTOR_HAND_DOMAIN_H
#define TESTS_PROJECTOR_HAND_DOMAIN_H

#include <fluvius/domain.h>

DOMAIN(hand, "Of projections.");
AGGREGATE(tank, "", FIELD(int64, level));
COMMAND(tank, fill, ("", .creates = true), FIELD(int64, by));
EVENT(tank, filled, "", FIELD(int64, by));
EVENT(tank, drained, "");

static verdict decide_fill(const tank *state, const fill *command, decision *out)
{
    return emit(out, filled, .by = command->by);
}
static void apply_filled(tank *state, const filled *event)
{
    state->level += event->by;
}
static void apply_drained(tank *state, const drained *event)
{
    state->level = 0;
}

PROJECTION(level, "One row a tank.", FIELD(int64, now), FIELD(int64, highest));
PROJECT(level, filled);
PROJECT(level, drained);
static void project_level_filled(level_rows *rows, const filled *event)
{
    level *row = row_change(rows);
    row->now += event->by;
    row->highest = row->now > row->highest ? row->now : row->highest;
    if (event->by == 13)
        rows->memory->abandon(rows->memory, "unlucky");
}
static void project_level_drained(level_rows *rows, const drained *event)
{
    row_delete(rows);
}

PROJECTION(filling, ("A row for each filling.", .parts = true), FIELD(int64, by));
PROJECT(filling, filled);
static void project_filling_filled(filling_rows *rows, const filled *event)
{
    row_put(rows, key_of(rows, rows->version))->by = event->by;
}

PROJECTION(sums, ("A row for each size of filling.", .global = true), FIELD(int64, times), MAP(int64, by_tank));
PROJECT(sums, filled);
static void project_sums_filled(sums_rows *rows, const filled *event)
{
    sums *row = row_change(rows, key_of(rows, event->by));
    row_add(row, times, 1);
    row_add_at(row, by_tank, rows->identifier, 1);
}

#endif
