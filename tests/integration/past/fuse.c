/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain whose past some builds of it cannot bear: with FUSE_BURNS, folding an event of 666 crashes and of 777 never
 * ends; one of 888 takes its time. Shards run the sound build, a query process the other. */
#include <fluvius/domain.h>

DOMAIN(fuse, "Burns when it is told to.");

AGGREGATE(wire, "Something that current goes through.", FIELD(int64, current, "The last one."));

COMMAND(wire, load, ("Put current on it; it is made when it is not there.", .creates = true), FIELD(int64, current));
EVENT(wire, loaded, "Current was put on it.", FIELD(int64, current));

static verdict decide_load(const wire *state, const load *command, decision *out)
{
    return emit(out, loaded, .current = command->current);
}

static void apply_loaded(wire *state, const loaded *event)
{
#ifdef FUSE_BURNS
    volatile bool cold = true;
    if (event->current == 666)
        __builtin_trap();
    while (event->current == 777 && cold)
        ;
    for (volatile int i = 0; event->current == 888 && i < 300000; i++)
        ;
#endif
    state->current = event->current;
}
