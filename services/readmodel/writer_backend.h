/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the backends of the writer share. Private to services/readmodel; writer.h has the contracts. */
#ifndef READMODEL_WRITER_BACKEND_H
#define READMODEL_WRITER_BACKEND_H

#include "services/readmodel/builds.h"
#include "services/readmodel/table.h"
#include "services/readmodel/writer.h"
#include "services/store/backend.h"

#define WRITER_LEASE_MS 3000

typedef enum error (*row_visit)(void *context, size_t index, const struct row *row);

struct writer_ops {
    const char *scheme;
    enum error (*open)(struct writer **out, const struct writer_config *config, struct store_fault *fault);
    void (*close)(struct writer **writer);
    enum error (*migrate)(const char *url, struct store_fault *fault);
    enum error (*beat)(struct writer *writer,
                       const struct writer_has *has,
                       struct writer_slots *out,
                       struct store_fault *fault);
    enum error (*ranks)(struct writer *writer,
                        const struct module_key *modules,
                        uint32_t count,
                        enum module_rank *out,
                        struct store_fault *fault);
    enum error (*enter)(
        struct writer *writer, const struct module_key *module, bool latest, bool asked, struct store_fault *fault);
    enum error (*builds)(struct writer *writer, struct builds *out, struct store_fault *fault);
    enum error (*build)(struct writer *writer, const struct build_plan *plan, struct store_fault *fault);
    enum error (*live)(struct writer *writer,
                       const uint32_t *builds,
                       uint32_t count,
                       uint64_t incarnation,
                       bool *done,
                       struct store_fault *fault);
    enum error (*analyze)(struct writer *writer, uint32_t build, uint32_t number, struct store_fault *fault);
    enum error (*retire)(struct writer *writer, uint32_t build, struct store_fault *fault);
    /* Has a projector that is there a module for it? */
    enum error (*held)(struct writer *writer, uint32_t build, bool *out, struct store_fault *fault);
    enum error (*drop)(struct writer *writer, uint64_t retired_us, uint32_t *dropped, struct store_fault *fault);
    enum error (*request)(const char *url, struct slice projection, struct store_fault *fault);
    enum error (*requested)(struct writer *writer, struct slice projection, bool *out, struct store_fault *fault);
    enum error (*checkpoints)(struct writer *writer,
                              uint32_t build,
                              struct checkpoint *out,
                              struct buffer *memory,
                              struct store_fault *fault);
    enum error (*load)(struct writer *writer,
                       uint32_t build,
                       uint32_t number,
                       const struct row_key *keys,
                       size_t count,
                       row_visit visit,
                       void *context,
                       struct store_fault *fault);
    enum error (*commit)(struct writer *writer, const struct row_batch *batch, struct store_fault *fault);
};

struct writer {
    const struct writer_ops *ops;
};

extern const struct writer_ops writer_sqlite_ops, writer_postgres_ops;

/* The columns that a load selects, in this order, and the row that they make. */
#define LOAD_COLUMNS "_etag, _created, _updated, _creator, _updater, _deleted, _row"
enum load_column { LOAD_ETAG, LOAD_CREATED, LOAD_UPDATED, LOAD_CREATOR, LOAD_UPDATER, LOAD_DELETED, LOAD_ROW };
/* Its data, in memory, from LOAD_ROW. */
enum error load_data(struct slice text, struct buffer *memory, struct slice *out, struct store_fault *fault);

/* The values of a set's row; the fault names the row that has none. */
enum error set_values(
    const struct row_set *set, size_t index, struct buffer *scratch, struct value *values, struct store_fault *fault);
/* Is it the name of a projection: what can be part of a file's name? */
bool projection_valid(struct slice projection);

#endif
