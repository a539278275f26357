/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One aggregate of a domain in two files. */
#include "parts.h"

AGGREGATE(store_room, "", LIST(amount_of, content));
COMMAND(store_room, put_in, ("", .creates = true), FIELD(amount_of, amount));
EVENT(store_room, was_put_in, "", FIELD(amount_of, amount));

static verdict decide_put_in(const store_room *state, const put_in *command, decision *out)
{
    return emit(out, was_put_in, .amount = command->amount);
}

static void apply_was_put_in(store_room *state, const was_put_in *event)
{
    append(state, content, event->amount);
}

PROJECT(flow, was_put_in);

static void project_flow_was_put_in(flow_rows *rows, const was_put_in *event)
{
    flow *row = row_change(rows, TEXT("all"));
    row_add(row, moves, 1);
    row_add(row, pieces, event->amount.count);
}
