/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading rows from SQLite: prepared statements, of which the last ones are kept, and pages from them. */
#include <xxhash.h>

#include "services/readmodel/sqlite_reader.h"

/* Its table is not there any more: the statements themselves are sound. */
static enum error build_gone(struct sqlite_reader *reader, struct store_fault *fault)
{
    const struct connection *connection = &reader->connection;
    return fault_set(
        fault, error_not_found, "%s: the build is gone: %s", connection->path, sqlite3_errmsg(connection->db));
}

/* The place of a statement: its own, or that of one that is not there or was not used for longest. */
static struct statement *statement_place(struct sqlite_reader *reader, uint64_t hash)
{
    struct statement *oldest = &reader->statements[0];
    for (int i = 0; i < STATEMENTS_MAX; i++) {
        struct statement *it = &reader->statements[i];
        if (it->prepared != NULL && it->hash == hash)
            return it;
        if (it->used < oldest->used)
            oldest = it;
    }
    return oldest;
}

static enum error
statement_find(struct sqlite_reader *reader, const struct select *select, sqlite3_stmt **out, struct store_fault *fault)
{
    uint64_t hash = XXH3_64bits(select->sql.data, select->sql.size);
    struct statement *place = statement_place(reader, hash);
    place->used = ++reader->uses;
    if (place->prepared != NULL && place->hash == hash) {
        *out = place->prepared;
        return error_none;
    }
    sqlite3_finalize(place->prepared);
    place->prepared = NULL;
    int code = sqlite3_prepare_v3(reader->connection.db,
                                  (const char *)select->sql.data,
                                  (int)select->sql.size + 1,
                                  SQLITE_PREPARE_PERSISTENT,
                                  &place->prepared,
                                  NULL);
    if ((code & 0xff) == SQLITE_ERROR)
        return build_gone(reader, fault);
    if (code != SQLITE_OK)
        return sqlite_reader_fault(reader, code, "preparing a query", fault);
    place->hash = hash;
    *out = place->prepared;
    return error_none;
}

static void values_bind(sqlite3_stmt *statement, const struct select *select)
{
    for (uint32_t i = 0; i < select->count; i++) {
        const struct value *value = &select->values[i];
        int place = (int)i + 1;
        if (value->kind == VALUE_INTEGER)
            sqlite3_bind_int64(statement, place, value->integer);
        else if (value->kind == VALUE_DOUBLE)
            sqlite3_bind_double(statement, place, value->number);
        else if (value->kind == VALUE_TEXT)
            bind_text(statement, place, value->text);
        else
            sqlite3_bind_null(statement, place);
    }
}

static struct value column_value(sqlite3_stmt *statement, int column)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return (struct value){.kind = VALUE_INTEGER, .integer = sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
        return (struct value){.kind = VALUE_DOUBLE, .number = sqlite3_column_double(statement, column)};
    case SQLITE_TEXT:
        return (struct value){.kind = VALUE_TEXT, .text = column_bytes(statement, column)};
    case SQLITE_BLOB:
        return (struct value){.kind = VALUE_BYTES, .text = column_bytes(statement, column)};
    default:
        return (struct value){.kind = VALUE_NULL};
    }
}

static void columns_read(sqlite3_stmt *statement, struct value *columns)
{
    uint32_t count = (uint32_t)sqlite3_column_count(statement);
    for (uint32_t i = 0; i < count && i < SELECT_SORT + QUERY_SORT_MAX + 2; i++)
        columns[i] = column_value(statement, (int)i);
}

static enum error step_fault(struct sqlite_reader *reader, int code, struct store_fault *fault)
{
    if (code == SQLITE_DONE || code == SQLITE_ROW)
        return error_none;
    if ((code & 0xff) == SQLITE_ERROR)
        return build_gone(reader, fault);
    return sqlite_reader_fault(reader, code, "a query", fault);
}

/* Looking at columns costs as much as the text does. */
static enum error row_add(sqlite3_stmt *statement, const struct query *query, struct row_page *out, bool *more)
{
    struct value columns[SELECT_SORT + QUERY_SORT_MAX + 2];
    enum error error = page_add_text(out, query, column_bytes(statement, SELECT_ROW), more);
    if (error != error_none || *more || !page_wants_place(out, query))
        return error;
    columns_read(statement, columns);
    return page_place(out, query, columns);
}

static enum error rows_read(struct sqlite_reader *reader,
                            const struct query *query,
                            struct row_page *out,
                            bool *more,
                            struct store_fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    enum error error = statement_find(reader, &reader->base.rows, &statement, fault);
    if (error != error_none)
        return error;
    values_bind(statement, &reader->base.rows);
    while (error == error_none && !*more && (code = sqlite3_step(statement)) == SQLITE_ROW)
        error = row_add(statement, query, out, more);
    if (error != error_none)
        fault_set(fault, error, "%s: a row cannot be read: %s", reader->connection.path, error_text(error));
    else
        error = step_fault(reader, code, fault);
    sqlite3_reset(statement);
    return error;
}

static enum error rows_count(struct sqlite_reader *reader, struct row_page *out, struct store_fault *fault)
{
    sqlite3_stmt *statement = NULL;
    enum error error = statement_find(reader, &reader->base.count, &statement, fault);
    if (error != error_none)
        return error;
    values_bind(statement, &reader->base.count);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        out->total = sqlite3_column_int64(statement, 0);
    error = step_fault(reader, code, fault);
    sqlite3_reset(statement);
    return error;
}

enum error sqlite_reader_select(struct row_reader *base,
                                const struct query *query,
                                struct row_page *out,
                                struct store_fault *fault)
{
    struct sqlite_reader *reader = sqlite_of(base);
    bool more = false, count = false;
    enum error error = select_rows(&base->rows, &base->target, query);
    if (error != error_none)
        return fault_set(fault, error, "no memory for a query");
    sqlite_reader_time(reader);
    error = rows_read(reader, query, out, &more, fault);
    if (error != error_none)
        return error;
    error = page_end(out, query, more, &count);
    if (error == error_none && !count)
        return error_none;
    if (error == error_none)
        error = select_count(&base->count, &base->target, query);
    if (error != error_none)
        return fault_set(fault, error, "no memory for a query");
    return rows_count(reader, out, fault);
}

enum error sqlite_reader_item(struct row_reader *base,
                              const struct query *query,
                              struct slice id,
                              struct row_page *out,
                              struct store_fault *fault)
{
    struct sqlite_reader *reader = sqlite_of(base);
    sqlite3_stmt *statement = NULL;
    enum error error = select_item(&base->rows, &base->target, query, id);
    if (error != error_none)
        return fault_set(fault, error, "no memory for a query");
    sqlite_reader_time(reader);
    error = statement_find(reader, &base->rows, &statement, fault);
    if (error != error_none)
        return error;
    values_bind(statement, &base->rows);
    int code = sqlite3_step(statement);
    error = step_fault(reader, code, fault);
    if (code == SQLITE_ROW) {
        error = row_text_pick(&out->rows, query, column_bytes(statement, SELECT_ROW));
        out->count = error == error_none;
        if (error != error_none)
            fault_set(fault, error, "%s: a row cannot be read", reader->connection.path);
    }
    sqlite3_reset(statement);
    return error;
}
