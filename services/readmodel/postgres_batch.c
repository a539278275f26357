/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A batch on PostgreSQL is one message of several statements, answered once: checkpoints and rows are copied to
 * temporary tables and taken from there. The fence comes last, so that nobody waits for it longer than a moment. */
#include "services/readmodel/postgres_writer.h"

#include <inttypes.h>

#include "services/store/grow.h"

#define PLACES "build, partition, was, seq, time_us, halted, fault"
static const char copy_head[19] = "PGCOPY\n\377\r\n";

/* ---- rows of a binary COPY ---- */

static void word_put(struct buffer *out, uint32_t word)
{
    word = __builtin_bswap32(word);
    buffer_append(out, &word, sizeof word);
}

static void columns_put(struct buffer *out, uint32_t count)
{
    const uint8_t bytes[2] = {(uint8_t)(count >> 8), (uint8_t)count};
    buffer_append(out, bytes, sizeof bytes);
}

static void number_put(struct buffer *out, uint64_t number)
{
    uint8_t bytes[12] = {0, 0, 0, 8};
    store_big_endian(bytes + 4, number);
    buffer_append(out, bytes, sizeof bytes);
}

static void text_put(struct buffer *out, struct slice text)
{
    word_put(out, (uint32_t)text.size);
    buffer_append(out, text.data, text.size);
}

/* jsonb is its text with the number of its format before. */
static void json_put(struct buffer *out, struct slice text)
{
    word_put(out, (uint32_t)text.size + 1);
    buffer_append(out, "\1", 1);
    buffer_append(out, text.data, text.size);
}

static bool is_json(const struct model *model, uint32_t column)
{
    if (column < TABLE_FIELDS)
        return false;
    enum model_kind kind = model->fields[column - TABLE_FIELDS].kind;
    return kind == MODEL_LIST || kind == MODEL_MAP;
}

static void value_put(struct buffer *out, const struct value *value, bool json)
{
    uint64_t bits;
    switch (value->kind) {
    case VALUE_NULL:
        word_put(out, UINT32_MAX);
        break;
    case VALUE_INTEGER:
        number_put(out, (uint64_t)value->integer);
        break;
    case VALUE_DOUBLE:
        memcpy(&bits, &value->number, sizeof bits);
        number_put(out, bits);
        break;
    default:
        json ? json_put(out, value->text) : text_put(out, value->text);
    }
}

static void copy_begin(struct buffer *out)
{
    buffer_clear(out);
    buffer_append(out, copy_head, sizeof copy_head);
}

static enum error
set_fill(struct postgres_writer *writer, const struct row_set *set, struct buffer *out, struct store_fault *fault)
{
    uint32_t columns = table_columns(set->model);
    enum error error = error_none;
    copy_begin(out);
    for (size_t i = 0; i < set->count && error == error_none; i++) {
        error = set_values(set, i, &writer->scratch, writer->values, fault);
        columns_put(out, columns);
        for (uint32_t column = 0; column < columns && error == error_none; column++)
            value_put(out, &writer->values[column], is_json(set->model, column));
    }
    columns_put(out, UINT16_MAX);
    return error;
}

static void moves_fill(const struct row_batch *batch, struct buffer *out)
{
    copy_begin(out);
    for (size_t i = 0; i < batch->move_count; i++) {
        const struct checkpoint_move *move = &batch->moves[i];
        columns_put(out, 7);
        number_put(out, move->build);
        number_put(out, move->partition);
        number_put(out, move->from);
        number_put(out, move->to.seq);
        number_put(out, (uint64_t)move->to.time_us);
        number_put(out, move->to.halted);
        text_put(out, move->to.fault);
    }
    columns_put(out, UINT16_MAX);
}

/* ---- the statements ---- */

static void columns_append(struct buffer *sql, const struct model *model)
{
    for (uint32_t column = 0; column < table_columns(model); column++) {
        buffer_append_text(sql, column == 0 ? "" : ", ");
        column_name(sql, column);
    }
}

static void moves_sql(struct buffer *sql, size_t count)
{
    buffer_printf(sql,
                  "COPY pg_temp.moves (" PLACES ") FROM STDIN BINARY;"
                  " WITH u AS (UPDATE fluvius_read.checkpoint c SET seq = s.seq, time_us = s.time_us,"
                  " halted = s.halted, fault = s.fault FROM pg_temp.moves s WHERE c.build = s.build"
                  " AND c.partition = s.partition AND c.seq = s.was RETURNING 1)"
                  " SELECT fluvius_read.moved((SELECT count(*) FROM u), %zu); ",
                  count);
}

static void set_sql(struct buffer *sql, const struct row_set *set)
{
    buffer_printf(sql, "COPY pg_temp.s%u_%u (", set->build, set->number);
    columns_append(sql, set->model);
    buffer_append_text(sql, ") FROM STDIN BINARY; ");
    table_insert(sql, DIALECT_POSTGRESQL, set->build, set->number, set->model);
    buffer_append_text(sql, " SELECT ");
    columns_append(sql, set->model);
    buffer_printf(sql, " FROM pg_temp.s%u_%u", set->build, set->number);
    table_replace(sql, set->model);
    buffer_append_text(sql, "; ");
}

static void batch_sql(struct postgres_writer *writer, const struct row_batch *batch)
{
    buffer_clear(&writer->sql);
    buffer_append_text(&writer->sql, "BEGIN; ");
    moves_sql(&writer->sql, batch->move_count);
    for (size_t i = 0; i < batch->set_count; i++)
        if (batch->sets[i].count > 0)
            set_sql(&writer->sql, &batch->sets[i]);
    buffer_printf(&writer->sql,
                  "SELECT fluvius_read.fence(%" PRId64 ", %" PRId64 "); COMMIT",
                  (int64_t)writer->boot,
                  (int64_t)writer->epoch);
    buffer_append(&writer->sql, "", 1);
}

