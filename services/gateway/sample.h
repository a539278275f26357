/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Examples made from the JSON Schemas of a description, so that they validate: every bound, length, format and pattern
 * that the domain SDK can express is kept. Deterministic. What no small search satisfies (a pattern and a length that
 * hardly go together, a list of more distinct items than there seem to be values) gets the nearest thing. Pure. */
#ifndef GATEWAY_SAMPLE_H
#define GATEWAY_SAMPLE_H

#include "services/gateway/json_out.h"

#define SAMPLE_TEXT_MAX 8192 /* bytes of one text */

/* Writes one value. name: what it is called, which texts that may be anything say; variation: 0 for the first, others
 * differ from each other as far as the schema lets them. */
void sample_write(struct json_out *json, struct slice schema, struct slice name, uint32_t variation);
/* The entries that an object of this schema has, into the object that is open. */
void sample_entries(struct json_out *json, struct slice schema, uint32_t variation);

/* Replaces out by a text that fits a schema whose type is string. */
void sample_text(struct buffer *out, struct slice schema, struct slice name, uint32_t variation);

/* How a pattern may be walked: which alternatives and characters (another variation gives others), and how many
 * repetitions beyond the least, given to the first that take them. */
struct sample_choice {
    uint32_t variation, alternative, extra;
};
/* Replaces out by a text that matches pattern, which is of the dialect of the domain SDK. */
void sample_pattern(struct buffer *out, struct slice pattern, struct sample_choice choice);
/* Code points. */
size_t sample_length(struct slice text);

#endif
