/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain that misbehaves on demand: what a platform does about it is tested by domain_test.py. */
#include <fluvius/domain.h>

DOMAIN(trouble, "Misbehaves when it is told to.");

AGGREGATE(thing, "Something to work on.", FIELD(int64, count, "How often it was worked on."));

COMMAND(thing, work, ("Work on it; it is made when it is not there.", .creates = true));
EVENT(thing, worked, "It was worked on.");

COMMAND(thing, crash, "End the process.");
COMMAND(thing, spin, "Never come back.");

static verdict decide_work(const thing *state, const work *command, decision *out)
{
    return emit(out, worked);
}

static verdict decide_crash(const thing *state, const crash *command, decision *out)
{
    __builtin_trap();
}

static verdict decide_spin(const thing *state, const spin *command, decision *out)
{
    volatile bool done = false;
    while (!done)
        ;
    return no_change(out);
}

static void apply_worked(thing *state, const worked *event)
{
    state->count++;
}
