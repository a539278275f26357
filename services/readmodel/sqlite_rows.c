/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows and checkpoints on SQLite. */
#include "services/readmodel/sqlite_writer.h"

#include "services/store/grow.h"

static bool place_take(sqlite3_stmt *row, uint32_t partitions, struct checkpoint *out, struct buffer *memory)
{
    uint64_t partition = column_unsigned(row, 0);
    struct slice fault = column_bytes(row, 4);
    size_t at = memory->size;
    if (partition >= partitions)
        return false;
    buffer_append(memory, fault.data, fault.size);
    out[partition] = (struct checkpoint){.seq = column_unsigned(row, 1),
                                         .time_us = sqlite3_column_int64(row, 2),
                                         .halted = column_unsigned(row, 3),
                                         .fault = {.data = (const uint8_t *)at, .size = fault.size}};
    return true;
}

/* The memory may have moved while it grew: places become addresses at the end. */
static void places_settle(struct checkpoint *out, uint32_t partitions, const struct buffer *memory)
{
    for (uint32_t i = 0; i < partitions; i++)
        out[i].fault.data = memory->data + (size_t)out[i].fault.data;
}

enum error sqlite_checkpoints(
    struct writer *base, uint32_t build, struct checkpoint *out, struct buffer *memory, struct store_fault *fault)
{
    struct sqlite_writer *writer = sqlite_writer_of(base);
    sqlite3_stmt *statement = writer->statements[SQLITE_WRITER_CHECKPOINTS];
    uint32_t count = 0;
    int code;
    memset(out, 0, writer->partitions * sizeof out[0]);
    sqlite3_bind_int64(statement, 1, build);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        count += place_take(statement, writer->partitions, out, memory);
    sqlite3_reset(statement);
    if (code != SQLITE_DONE)
        return sqlite_writer_fault(writer, code, "reading checkpoints", fault);
    if (memory->failed)
        return fault_set(fault, error_no_memory, "no memory for checkpoints");
    places_settle(out, writer->partitions, memory);
    return count == writer->partitions ? error_none
                                       : fault_set(fault,
                                                   error_corrupt,
                                                   "%s: build %u has %u checkpoints of %u",
                                                   writer->connection.path,
                                                   build,
                                                   count,
                                                   writer->partitions);
}

/* ---- tables ---- */

static struct sqlite_table *table_find(struct sqlite_writer *writer, uint32_t build, uint32_t number)
{
    for (size_t i = 0; i < writer->table_count; i++)
        if (writer->tables[i].build == build && writer->tables[i].number == number)
            return &writer->tables[i];
    if (!grow((void **)&writer->tables, &writer->table_capacity, writer->table_count + 1, sizeof writer->tables[0]))
        return NULL;
    struct sqlite_table *table = &writer->tables[writer->table_count++];
    *table = (struct sqlite_table){.build = build, .number = number};
    return table;
}

void sqlite_tables_forget(struct sqlite_writer *writer, uint32_t build)
{
    for (size_t i = writer->table_count; i-- > 0;)
        if (writer->tables[i].build == build) {
            sqlite3_finalize(writer->tables[i].put);
            sqlite3_finalize(writer->tables[i].load);
            writer->tables[i] = writer->tables[--writer->table_count];
        }
}

static enum error sql_prepare(struct sqlite_writer *writer, sqlite3_stmt **out, struct store_fault *fault)
{
    if (writer->sql.failed)
        return fault_set(fault, error_no_memory, "no memory for SQL");
    int code = sqlite3_prepare_v3(writer->connection.db,
                                  (const char *)writer->sql.data,
                                  (int)writer->sql.size,
                                  SQLITE_PREPARE_PERSISTENT,
                                  out,
                                  NULL);
    return code == SQLITE_OK ? error_none : sqlite_writer_fault(writer, code, "preparing", fault);
}

static enum error
put_prepare(struct sqlite_writer *writer, const struct row_set *set, sqlite3_stmt **out, struct store_fault *fault)
{
    struct sqlite_table *table = table_find(writer, set->build, set->number);
    if (table == NULL)
        return fault_set(fault, error_no_memory, "no memory for a table");
    if (table->put == NULL) {
        buffer_clear(&writer->sql);
        table_put(&writer->sql, DIALECT_SQLITE, set->build, set->number, set->model);
        enum error error = sql_prepare(writer, &table->put, fault);
        if (error != error_none)
            return error;
    }
    *out = table->put;
    return error_none;
}

static enum error load_prepare(
    struct sqlite_writer *writer, uint32_t build, uint32_t number, sqlite3_stmt **out, struct store_fault *fault)
{
    struct sqlite_table *table = table_find(writer, build, number);
    if (table == NULL)
        return fault_set(fault, error_no_memory, "no memory for a table");
    if (table->load == NULL) {
        buffer_clear(&writer->sql);
        buffer_append_text(&writer->sql, "SELECT " LOAD_COLUMNS " FROM ");
        table_name(&writer->sql, DIALECT_SQLITE, build, number);
        buffer_append_text(&writer->sql, " WHERE _realm = ?1 AND _id = ?2");
        enum error error = sql_prepare(writer, &table->load, fault);
        if (error != error_none)
            return error;
    }
    *out = table->load;
    return error_none;
}

