/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the build table to builds and back, for whoever reads or writes the table. */
#ifndef READMODEL_BUILDS_H
#define READMODEL_BUILDS_H

#include "services/readmodel/database.h"

/* Appends the column `models`: a msgpack array of models. */
void models_write(struct buffer *out, const struct model *models, uint32_t count);
/* Reads it; error_corrupt when it is none. Freed with models_free. */
enum error models_read(struct slice bytes, struct model **out, uint32_t *count);
void models_free(struct model *models, uint32_t count);

/* A row of the table as it stands there. */
struct build_row {
    uint32_t id;
    struct slice projection, models;
    uint64_t fingerprint, incarnation;
    int64_t state;
};
/* Appends a build with its own copies of everything: error_corrupt, error_no_memory. */
enum error builds_add(struct builds *builds, const struct build_row *row);

#endif
