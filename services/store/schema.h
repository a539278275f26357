/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The format of an SQLite file of ours: migrations, one a format, and the numbers in its table meta (key, value). */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "services/store/connection.h"

/* Brings a file from its format to that of the last migration. */
enum error schema_migrate(struct connection *connection,
                          const char *const *migrations,
                          uint32_t count,
                          uint32_t from,
                          struct store_fault *fault);
/* error_newer_schema when the file's format is above count; error_corrupt when it has none. */
enum error schema_check(struct connection *connection, uint32_t count, uint32_t *format, struct store_fault *fault);
enum error meta_get(struct connection *connection, const char *key, uint64_t *out, struct store_fault *fault);
enum error meta_put(struct connection *connection, const char *key, uint64_t value, struct store_fault *fault);

#endif
