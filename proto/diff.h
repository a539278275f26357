/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What changed between two states. Pure. */
#ifndef PROTO_DIFF_H
#define PROTO_DIFF_H

#include "proto/reader.h"
#include "proto/writer.h"

/* Appends the array of changes ("change" of messages.def) that lead from one msgpack value to another. Maps are
 * compared key by key, everything else as a whole; a value that is on one side only has no from, or no to. */
void state_diff(struct slice before, struct slice after, struct buffer *out);

#endif
