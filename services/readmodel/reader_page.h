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

#define TIME_LIMIT_MS 5000

struct row_reader_ops {
    const char *scheme;
    enum error (*open)(struct row_reader **out, const struct row_reader_config *config, struct store_fault *fault);
    void (*close)(struct row_reader *reader);
    /* Both NULL: each statement reads what is there then. */
    enum error (*begin)(struct row_reader *reader, struct store_fault *fault);
    void (*end)(struct row_reader *reader);
    /* Fills reader->builds anew if its change differs. */
    enum error (*builds)(struct row_reader *reader, struct store_fault *fault);
    bool remembers; /* a look at the builds takes a round trip: read finds out whether they have changed */
    enum error (*checkpoints)(struct row_reader *reader,
                              uint32_t build,
                              struct checkpoint *out,
                              uint32_t partitions,
                              struct buffer *memory,
                              struct store_fault *fault);
    enum error (*has_writer)(struct row_reader *reader, bool *out, struct store_fault *fault);
    /* Fills the progress where it may have changed, then the page, which is begun. */
    enum error (*read)(struct row_reader *reader,
                       const struct row_want *want,
                       struct row_page *out,
                       struct store_fault *fault);
};
extern const struct row_reader_ops row_reader_sqlite, row_reader_postgres;

/* The first member of each backend's own struct. */
struct row_reader {
    const struct row_reader_ops *ops;
    struct builds builds;
    bool builds_known;
    uint64_t moment; /* of the database: as long as it is the same nothing has changed */
    uint32_t time_limit_ms;
    struct select_target target;
    struct select rows, count;
};

/* Is the progress of this build, as it was at this moment? */
static inline bool progress_is(const struct row_progress *progress, uint32_t build, uint64_t moment)
{
    return moment != 0 && progress->moment == moment && progress->build == build;
}
/* It is to be filled: all partitions are at 0, and it is nobody's. */
void progress_begin(struct row_progress *progress);
void progress_put(struct row_progress *progress, uint64_t partition, uint64_t seq, uint64_t halted);

/* Puts a fault's text of a checkpoint into memory; its slice is right after checkpoints_settle, as memory may move. */
void checkpoint_fault_put(struct checkpoint *checkpoint, struct slice fault, struct buffer *memory);
void checkpoints_settle(struct checkpoint *checkpoints, uint32_t count, const struct buffer *memory);

/* ---- pages ---- */

void page_begin(struct row_page *page);
/* A row's columns, SELECT_SORT and those of query->sort. The row behind the page only says that there is more. */
enum error page_add(struct row_page *page, const struct query *query, const struct value *columns, bool *full);
/* The same in two steps, for whom it costs to look at more than the text: then it is said where that row stands, if
 * that is wanted. A page that ends early ends behind a row of which it was. */
enum error page_add_text(struct row_page *page, const struct query *query, struct slice text, bool *full);
bool page_wants_place(const struct row_page *page, const struct query *query);
enum error page_place(struct row_page *page, const struct query *query, const struct value *columns);
/* What follows from the rows alone: next, and the total where it is clear. *count: the total must be counted.
 * error_no_memory. */
enum error page_end(struct row_page *page, const struct query *query, bool more, bool *count);
/* What kind of value a column of the sort has. */
enum value_kind sort_value_kind(const struct query *query, uint32_t field);

#endif
