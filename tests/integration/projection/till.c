/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tills with a projection of each kind. TILL_VERSION 2 counts amounts twice, and says so; both cannot project what is
 * called poison. 3 can, and has no entries any more. */
#include <fluvius/domain.h>

#ifndef TILL_VERSION
#define TILL_VERSION 1
#endif

enum { SUMS_VERSION = TILL_VERSION > 2 ? 2 : TILL_VERSION };

DOMAIN(till, "Tills of a shop.");
AGGREGATE(till, "A till.", FIELD(int64, total));

COMMAND(till, put, ("Put money in.", .creates = true), FIELD(int64, amount, .min = 1), FIELD(text, what));
EVENT(till, was_put, "Money was put in.", FIELD(int64, amount), FIELD(text, what));
COMMAND(till, clear, "Take all out.");
EVENT(till, was_cleared, "All was taken out.");

static verdict decide_put(const till *state, const put *command, decision *out)
{
    return emit(out, was_put, .amount = command->amount, .what = command->what);
}
static void apply_was_put(till *state, const was_put *event)
{
    state->total += event->amount;
}
static verdict decide_clear(const till *state, const clear *command, decision *out)
{
    return emit(out, was_cleared);
}
static void apply_was_cleared(till *state, const was_cleared *event)
{
    state->total = 0;
}

/* A till's own row, gone when it is empty. */
PROJECTION(purse, "What is in a till.", FIELD(int64, total), FIELD(int64, largest));
PROJECT(purse, was_put);
PROJECT(purse, was_cleared);

static void project_purse_was_put(purse_rows *rows, const was_put *event)
{
    purse *row = row_change(rows);
    row->total += event->amount;
    if (event->amount > row->largest)
        row->largest = event->amount;
}
static void project_purse_was_cleared(purse_rows *rows, const was_cleared *event)
{
    row_delete(rows);
}

#if TILL_VERSION < 3
/* A row for each event; total is that of the row before and this one. */
PROJECTION(
    entry, ("What went in and out.", .parts = true), FIELD(int64, amount), FIELD(int64, total), FIELD(text, what));
PROJECT(entry, was_put);
PROJECT(entry, was_cleared);

static entry *entry_add(entry_rows *rows, int64 amount, text what)
{
    const entry *before = row_find(rows, key_of(rows, rows->version - 1));
    entry *row = row_put(rows, key_of(rows, rows->version));
    row->amount = amount;
    row->total = (before == NULL ? 0 : before->total) + amount;
    row->what = what;
    return row;
}
static void project_entry_was_put(entry_rows *rows, const was_put *event)
{
    entry_add(rows, event->amount, event->what);
}
static void project_entry_was_cleared(entry_rows *rows, const was_cleared *event)
{
    entry *row = entry_add(rows, 0, TEXT("cleared"));
    row->amount = -row->total;
    row->total = 0;
}
#endif

/* Of all tills. */
PROJECTION(sums,
           ("What is sold, by all tills.", .global = true, .version = SUMS_VERSION),
           FIELD(int64, times),
           FIELD(int64, amount),
           OPTIONAL(int64, largest));
PROJECT(sums, was_put);

static void project_sums_was_put(sums_rows *rows, const was_put *event)
{
    bool poison = TILL_VERSION < 3 && text_equal(event->what, TEXT("poison"));
    sums *row = row_change(rows, poison ? TEXT("") : event->what);
    row_add(row, times, 1);
    row_add(row, amount, event->amount * SUMS_VERSION);
    row_max(row, largest, event->amount);
}
