/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The row as readers get it, in the column _row: one JSON object without spaces, the audit fields first, in the order
 * of enum model_audit, then what the row itself has. It is made when the row is written, so that a page of rows is
 * their texts one after another, and nobody between the database and an HTTP client looks into it. Pure. */
#ifndef READMODEL_ROW_TEXT_H
#define READMODEL_ROW_TEXT_H

#include "services/readmodel/query.h"

/* Appends the text. error_invalid_data when row->data is no map, error_no_memory. */
enum error row_text_write(struct buffer *out, const struct row *row);

/* Appends what query's include and exclude leave of the text; a nested record of which nothing is left is left out.
 * error_corrupt when it is not such a text, error_no_memory. */
enum error row_text_pick(struct buffer *out, const struct query *query, struct slice text);

/* What row->data was, as a msgpack map; bytes have become their base64url, which a field of bytes takes too. It is in
 * memory, which is cleared first. error_corrupt, error_no_memory. */
enum error row_text_read(struct slice text, struct buffer *memory, struct slice *out);

#endif
