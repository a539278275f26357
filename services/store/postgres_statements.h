/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text of each statement that links prepare, and the columns of the log. */
#ifndef STORE_POSTGRES_STATEMENTS_H
#define STORE_POSTGRES_STATEMENTS_H

#include "services/store/postgres_link.h"

#define LOG_COLUMNS                                                                                                    \
    "position, time_us, epoch, version, previous, checksum, schema, status, command_id, hash, realm, namespace, "      \
    "resource, identifier, event, command, \"user\", traceparent, data"
#define LOG_COLUMNS_COUNT 19

extern const char *const statement_sql[PG_STATEMENTS];

#endif
