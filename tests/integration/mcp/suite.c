/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain whose tools have names that the public MCP conformance suite calls: test_error_handling, and two of which it
 * only wants to see that nothing is sent that was not asked for. Not an example. */
#include <fluvius/domain.h>

DOMAIN(test, "What the conformance suite calls.");

AGGREGATE(thing, "A thing.", FIELD(int64, count, "How often it was called."));

COMMAND(thing, error_handling, "Refuses; the suite leaves the identifier out besides.");
COMMAND(thing, logging_tool, ("Counts, and logs nothing.", .creates = true));
COMMAND(thing, streaming_elicitation, ("Counts, and asks nothing.", .creates = true));
EVENT(thing, called, "It was called.");

static verdict decide_error_handling(const thing *state, const error_handling *command, decision *out)
{
    (void)state, (void)command;
    return reject(out, "refused", "This tool intentionally refuses");
}

static verdict decide_logging_tool(const thing *state, const logging_tool *command, decision *out)
{
    (void)state, (void)command;
    return emit(out, called);
}

static verdict decide_streaming_elicitation(const thing *state, const streaming_elicitation *command, decision *out)
{
    (void)state, (void)command;
    return emit(out, called);
}

static void apply_called(thing *state, const called *event)
{
    (void)event;
    state->count++;
}
