/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the reader on PostgreSQL share. */
#ifndef READMODEL_READER_POSTGRES_H
#define READMODEL_READER_POSTGRES_H

#include "services/readmodel/postgres_pipe.h"
#include "services/readmodel/reader_page.h"

struct postgres_reader {
    struct row_reader base;
    struct server_address address;
    struct pg_link link;
    struct pipe pipe;
    struct buffer fold_from, fold_to;
    struct buffer snapshot; /* what was visible at base.moment, as the server says it */
};

static inline struct postgres_reader *postgres_of(struct row_reader *reader)
{
    return (struct postgres_reader *)reader;
}

/* ---- reader_postgres.c ---- */

/* Opens the connection when there is none. */
enum error postgres_reader_ready(struct postgres_reader *reader, struct store_fault *fault);

struct row_ask {
    const struct select *select;
    pipe_row row; /* given no row first: what came before does not count */
    void *context;
};

/* Asks all in one pipeline, which is one transaction with one snapshot; see pipe_end. */
enum error asks_run(struct postgres_reader *reader,
                    const struct row_ask *asks,
                    uint32_t count,
                    PGresult **results,
                    uint32_t wanted,
                    struct store_fault *fault);

/* A statement whose text is always the same. */
static inline struct select fixed_select(const char *sql, struct value *values, uint32_t count)
{
    return (struct select){
        .sql = {.data = (uint8_t *)(uintptr_t)sql, .size = strlen(sql)}, .count = count, .values = values};
}

/* ---- reader_postgres_rows.c ---- */

enum error
postgres_read(struct row_reader *base, const struct row_want *want, struct row_page *out, struct store_fault *fault);

#endif
