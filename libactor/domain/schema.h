/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON Schema (2020-12) of records. */
#ifndef LIBACTOR_DOMAIN_SCHEMA_H
#define LIBACTOR_DOMAIN_SCHEMA_H

#include "libactor/domain/layout.h"
#include "proto/writer.h"

/* Appends the schema of a record as a msgpack map. */
void schema_write(struct buffer *out, const struct layout *layout, const char *doc);

#endif
