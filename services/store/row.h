/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row of the log: its columns, and the checksum over all of them.
 *
 * The checksum is XXH3-64 (seed 0) of these bytes, integers big-endian in 8 bytes:
 *   position, time_us, epoch, version, previous, schema, status (2^64 - 1: NULL),
 *   the sizes of realm, namespace, resource, identifier, event, data, command, user, traceparent, hash
 *   (2^64 - 1: NULL), then command_id, then the bytes of those ten columns in that order. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "services/store/connection.h"

#define ROW_COLUMNS                                                                                                    \
    "position, time_us, epoch, realm, namespace, resource, identifier, version, previous, event, schema, data, "       \
    "command_id, command, user, traceparent, status, hash, checksum"
#define ROW_VALUES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19"

uint64_t row_checksum(const struct store_record *record, uint64_t epoch);
/* Binds the record to a statement whose values are ROW_VALUES. The record must outlive its run. */
void row_bind(sqlite3_stmt *statement, const struct store_record *record, uint64_t epoch);
/* Reads the current row of a statement that selects ROW_COLUMNS first; slices are valid until it steps on.
 * error_corrupt, naming file and position, when the checksum does not hold. */
enum error row_read(const struct connection *connection,
                    sqlite3_stmt *statement,
                    struct store_record *out,
                    struct store_fault *fault);

#endif
