/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain that looks around: the loader must refuse it, naming getenv. */
#include <fluvius/domain.h>

char *getenv(const char *name);

DOMAIN(importing, "Reads the environment.");

AGGREGATE(thing, "Something.", FIELD(bool, seen));

COMMAND(thing, look, ("Look around.", .creates = true));
EVENT(thing, looked, "Somebody looked.");

static verdict decide_look(const thing *state, const look *command, decision *out)
{
    return getenv("HOME") != NULL ? emit(out, looked) : no_change(out);
}

static void apply_looked(thing *state, const looked *event)
{
    state->seen = true;
}
