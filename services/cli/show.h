/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Replies and records as JSON, one object a line. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "proto/envelope.h"

/* Appends {"status":...} with what the reply has: id, version, position, identifier, code, message, errors, retry_ms,
 * data. */
void show_reply(struct buffer *out, const struct reply *reply);
/* Appends a record. whole: with the names of its stream, as in a log of many. */
void show_record(struct buffer *out, const struct record *record, bool whole);
/* Appends any msgpack value; null when it is none. */
void show_value(struct buffer *out, struct slice value);
/* Writes text and a line end to standard output. */
void show_line(const struct buffer *text);
/* Prints a reply to standard output and returns its exit code. */
int show_whole(const struct reply *reply);

#endif
