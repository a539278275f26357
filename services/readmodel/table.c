/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQL of tables: made of numbers and fixed words. */
#include "services/readmodel/table.h"

static const char *const audit_names[TABLE_FIELDS] = {
    [TABLE_REALM] = "_realm",
    [TABLE_ID] = "_id",
    [TABLE_ETAG] = "_etag",
    [TABLE_CREATED] = "_created",
    [TABLE_UPDATED] = "_updated",
    [TABLE_CREATOR] = "_creator",
    [TABLE_UPDATER] = "_updater",
    [TABLE_DELETED] = "_deleted",
    [TABLE_TEXT] = "_text",
    [TABLE_ROW] = "_row",
};

static const char *schema_of(enum dialect dialect)
{
    return dialect == DIALECT_POSTGRESQL ? "fluvius_read." : "";
}

void sql_number(struct buffer *sql, uint32_t number)
{
    buffer_append_number(sql, number);
}

void table_name(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number)
{
    buffer_append_text(sql, schema_of(dialect));
    buffer_append(sql, "m", 1);
    sql_number(sql, build);
    buffer_append(sql, "_", 1);
    sql_number(sql, number);
}

void column_name(struct buffer *sql, uint32_t column)
{
    if (column < TABLE_FIELDS) {
        buffer_append_text(sql, audit_names[column]);
        return;
    }
    buffer_append(sql, "c", 1);
    sql_number(sql, column - TABLE_FIELDS);
}

static enum model_kind column_kind(const struct model *model, uint32_t column)
{
    switch (column) {
    case TABLE_ETAG:
    case TABLE_CREATED:
    case TABLE_UPDATED:
    case TABLE_DELETED:
        return MODEL_INT64;
    default:
        return column < TABLE_FIELDS ? MODEL_TEXT : model->fields[column - TABLE_FIELDS].kind;
    }
}

const char *column_type(enum dialect dialect, const struct model *model, uint32_t column)
{
    bool sqlite = dialect == DIALECT_SQLITE;
    switch (column_kind(model, column)) {
    case MODEL_BOOL:
    case MODEL_INT64:
    case MODEL_DECIMAL:
    case MODEL_TIMESTAMP:
    case MODEL_DATE:
        return sqlite ? "INTEGER" : "bigint";
    case MODEL_DOUBLE:
        return sqlite ? "REAL" : "double precision";
    case MODEL_LIST:
    case MODEL_MAP:
        return sqlite ? "TEXT" : "jsonb";
    default:
        return sqlite ? "TEXT" : "text";
    }
}

/* Order and equality of texts are those of their bytes, which for UTF-8 are those of its code points. SQLite does that
 * by itself. */
static const char *column_collation(enum dialect dialect, const struct model *model, uint32_t column)
{
    const char *type = column_type(dialect, model, column);
    return dialect == DIALECT_POSTGRESQL && strcmp(type, "text") == 0 ? " COLLATE \"C\"" : "";
}

static bool column_null(uint32_t column)
{
    return column >= TABLE_FIELDS || column == TABLE_DELETED || column == TABLE_TEXT;
}

/* ---- making ---- */

static void create_columns(struct buffer *sql, enum dialect dialect, const struct model *model)
{
    for (uint32_t column = 0; column < table_columns(model); column++) {
        column_name(sql, column);
        buffer_printf(sql,
                      " %s%s%s, ",
                      column_type(dialect, model, column),
                      column_collation(dialect, model, column),
                      column_null(column) ? "" : " NOT NULL");
    }
}

/* External content: the index keeps no text of its own. Its tokenizer takes ASCII letters, digits and all else above
 * ASCII as they are, which is what the words are made of. */