/* ---- reading rows ---- */

static enum error row_give(struct sqlite_writer *writer,
                           sqlite3_stmt *statement,
                           const struct row_key *key,
                           size_t index,
                           row_visit visit,
                           void *context,
                           struct store_fault *fault)
{
    struct slice data;
    enum error error = load_data(column_bytes(statement, LOAD_ROW), &writer->scratch, &data, fault);
    if (error != error_none)
        return error;
    const struct row row = {.realm = key->realm,
                            .id = key->id,
                            .version = column_unsigned(statement, LOAD_ETAG),
                            .created_us = sqlite3_column_int64(statement, LOAD_CREATED),
                            .updated_us = sqlite3_column_int64(statement, LOAD_UPDATED),
                            .creator = column_bytes(statement, LOAD_CREATOR),
                            .updater = column_bytes(statement, LOAD_UPDATER),
                            .deleted_us = sqlite3_column_int64(statement, LOAD_DELETED),
                            .data = data};
    return visit(context, index, &row);
}

enum error sqlite_load(struct writer *base,
                       uint32_t build,
                       uint32_t number,
                       const struct row_key *keys,
                       size_t count,
                       row_visit visit,
                       void *context,
                       struct store_fault *fault)
{
    struct sqlite_writer *writer = sqlite_writer_of(base);
    sqlite3_stmt *statement = NULL;
    enum error error = load_prepare(writer, build, number, &statement, fault);
    for (size_t i = 0; i < count && error == error_none; i++) {
        bind_text(statement, 1, keys[i].realm);
        bind_text(statement, 2, keys[i].id);
        int code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            error = row_give(writer, statement, &keys[i], i, visit, context, fault);
        sqlite3_reset(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            error = sqlite_writer_fault(writer, code, "reading a row", fault);
    }
    return error;
}

/* ---- writing them ---- */

static void value_bind(sqlite3_stmt *statement, int place, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        sqlite3_bind_null(statement, place);
        break;
    case VALUE_INTEGER:
        sqlite3_bind_int64(statement, place, value->integer);
        break;
    case VALUE_DOUBLE:
        sqlite3_bind_double(statement, place, value->number);
        break;
    case VALUE_TEXT:
        bind_text(statement, place, value->text);
        break;
    case VALUE_BYTES:
        bind_bytes(statement, place, value->text);
        break;
    }
}

static enum error set_put(struct sqlite_writer *writer, const struct row_set *set, struct store_fault *fault)
{
    uint32_t columns = table_columns(set->model);
    sqlite3_stmt *statement = NULL;
    enum error error = put_prepare(writer, set, &statement, fault);
    for (size_t i = 0; i < set->count && error == error_none; i++) {
        error = set_values(set, i, &writer->scratch, writer->values, fault);
        for (uint32_t column = 0; column < columns && error == error_none; column++)
            value_bind(statement, (int)column + 1, &writer->values[column]);
        int code = error == error_none ? statement_run(statement) : SQLITE_OK;
        if (code != SQLITE_OK)
            error = sqlite_writer_fault(writer, code, "writing a row", fault);
    }
    return error;
}

static enum error
place_move(struct sqlite_writer *writer, const struct checkpoint_move *move, struct store_fault *fault)
{
    sqlite3_stmt *statement = writer->statements[SQLITE_WRITER_MOVE];
    sqlite3_bind_int64(statement, 1, move->build);
    sqlite3_bind_int64(statement, 2, move->partition);
    bind_unsigned(statement, 3, move->from);
    bind_unsigned(statement, 4, move->to.seq);
    sqlite3_bind_int64(statement, 5, move->to.time_us);
    bind_unsigned(statement, 6, move->to.halted);
    bind_text(statement, 7, move->to.fault);
    enum error error = sqlite_writer_run(writer, SQLITE_WRITER_MOVE, "moving a checkpoint", fault);
    if (error == error_none && sqlite3_changes(writer->connection.db) != 1)
        return fault_set(fault,
                         error_fenced,
                         "build %u partition %u: its checkpoint is not where this projector left it",
                         move->build,
                         move->partition);
    return error;
}

enum error sqlite_commit_batch(struct writer *base, const struct row_batch *batch, struct store_fault *fault)
{
    struct sqlite_writer *writer = sqlite_writer_of(base);
    enum error error = sqlite_writer_begin(writer, fault);
    if (error != error_none)
        return error;
    for (size_t i = 0; i < batch->move_count && error == error_none; i++)
        error = place_move(writer, &batch->moves[i], fault);
    for (size_t i = 0; i < batch->set_count && error == error_none; i++)
        error = set_put(writer, &batch->sets[i], fault);
    return sqlite_writer_end(writer, error, fault);
}
