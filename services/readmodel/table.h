/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of a model in both databases: the SQL that makes it, drops it and puts a row into it, and a row's values in
 * the order of its columns. SQL text is made of numbers and fixed words only. Pure. */
#ifndef READMODEL_TABLE_H
#define READMODEL_TABLE_H

#include "services/readmodel/database.h"

enum dialect { DIALECT_SQLITE = 1, DIALECT_POSTGRESQL };

/* Columns of every table; those of the model's fields follow: TABLE_FIELDS + i is c<i>. */
enum table_column {
    TABLE_REALM,
    TABLE_ID,
    TABLE_ETAG,
    TABLE_CREATED,
    TABLE_UPDATED,
    TABLE_CREATOR,
    TABLE_UPDATER,
    TABLE_DELETED,
    TABLE_TEXT, /* the words of the row (words.h); NULL where it has none, so that nothing needs to be indexed */
    TABLE_ROW,  /* the whole row as readers get it (row_text.h) */
    TABLE_FIELDS
};
#define TABLE_COLUMNS_MAX (TABLE_FIELDS + MODEL_FIELDS_MAX)
static inline uint32_t table_columns(const struct model *model)
{
    return TABLE_FIELDS + model->field_count;
}

/* Appends a number in base 10; SQL is full of them, and printf is slow. */
void sql_number(struct buffer *sql, uint32_t number);

/* Appends "m<build>_<number>"; in PostgreSQL "fluvius_read.m<build>_<number>". */
void table_name(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number);
/* Appends the column's name, and its type ("bigint"; in SQLite "INTEGER"). */
void column_name(struct buffer *sql, uint32_t column);
const char *column_type(enum dialect dialect, const struct model *model, uint32_t column);

/* Append one or more statements, each ended by ";\n". A table comes with its indexes: the key, fields that are uuids
 * (references to other aggregates), and the words, in an FTS5 table m<build>_<number>_text that triggers keep (SQLite)
 * or a GIN index (PostgreSQL). Words cost a write nothing when they did not change: in SQLite the trigger looks at the
 * column, in PostgreSQL a row is then updated in place (HOT) as long as its page has room. */
void table_create(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model);
void table_drop(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model);

/* Appends "INSERT INTO ... (columns)"; the caller appends VALUES or a SELECT. */
void table_insert(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model);
/* Appends " ON CONFLICT ... DO UPDATE ...": the row as it shall be replaces what is there, which keeps its _created
 * and _creator. */
void table_replace(struct buffer *sql, const struct model *model);
/* Both with a parameter a column ("?1" in SQLite; "$1", "$2::jsonb" in PostgreSQL), without an end. */
void table_put(struct buffer *sql, enum dialect dialect, uint32_t build, uint32_t number, const struct model *model);

/* Appends a value as LIST and MAP columns have it: JSON whose maps are sorted, by way of scratch; when that is NULL, as
 * they stand. U+0000 becomes U+FFFD. */
enum error column_json(struct buffer *out, struct slice raw, struct buffer *scratch);

/* The values of a row, table_columns of them, in the order of the columns. LIST and MAP are their JSON as text (also
 * for PostgreSQL, which makes jsonb of it). They point into row and scratch, which is cleared first. A value of another
 * kind than its field's is NULL. error_invalid_data when row->data is no map, error_no_memory. */
enum error table_values(const struct model *model, const struct row *row, struct buffer *scratch, struct value *values);

#endif
