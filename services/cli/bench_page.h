/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For `fluvius bench query`: a page of bank.account's rows through the database's own library, and nothing else. */
#ifndef CLI_BENCH_PAGE_H
#define CLI_BENCH_PAGE_H

#include <stdbool.h>
#include <stdint.h>

struct buffer;
struct bare;

enum bare_kind { BARE_TEXT, BARE_COLUMNS, BARES };

/* store NULL: the read models in directory data; else those of postgresql://... False: they cannot be read. */
bool bare_open(struct bare **out, const char *store, const char *data, int64_t limit);
void bare_close(struct bare **bare);
/* One page: every column of every row is read. False when it has not as many rows as it should. */
bool bare_page(struct bare *bare, enum bare_kind kind);

/* ---- for the two databases ---- */

struct bare_database {
    bool (*page)(struct bare *bare, enum bare_kind kind);
    void (*close)(struct bare *bare);
};
struct bare {
    const struct bare_database *database;
    int64_t limit;
    uint64_t bytes; /* read, so that nothing is left out */
};
bool bare_sqlite_open(struct bare **out, const char *data, int64_t limit);
bool bare_postgres_open(struct bare **out, const char *url, int64_t limit);

/* The statement for a table with so many fields: columns c0, c1, ... */
void bare_select(struct buffer *out, enum bare_kind kind, const char *table, int fields, const char *parameter);

#endif
