/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of JSON bodies that several answers share. Pure. */
#ifndef GATEWAY_RENDER_H
#define GATEWAY_RENDER_H

#include "proto/envelope.h"

/* The entries of a msgpack map as members of an object that is already open; nothing when map is empty or no map.
 * first: no member stands before. Returns what first is afterwards. */
bool render_entries(struct buffer *out, struct slice map, bool first);

/* "_id" and, when there is one, "_etag": the version as text, as in ETag without the quotes. */
void render_identity(struct buffer *out, bool first, struct slice identifier, bool has_version, uint64_t version);

/* A committed record as readers over HTTP see it. */
void render_record(struct buffer *out, const struct record *record);

/* Microseconds since 1970 as RFC 3339 in UTC, quoted. */
void render_time(struct buffer *out, int64_t time_us);

#endif
