/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A reader on SQLite, and what its two files know of each other: reader_sqlite.c opens it and looks at builds and
 * checkpoints, reader_sqlite_rows.c reads rows. */
#ifndef READMODEL_SQLITE_READER_H
#define READMODEL_SQLITE_READER_H

#include <sys/types.h>

#include "services/readmodel/reader_page.h"
#include "services/readmodel/words.h"
#include "services/store/connection.h"

enum { STATEMENTS_MAX = 64 }; /* prepared ones that are kept */

struct statement {
    uint64_t hash; /* of its text */
    uint64_t used;
    sqlite3_stmt *prepared;
};

enum fixed_statement { FIXED_META, FIXED_BUILDS, FIXED_CHECKPOINTS, FIXED_VERSION, FIXED_COUNT };

struct sqlite_reader {
    struct row_reader base;
    struct connection connection;
    char *lock; /* path */
    struct match_stop stop;
    sqlite3_stmt *fixed[FIXED_COUNT];
    struct statement statements[STATEMENTS_MAX];
    uint64_t uses;
    uint64_t deadline_us;      /* of the statement that runs; CLOCK_BOOTTIME */
    uint32_t steps_max, steps; /* 0: no bound; of what runs */
    bool held;                 /* FIXED_VERSION stands at its row, which keeps its transaction open */
    int64_t version;           /* PRAGMA data_version when builds were looked at last */
    int64_t version_now;       /* the same, of the transaction that is held */
    uint64_t changes;          /* how often it was another */
    dev_t device;              /* of the file that is open */
    ino_t inode;
    uint64_t checked_us;
};

static inline struct sqlite_reader *sqlite_of(struct row_reader *reader)
{
    return (struct sqlite_reader *)reader;
}

/* What a code means; an interrupt is that it took too long. */
enum error sqlite_reader_fault(struct sqlite_reader *reader, int code, const char *doing, struct store_fault *fault);
/* What runs from here on has its time. */
void sqlite_reader_time(struct sqlite_reader *reader);

/* ---- reader_sqlite_rows.c ---- */

/* Fill a page that was begun. */
enum error sqlite_reader_select(struct row_reader *base,
                                const struct query *query,
                                struct row_page *out,
                                struct store_fault *fault);
enum error sqlite_reader_item(struct row_reader *base,
                              const struct query *query,
                              struct slice id,
                              struct row_page *out,
                              struct store_fault *fault);

#endif
