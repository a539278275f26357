/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A model with a field of every kind, and rows of it, for the tests of read models. */
#ifndef TEST_READMODEL_SAMPLE_H
#define TEST_READMODEL_SAMPLE_H

#include "proto/json.h"
#include "services/readmodel/reader.h"
#include "services/readmodel/table.h"

/* Of companies: business_name, name, system_entity and more. Ends the program when it cannot be made. */
void sample_model(struct model *out);
/* The JSON with ' for ", as msgpack. */
struct buffer sample_msgpack(const char *json);

enum { SAMPLE_ROWS = 8 };
struct sample_row {
    const char *realm, *id, *creator, *data; /* data: JSON with ' for " */
    uint64_t version;
    int64_t created_us, updated_us, deleted_us;
};
/* ABC1, DEF3 and XYZ Corp, and rows that have nulls, other realms, other scripts. */
extern const struct sample_row sample_rows[SAMPLE_ROWS];
/* Reads a page's rows, each a map of msgpack; they are in memory, which the caller frees. */
struct reader sample_page(const struct row_page *page, struct buffer *memory);
/* Row i; *data holds what it points to. */
struct row sample_row(size_t i, struct buffer *data);

#endif
