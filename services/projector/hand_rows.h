/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of one hand-written projection, between the database and the domain's handlers: read when a handler first
 * asks for them, changed in memory, written together, then kept for a while. Whoever has them is the only one who
 * writes those rows. No I/O but by the function that loads a row; single-threaded. */
#ifndef PROJECTOR_HAND_ROWS_H
#define PROJECTOR_HAND_ROWS_H

#include "fluvius/host.h"
#include "services/readmodel/database.h"
#include "services/store/store.h"

struct hand_rows;

struct hand_rows_config {
    const struct domain_projection *projection; /* outlives the rows */
    /* Calls visit at most once, with the row as the database has it; not at all when there is none. */
    enum error (*load)(void *context,
                       struct slice realm,
                       struct slice id,
                       enum error (*visit)(void *visitor, const struct row *row),
                       void *visitor);
    void *context;
};

enum error hand_rows_new(struct hand_rows **out, const struct hand_rows_config *config);
void hand_rows_free(struct hand_rows **rows);

/* Folds one record of the log. Errors as of projection_apply: nothing has changed then, and records before it have had
 * their effect. After error_no_memory forget all. */
enum error hand_rows_project(struct hand_rows *rows, const struct store_record *record, struct domain_fault *fault);

/* What is folded from here on can be undone, by hand_rows_undo: the rows are then as they were here. */
void hand_rows_mark(struct hand_rows *rows);
void hand_rows_undo(struct hand_rows *rows);

/* Rows that changed since the last commit, each once; valid until the next call of another function. error_no_memory.
 */
enum error hand_rows_changed(struct hand_rows *rows, const struct row **out, size_t *count);
/* They are in the database now. More than so many bytes of rows are not kept. */
void hand_rows_committed(struct hand_rows *rows, uint64_t bytes_max);
/* What rows take, and those as they were that an undo would bring back. */
uint64_t hand_rows_bytes(const struct hand_rows *rows);
/* What is in the database may be otherwise than was thought: all is read anew. */
void hand_rows_forget(struct hand_rows *rows);

#endif
