/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading checkpoints and rows on PostgreSQL. */
#include "services/readmodel/postgres_writer.h"

enum { LOAD_KEYS = 4096 };

/* ---- checkpoints ---- */

static void places_take(const PGresult *result, uint32_t partitions, struct checkpoint *out, struct buffer *memory)
{
    size_t size = 0;
    for (int i = 0; i < PQntuples(result); i++)
        size += result_bytes(result, i, 4).size;
    if (!buffer_reserve(memory, size + 1)) /* it does not move from here on */
        return;
    for (int i = 0; i < PQntuples(result); i++) {
        uint64_t partition = result_number(result, i, 0);
        struct slice text = result_bytes(result, i, 4);
        if (partition >= partitions)
            continue;
        out[partition] = (struct checkpoint){.seq = result_number(result, i, 1),
                                             .time_us = (int64_t)result_number(result, i, 2),
                                             .halted = result_number(result, i, 3),
                                             .fault = slice_of(memory->data + memory->size, text.size)};
        buffer_append(memory, text.data, text.size);
    }
}

enum error postgres_checkpoints(
    struct writer *base, uint32_t build, struct checkpoint *out, struct buffer *memory, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    struct parameters parameters = {0};
    PGresult *result;
    parameter_number(&parameters, build);
    enum error error = postgres_ready(writer, fault);
    if (error == error_none)
        error = postgres_ask(writer,
                             "SELECT partition, seq, time_us, halted, fault FROM fluvius_read.checkpoint"
                             " WHERE build = $1::bigint",
                             &parameters,
                             &result,
                             "reading checkpoints",
                             fault);
    if (error != error_none)
        return error;
    memset(out, 0, writer->partitions * sizeof out[0]);
    places_take(result, writer->partitions, out, memory);
    uint32_t count = (uint32_t)PQntuples(result);
    PQclear(result);
    if (memory->failed)
        return fault_set(fault, error_no_memory, "no memory for checkpoints");
    return count == writer->partitions
               ? error_none
               : fault_set(fault, error_corrupt, "build %u has %u checkpoints of %u", build, count, writer->partitions);
}

/* ---- rows ---- */

/* What is loaded from a table, and who takes it. */
struct load {
    struct postgres_writer *writer;
    const struct row_key *keys;
    row_visit visit;
    void *context;
    struct store_fault *fault;
};

static void texts_put(struct buffer *out, const struct row_key *keys, size_t count, bool realms)
{
    array_begin(out, TYPE_TEXT);
    for (size_t i = 0; i < count; i++)
        text_put(out, realms ? keys[i].realm : keys[i].id);
    array_end(out, count);
}

/* In the session's search path, which names no schema of ours, types of the server alone are found. */
static void load_sql(struct buffer *sql, uint32_t build, uint32_t number)
{
    buffer_clear(sql);
    buffer_append_text(sql,
                       "SELECT " LOAD_COLUMNS ", k.n FROM unnest($1::text[], $2::text[])"
                       " WITH ORDINALITY k(realm, id, n) JOIN ");
    table_name(sql, DIALECT_POSTGRESQL, build, number);
    buffer_append_text(sql, " m ON m._realm = k.realm COLLATE \"C\" AND m._id = k.id COLLATE \"C\"");
    sql_end(sql);
}

static enum error rows_give(const struct load *load, const PGresult *result, size_t first, size_t count)
{
    enum error error = error_none;
    for (int i = 0; i < PQntuples(result) && error == error_none; i++) {
        size_t index = (size_t)result_number(result, i, LOAD_ROW + 1) - 1;
        struct slice data;
        if (index >= count)
            continue;
        error = load_data(result_bytes(result, i, LOAD_ROW), &load->writer->scratch, &data, load->fault);
        if (error != error_none)
            return error;
        const struct row row = {.realm = load->keys[first + index].realm,
                                .id = load->keys[first + index].id,
                                .version = result_number(result, i, LOAD_ETAG),
                                .created_us = (int64_t)result_number(result, i, LOAD_CREATED),
                                .updated_us = (int64_t)result_number(result, i, LOAD_UPDATED),
                                .creator = result_bytes(result, i, LOAD_CREATOR),
                                .updater = result_bytes(result, i, LOAD_UPDATER),
                                .deleted_us = (int64_t)result_number(result, i, LOAD_DELETED),
                                .data = data};
        error = load->visit(load->context, first + index, &row);
    }
    return error;
}

/* The statement in writer->sql, for some of the keys. */
static enum error some_load(const struct load *load, size_t first, size_t count)
{
    struct postgres_writer *writer = load->writer;
    PGresult *result = NULL;
    texts_put(&writer->arrays[0], load->keys + first, count, true);
    texts_put(&writer->arrays[1], load->keys + first, count, false);
    pipe_begin(&writer->pipe, &writer->link, UINT64_MAX);
    enum error error = postgres_put(writer, 2, load->fault);
    enum error answer = pipe_end(&writer->pipe, &result, 1, "reading rows", error == error_none ? load->fault : NULL);
    if (error == error_none)
        error = answer;
    if (error == error_none)
        error = rows_give(load, result, first, count);
    PQclear(result);
    return error;
}

enum error postgres_load(struct writer *base,
                         uint32_t build,
                         uint32_t number,
                         const struct row_key *keys,
                         size_t count,
                         row_visit visit,
                         void *context,
                         struct store_fault *fault)
{
    const struct load load = {postgres_writer_of(base), keys, visit, context, fault};
    enum error error = postgres_ready(load.writer, fault);
    load_sql(&load.writer->sql, build, number);
    for (size_t at = 0; at < count && error == error_none; at += LOAD_KEYS)
        error = some_load(&load, at, count - at < LOAD_KEYS ? count - at : LOAD_KEYS);
    return error;
}
