/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the readers of both databases share: pages that are filled row by row, and the table of functions. Not for
 * callers of readers. */
#ifndef READMODEL_READER_PAGE_H
#define READMODEL_READER_PAGE_H

#include "services/readmodel/reader.h"
#include "services/readmodel/row_text.h"
#include "services/readmodel/select.h"

#define STATEMENTS_MAX 64 /* prepared ones that are kept */
#define TIME_LIMIT_MS 5000

struct row_reader_ops {
    const char *scheme;
    enum error (*open)(struct row_reader **out, const struct row_reader_config *config, struct store_fault *fault);
    void (*close)(struct row_reader *reader);
    /* Fills reader->builds anew if its change differs. */
    enum error (*builds)(struct row_reader *reader, struct store_fault *fault);
    enum error (*checkpoints)(struct row_reader *reader,
                              uint32_t build,
                              struct checkpoint *out,
                              uint32_t partitions,
                              struct buffer *memory,
                              struct store_fault *fault);
    enum error (*has_writer)(struct row_reader *reader, bool *out, struct store_fault *fault);
    enum error (*select)(struct row_reader *reader,
                         const struct query *query,
                         struct row_page *out,
                         struct store_fault *fault);
    enum error (*item)(struct row_reader *reader,
                       const struct query *query,
                       struct slice id,
                       struct row_page *out,
                       struct store_fault *fault);
};
extern const struct row_reader_ops row_reader_sqlite, row_reader_postgres;

/* The first member of each backend's own struct. */
struct row_reader {
    const struct row_reader_ops *ops;
    struct builds builds;
    bool builds_known;
    uint64_t moment; /* see row_reader_moment */
    uint32_t time_limit_ms;
    struct select_target target;
    struct select rows, count;
};

/* Puts a fault's text of a checkpoint into memory; its slice is right after checkpoints_settle, as memory may move. */
void checkpoint_fault_put(struct checkpoint *checkpoint, struct slice fault, struct buffer *memory);
void checkpoints_settle(struct checkpoint *checkpoints, uint32_t count, const struct buffer *memory);

/* ---- pages ---- */

void page_begin(struct row_page *page);
/* A row's columns, SELECT_SORT and those of query->sort. The row behind the page only says that there is more. */
enum error page_add(struct row_page *page, const struct query *query, const struct value *columns, bool *full);
/* What follows from the rows alone: next, and the total where it is clear. *count: the total must be counted.
 * error_no_memory. */
enum error page_end(struct row_page *page, const struct query *query, bool more, bool *count);
/* What kind of value a column of the sort has. */
enum value_kind sort_value_kind(const struct query *query, uint32_t field);

#endif
