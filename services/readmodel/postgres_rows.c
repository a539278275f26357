/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading checkpoints and rows on PostgreSQL. */
#include "services/readmodel/postgres_writer.h"

enum { LOAD_KEYS = 4096, TEXT_TYPE = 25 /* the type's number in the server */ };

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

static void word_append(struct buffer *out, uint32_t word)
{
    word = __builtin_bswap32(word);
    buffer_append(out, &word, sizeof word);
}

/* text[] in binary. */
static void texts_append(struct buffer *out, const struct row_key *keys, size_t count, bool realms)
{
    word_append(out, 1);
    word_append(out, 0);
    word_append(out, TEXT_TYPE);
    word_append(out, (uint32_t)count);
    word_append(out, 1);
    for (size_t i = 0; i < count; i++) {
        struct slice text = realms ? keys[i].realm : keys[i].id;
        word_append(out, (uint32_t)text.size);
        buffer_append(out, text.data, text.size);
    }
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
    buffer_append(sql, "", 1);
}

static enum error rows_give(const PGresult *result,
                            struct buffer *memory,
                            const struct row_key *keys,
                            size_t first,
                            size_t count,
                            row_visit visit,
                            void *context,
                            struct store_fault *fault)
{
    enum error error = error_none;
    for (int i = 0; i < PQntuples(result) && error == error_none; i++) {
        size_t index = (size_t)result_number(result, i, LOAD_ROW + 1) - 1;
        struct slice data;
        if (index >= count)
            continue;
        error = load_data(result_bytes(result, i, LOAD_ROW), memory, &data, fault);
        if (error != error_none)
            return error;
        const struct row row = {.realm = keys[index].realm,
                                .id = keys[index].id,
                                .version = result_number(result, i, LOAD_ETAG),
                                .created_us = (int64_t)result_number(result, i, LOAD_CREATED),
                                .updated_us = (int64_t)result_number(result, i, LOAD_UPDATED),
                                .creator = result_bytes(result, i, LOAD_CREATOR),
                                .updater = result_bytes(result, i, LOAD_UPDATER),
                                .deleted_us = (int64_t)result_number(result, i, LOAD_DELETED),
                                .data = data};
        error = visit(context, first + index, &row);
    }
    return error;
}

static enum error some_load(struct postgres_writer *writer,
                            const struct row_key *keys,
                            size_t first,
                            size_t count,
                            row_visit visit,
                            void *context,
                            struct store_fault *fault)
{
    struct parameters parameters = {0};
    PGresult *result;
    buffer_clear(&writer->scratch);
    texts_append(&writer->scratch, keys, count, true);
    size_t realms = writer->scratch.size;
    texts_append(&writer->scratch, keys, count, false);
    if (writer->scratch.failed || writer->sql.failed)
        return fault_set(fault, error_no_memory, "no memory for keys");
    parameter_bytes(&parameters, slice_of(writer->scratch.data, realms));
    parameter_bytes(&parameters, slice_of(writer->scratch.data + realms, writer->scratch.size - realms));
    enum error error =
        postgres_ask(writer, (const char *)writer->sql.data, &parameters, &result, "reading rows", fault);
    if (error != error_none)
        return error;
    error = rows_give(result, &writer->scratch, keys, first, count, visit, context, fault);
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
    struct postgres_writer *writer = postgres_writer_of(base);
    enum error error = postgres_ready(writer, fault);
    load_sql(&writer->sql, build, number);
    for (size_t at = 0; at < count && error == error_none; at += LOAD_KEYS) {
        size_t some = count - at < LOAD_KEYS ? count - at : LOAD_KEYS;
        error = some_load(writer, keys + at, at, some, visit, context, fault);
    }
    return error;
}
