/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Notes as long as they may be, to see what a projector holds of them at once. */
#include <fluvius/domain.h>

DOMAIN(notes, "Long notes.");
AGGREGATE(note, "A note.", FIELD(text, body));
COMMAND(note, write, ("Write it.", .creates = true), FIELD(text, body));
EVENT(note, written, "It was written.", FIELD(text, body));

static verdict decide_write(const note *state, const write *command, decision *out)
{
    return emit(out, written, .body = command->body);
}
static void apply_written(note *state, const written *event)
{
    state->body = event->body;
}
