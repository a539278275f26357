/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the log in SQLite: their columns, to and from records. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "services/store/connection.h"

#define ROW_COLUMNS                                                                                                    \
    "position, time_us, epoch, realm, namespace, resource, identifier, version, previous, event, schema, data, "       \
    "command_id, command, user, traceparent, status, hash, checksum"
#define ROW_VALUES "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19"

/* Binds the record to a statement whose values are ROW_VALUES. The record must outlive its run. */
void row_bind(sqlite3_stmt *statement, const struct store_record *record, uint64_t epoch);
/* Reads the current row of a statement that selects ROW_COLUMNS first; slices are valid until it steps on.
 * error_corrupt, naming file and position, when the checksum does not hold. */
enum error row_read(const struct connection *connection,
                    sqlite3_stmt *statement,
                    struct store_record *out,
                    struct store_fault *fault);

#endif
