/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A batch on PostgreSQL is one transaction in one pipeline, answered once: a table's rows go as an array of its row
 * type, so many at a time that the server writes some while others are made here. The fence comes last, so that nobody
 * waits for it longer than a moment. */
#include "services/readmodel/postgres_writer.h"

#include "services/store/grow.h"

enum {
    CHUNK_ROWS = 64, /* of one statement */
    CHUNK_BYTES = 1 << 20,
    MOVE_TEXT = POSTGRES_MOVE_COLUMNS - 1
};

/* ---- checkpoints ---- */

static const char moves_sql[] =
    "WITH m AS (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],"
    " $6::bigint[], $7::text[]) m(build, partition, was, seq, time_us, halted, fault)),"
    " u AS (UPDATE fluvius_read.checkpoint c SET seq = m.seq, time_us = m.time_us, halted = m.halted,"
    " fault = m.fault FROM m WHERE c.build = m.build AND c.partition = m.partition AND c.seq = m.was RETURNING 1)"
    " SELECT fluvius_read.moved((SELECT count(*) FROM u), (SELECT count(*) FROM m))";

static enum error moves_send(struct postgres_writer *writer, const struct row_batch *batch, struct store_fault *fault)
{
    struct buffer *arrays = writer->arrays;
    for (uint32_t i = 0; i < POSTGRES_MOVE_COLUMNS; i++)
        array_begin(&arrays[i], i == MOVE_TEXT ? TYPE_TEXT : TYPE_BIGINT);
    for (size_t i = 0; i < batch->move_count; i++) {
        const struct checkpoint_move *move = &batch->moves[i];
        const uint64_t numbers[MOVE_TEXT] = {
            move->build, move->partition, move->from, move->to.seq, (uint64_t)move->to.time_us, move->to.halted};
        for (uint32_t column = 0; column < MOVE_TEXT; column++)
            number_put(&arrays[column], numbers[column]);
        text_put(&arrays[MOVE_TEXT], move->to.fault);
    }
    for (uint32_t i = 0; i < POSTGRES_MOVE_COLUMNS; i++)
        array_end(&arrays[i], batch->move_count);
    buffer_clear(&writer->sql);
    buffer_append_text(&writer->sql, moves_sql);
    sql_end(&writer->sql);
    return postgres_put(writer, POSTGRES_MOVE_COLUMNS, fault);
}

/* ---- rows ---- */

static uint32_t row_type(const struct postgres_writer *writer, uint32_t build, uint32_t number)
{
    for (size_t i = 0; i < writer->row_type_count; i++)
        if (writer->row_types[i].build == build && writer->row_types[i].number == number)
            return writer->row_types[i].type;
    return 0;
}

static enum error row_type_find(struct postgres_writer *writer, const struct row_set *set, struct store_fault *fault)
{
    struct parameters none = {0};
    PGresult *result;
    if (!grow((void **)&writer->row_types,
              &writer->row_type_capacity,
              writer->row_type_count + 1,
              sizeof writer->row_types[0]))
        return fault_set(fault, error_no_memory, "no memory for a table");
    buffer_clear(&writer->sql);
    buffer_append_text(&writer->sql, "SELECT '");
    table_name(&writer->sql, DIALECT_POSTGRESQL, set->build, set->number);
    buffer_append_text(&writer->sql, "'::regtype::oid");
    sql_end(&writer->sql);
    enum error error =
        postgres_ask(writer, (const char *)writer->sql.data, &none, &result, "looking for a table", fault);
    if (error != error_none)
        return error;
    writer->row_types[writer->row_type_count++] =
        (struct row_type){set->build, set->number, (uint32_t)result_number(result, 0, 0)};
    PQclear(result);
    return error_none;
}

static enum error
row_types_find(struct postgres_writer *writer, const struct row_batch *batch, struct store_fault *fault)
{
    enum error error = error_none;
    for (size_t i = 0; i < batch->set_count && error == error_none; i++)
        if (batch->sets[i].count > 0 && row_type(writer, batch->sets[i].build, batch->sets[i].number) == 0)
            error = row_type_find(writer, &batch->sets[i], fault);
    return error;
}