static void create_words_sqlite(struct buffer *sql, uint32_t build, uint32_t number)
{
    const unsigned b = build, n = number;
    buffer_printf(sql,
                  "CREATE VIRTUAL TABLE m%u_%u_text USING fts5(_text, content='m%u_%u', detail=none, columnsize=0, "
                  "tokenize='ascii');\n",
                  b,
                  n,
                  b,
                  n);
    buffer_printf(sql,
                  "CREATE TRIGGER m%u_%u_insert AFTER INSERT ON m%u_%u WHEN new._text IS NOT NULL BEGIN "
                  "INSERT INTO m%u_%u_text(rowid, _text) VALUES (new.rowid, new._text); END;\n",
                  b,
                  n,
                  b,
                  n,
                  b,
                  n);
    buffer_printf(sql,
                  "CREATE TRIGGER m%u_%u_delete AFTER DELETE ON m%u_%u WHEN old._text IS NOT NULL BEGIN "
                  "INSERT INTO m%u_%u_text(m%u_%u_text, rowid, _text) VALUES ('delete', old.rowid, old._text); END;\n",
                  b,
                  n,
                  b,
                  n,
                  b,
                  n,
                  b,
                  n);
    buffer_printf(sql,
                  "CREATE TRIGGER m%u_%u_update AFTER UPDATE OF _text ON m%u_%u WHEN old._text IS NOT new._text BEGIN "
                  "INSERT INTO m%u_%u_text(m%u_%u_text, rowid, _text) SELECT 'delete', old.rowid, old._text "
                  "WHERE old._text IS NOT NULL; "
                  "INSERT INTO m%u_%u_text(rowid, _text) SELECT new.rowid, new._text WHERE new._text IS NOT NULL; "
                  "END;\n",
                  b,
                  n,
                  b,
                  n,
                  b,
                  n,
                  b,
                  n,
                  b,
                  n);
}

static void create_words(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number)
{
    if (dialect == DIALECT_SQLITE) {
        create_words_sqlite(sql, build, number);
        return;
    }
    buffer_printf(sql,
                  "CREATE INDEX m%u_%u_text ON fluvius_read.m%u_%u USING gin (string_to_array(_text, ' ')) "
                  "WHERE _text IS NOT NULL;\n",
                  build,
                  number,
                  build,
                  number);
}

static void
create_indexes(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model)
{
    for (uint32_t i = 0; i < model->field_count; i++) {
        if (model->fields[i].kind != MODEL_UUID)
            continue;
        buffer_printf(sql, "CREATE INDEX m%u_%u_c%u ON ", build, number, i);
        table_name(sql, dialect, build, number);
        buffer_printf(sql, " (_realm, c%u, _id) WHERE c%u IS NOT NULL;\n", i, i);
    }
}

void table_create(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model)
{
    buffer_append_text(sql, "CREATE TABLE ");
    table_name(sql, dialect, build, number);
    buffer_append_text(sql, " (");
    create_columns(sql, dialect, model);
    buffer_append_text(sql, "PRIMARY KEY (_realm, _id))");
    buffer_append_text(sql, dialect == DIALECT_SQLITE ? " STRICT;\n" : " WITH (fillfactor = 75);\n");
    create_indexes(sql, dialect, build, number, model);
    if (model_has_words(model))
        create_words(sql, dialect, build, number);
}

void table_drop(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model)
{
    if (dialect == DIALECT_SQLITE && model_has_words(model))
        buffer_printf(sql, "DROP TABLE IF EXISTS m%u_%u_text;\n", build, number);
    buffer_append_text(sql, "DROP TABLE IF EXISTS ");
    table_name(sql, dialect, build, number);
    buffer_append_text(sql, ";\n");
}

/* ---- writing ---- */

void table_insert(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model)
{
    buffer_append_text(sql, "INSERT INTO ");
    table_name(sql, dialect, build, number);
    for (uint32_t column = 0; column < table_columns(model); column++) {
        buffer_append_text(sql, column == 0 ? " (" : ", ");
        column_name(sql, column);
    }
    buffer_append_text(sql, ")");
}

void table_replace(struct buffer *sql, const struct model *model)
{
    buffer_append_text(sql, " ON CONFLICT (_realm, _id) DO UPDATE SET ");
    for (uint32_t column = TABLE_ETAG; column < table_columns(model); column++) {
        if (column == TABLE_CREATED || column == TABLE_CREATOR)
            continue;
        buffer_append_text(sql, column == TABLE_ETAG ? "" : ", ");
        column_name(sql, column);
        buffer_append_text(sql, " = excluded.");
        column_name(sql, column);
    }
}

void table_put(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model)
{
    table_insert(sql, dialect, build, number, model);
    for (uint32_t column = 0; column < table_columns(model); column++) {
        buffer_append_text(sql, column == 0 ? " VALUES (" : ", ");
        if (dialect == DIALECT_SQLITE)
            buffer_printf(sql, "?%u", column + 1);
        else
            buffer_printf(sql, "$%u::%s", column + 1, column_type(dialect, model, column));
    }
    buffer_append_text(sql, ")");
    table_replace(sql, model);
}
