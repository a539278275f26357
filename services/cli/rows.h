/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data of a query's reply, whose rows are JSON text, as one value of msgpack, like the data of other replies. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "proto/error.h"
#include "proto/writer.h"

/* Appends data with "rows" as an array of maps. An error when it is no page of rows; what is in out is of no use then.
 */
enum error rows_open(struct slice data, struct buffer *out);

#endif