/* A table's columns are in the order of table.h, so its row type is too. */
static void set_sql(struct buffer *sql, const struct row_set *set)
{
    buffer_clear(sql);
    table_insert(sql, DIALECT_POSTGRESQL, set->build, set->number, set->model);
    buffer_append_text(sql, " SELECT r.* FROM unnest($1::");
    table_name(sql, DIALECT_POSTGRESQL, set->build, set->number);
    buffer_append_text(sql, "[]) r");
    table_replace(sql, set->model);
    sql_end(sql);
}

static uint32_t type_number(const struct model *model, uint32_t column)
{
    switch (column_type(DIALECT_POSTGRESQL, model, column)[0]) {
    case 'b':
        return TYPE_BIGINT;
    case 'd':
        return TYPE_DOUBLE;
    case 'j':
        return TYPE_JSON;
    default:
        return TYPE_TEXT;
    }
}

/* A row: its size, how many columns it has, and of each the type and the value. */
static enum error row_put(
    struct postgres_writer *writer, const struct row_set *set, size_t i, struct buffer *out, struct store_fault *fault)
{
    uint32_t columns = table_columns(set->model);
    size_t place = out->size;
    enum error error = set_values(set, i, &writer->scratch, writer->values, fault);
    if (error != error_none)
        return error;
    word_put(out, 0);
    word_put(out, columns);
    for (uint32_t column = 0; column < columns; column++) {
        uint32_t type = type_number(set->model, column);
        word_put(out, type);
        value_put(out, &writer->values[column], type);
    }
    word_set(out, place, (uint32_t)(out->size - place - sizeof(uint32_t)));
    return error_none;
}

static enum error set_send(struct postgres_writer *writer, const struct row_set *set, struct store_fault *fault)
{
    struct buffer *out = &writer->arrays[0];
    enum error error = error_none;
    set_sql(&writer->sql, set);
    for (size_t at = 0, begin = 0; at < set->count && error == error_none; begin = at) {
        array_begin(out, row_type(writer, set->build, set->number));
        for (; at < set->count && at - begin < CHUNK_ROWS && out->size < CHUNK_BYTES && error == error_none; at++)
            error = row_put(writer, set, at, out, fault);
        array_end(out, at - begin);
        if (error == error_none)
            error = postgres_put(writer, 1, fault);
    }
    return error;
}

/* ---- the transaction ---- */

static void text_send(struct postgres_writer *writer, const char *sql, struct value *values, uint32_t count)
{
    const struct select select = {
        .sql = {.data = (uint8_t *)(uintptr_t)sql, .size = strlen(sql)}, .count = count, .values = values};
    pipe_put(&writer->pipe, &select, NULL, NULL);
}

static enum error batch_send(struct postgres_writer *writer, const struct row_batch *batch, struct store_fault *fault)
{
    struct value fence[] = {{.kind = VALUE_INTEGER, .integer = (int64_t)writer->boot},
                            {.kind = VALUE_INTEGER, .integer = (int64_t)writer->epoch}};
    text_send(writer, "BEGIN", NULL, 0);
    enum error error = moves_send(writer, batch, fault);
    for (size_t i = 0; i < batch->set_count && error == error_none; i++)
        error = set_send(writer, &batch->sets[i], fault);
    if (error != error_none)
        return error;
    text_send(writer, "SELECT fluvius_read.fence($1, $2)", fence, 2);
    text_send(writer, "COMMIT", NULL, 0);
    return error_none;
}

enum error postgres_commit_batch(struct writer *base, const struct row_batch *batch, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    if (!pg_is_open(&writer->link))
        return pg_fault(&writer->link, NULL, "writing rows", fault); /* its slots are to be taken anew first */
    enum error error = row_types_find(writer, batch, fault);
    if (error != error_none)
        return error;
    pipe_begin(&writer->pipe, &writer->link, UINT64_MAX);
    error = batch_send(writer, batch, fault);
    enum error answer = pipe_end(&writer->pipe, NULL, 0, "writing rows", error == error_none ? fault : NULL);
    if (error == error_none)
        error = answer;
    if (error != error_none)
        postgres_rollback(writer);
    return error;
}