/* ---- temporary tables ---- */

static bool is_staged(const struct postgres_writer *writer, const struct row_set *set)
{
    for (size_t i = 0; i < writer->staged_count; i++)
        if (writer->staged[i].build == set->build && writer->staged[i].number == set->number)
            return true;
    return false;
}

static enum error stage(struct postgres_writer *writer, const struct row_set *set, struct store_fault *fault)
{
    if (is_staged(writer, set))
        return error_none;
    if (!grow((void **)&writer->staged, &writer->staged_capacity, writer->staged_count + 1, sizeof writer->staged[0]))
        return fault_set(fault, error_no_memory, "no memory for a table");
    buffer_clear(&writer->sql);
    buffer_printf(&writer->sql, "CREATE TEMP TABLE IF NOT EXISTS s%u_%u (LIKE ", set->build, set->number);
    table_name(&writer->sql, DIALECT_POSTGRESQL, set->build, set->number);
    buffer_append_text(&writer->sql, ") ON COMMIT DELETE ROWS");
    enum error error = postgres_run(writer, "making a temporary table", fault);
    if (error == error_none)
        writer->staged[writer->staged_count++] = (struct staged){set->build, set->number};
    return error;
}

static enum error stage_all(struct postgres_writer *writer, const struct row_batch *batch, struct store_fault *fault)
{
    enum error error = error_none;
    if (writer->staged_count == 0) {
        buffer_clear(&writer->sql);
        buffer_append_text(&writer->sql,
                           "CREATE TEMP TABLE IF NOT EXISTS moves (build bigint, partition bigint, was bigint,"
                           " seq bigint, time_us bigint, halted bigint, fault text) ON COMMIT DELETE ROWS");
        error = postgres_run(writer, "making a temporary table", fault);
    }
    for (size_t i = 0; i < batch->set_count && error == error_none; i++)
        if (batch->sets[i].count > 0)
            error = stage(writer, &batch->sets[i], fault);
    return error;
}

/* ---- running it ---- */

static enum error
copies_fill(struct postgres_writer *writer, const struct row_batch *batch, size_t *count, struct store_fault *fault)
{
    size_t had = writer->copy_capacity;
    if (!grow((void **)&writer->copies, &writer->copy_capacity, batch->set_count + 1, sizeof writer->copies[0]))
        return fault_set(fault, error_no_memory, "no memory for rows");
    memset(writer->copies + had, 0, (writer->copy_capacity - had) * sizeof writer->copies[0]);
    moves_fill(batch, &writer->copies[0]);
    enum error error = error_none;
    bool failed = writer->copies[0].failed;
    *count = 1;
    for (size_t i = 0; i < batch->set_count && error == error_none; i++)
        if (batch->sets[i].count > 0) {
            struct buffer *out = &writer->copies[(*count)++];
            error = set_fill(writer, &batch->sets[i], out, fault);
            failed = failed || out->failed;
        }
    return error == error_none && failed ? fault_set(fault, error_no_memory, "no memory for rows") : error;
}

static bool copy_feed(PGconn *connection, const struct buffer *rows)
{
    enum { PIECE = 1 << 20 };
    for (size_t at = 0; at < rows->size; at += PIECE) {
        size_t left = rows->size - at;
        if (PQputCopyData(connection, (const char *)rows->data + at, (int)(left < PIECE ? left : PIECE)) != 1)
            return false;
    }
    return PQputCopyEnd(connection, NULL) == 1;
}

/* Reads every result, feeding each COPY that begins; the first fault stays. */
static enum error answers_read(struct postgres_writer *writer, size_t copies, struct store_fault *fault)
{
    enum error error = error_none;
    PGresult *result;
    size_t fed = 0;
    while ((result = PQgetResult(writer->link.connection)) != NULL) {
        ExecStatusType status = PQresultStatus(result);
        bool copying = status == PGRES_COPY_IN;
        if (!copying && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && error == error_none)
            error = pg_fault(&writer->link, result, "writing rows", fault);
        PQclear(result);
        if (copying && (fed == copies || !copy_feed(writer->link.connection, &writer->copies[fed++])))
            break;
        if (status == PGRES_FATAL_ERROR && !pg_is_open(&writer->link))
            break;
    }
    if (!pg_is_open(&writer->link) && error == error_none)
        error = pg_fault(&writer->link, NULL, "writing rows", fault);
    return error;
}

enum error postgres_commit_batch(struct writer *base, const struct row_batch *batch, struct store_fault *fault)
{
    struct postgres_writer *writer = postgres_writer_of(base);
    size_t copies = 0;
    if (!pg_is_open(&writer->link))
        return pg_fault(&writer->link, NULL, "writing rows", fault); /* its slots are to be taken anew first */
    enum error error = copies_fill(writer, batch, &copies, fault);
    if (error == error_none)
        error = stage_all(writer, batch, fault);
    if (error != error_none)
        return error;
    batch_sql(writer, batch);
    if (writer->sql.failed)
        return fault_set(fault, error_no_memory, "no memory for SQL");
    if (PQsendQuery(writer->link.connection, (const char *)writer->sql.data) != 1)
        error = pg_fault(&writer->link, NULL, "writing rows", fault);
    else
        error = answers_read(writer, copies, fault);
    if (error != error_none)
        postgres_rollback(writer);
    return error;
}
