/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Words, order, and where a page begins. */
#include "services/readmodel/select_text.h"

/* A word's occurrences count as many millionths of the row's text as they are; a short text is none the better for it.
 * The same whole numbers come out in both databases. */
#define RANK_UNIT "1000000"
#define RANK_SPARE "64"

/* ---- words ---- */

static struct slice word_next(struct slice *words)
{
    const uint8_t *space = memchr(words->data, ' ', words->size);
    size_t size = space == NULL ? words->size : (size_t)(space - words->data);
    struct slice word = slice_of(words->data, size);
    size_t gone = space == NULL ? size : size + 1;
    *words = slice_of(words->data + gone, words->size - gone);
    return word;
}

static int64_t characters(struct slice text)
{
    int64_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

/* Each word, and by how many characters a text gets shorter for each place it is taken out of. */
static void words_bind(struct select_writer *writer)
{
    struct slice words = writer->query->words;
    if (writer->word_parameter > 0)
        return;
    writer->word_parameter = writer->out->count + 1;
    while (words.size > 0) {
        struct slice word = word_next(&words);
        select_bind(writer, &(struct value){.kind = VALUE_TEXT, .text = word});
        select_bind(writer, &(struct value){.kind = VALUE_INTEGER, .integer = characters(word) + 1});
    }
}

/* FTS5 takes words in quotes; none of ours has one. */
static void put_match(struct select_writer *writer)
{
    for (uint32_t i = 0; i < writer->query->word_count; i++) {
        select_put(writer, i == 0 ? "'\"' || " : " || '\" \"' || ");
        select_parameter(writer, writer->word_parameter + 2 * i);
    }
    select_put(writer, " || '\"'");
}

void select_words(struct select_writer *writer)
{
    struct buffer *sql = &writer->out->sql;
    uint32_t build = writer->target->build, number = writer->target->number;
    words_bind(writer);
    if (select_is_sqlite(writer)) {
        buffer_printf(
            sql, " AND rowid IN (SELECT rowid FROM m%u_%u_text WHERE m%u_%u_text MATCH ", build, number, build, number);
        put_match(writer);
        select_put(writer, ")");
        return;
    }
    select_put(writer, " AND _text IS NOT NULL AND string_to_array(_text, ' ') @> ARRAY[");
    for (uint32_t i = 0; i < writer->query->word_count; i++) {
        select_put(writer, i == 0 ? "" : ", ");
        select_parameter(writer, writer->word_parameter + 2 * i);
    }
    select_put(writer, "]");
}

/* Takes each word out of the text, which has a space on each side of every word, and sees how much is gone. */
static void put_rank(struct select_writer *writer)
{
    words_bind(writer);
    select_put(writer, "((0");
    for (uint32_t i = 0; i < writer->query->word_count; i++) {
        uint32_t word = writer->word_parameter + 2 * i;
        select_put(writer, " + (length(_text) + 2 - length(replace(' ' || _text || ' ', ' ' || ");
        select_parameter(writer, word);
        select_put(writer, " || ' ', ' '))) / ");
        select_parameter(writer, word + 1);
    }
    select_put(writer, ") * " RANK_UNIT " / (length(_text) + " RANK_SPARE "))");
}

/* ---- order ---- */

/* Only what can be long is cut. */
void select_sort_expression(struct select_writer *writer, uint32_t field)
{
    struct buffer *sql = &writer->out->sql;
    if (field == FIELD_RANK) {
        put_rank(writer);
        return;
    }
    if (field >= FIELD_AUDIT || query_field(writer->query->model, field)->kind != MODEL_TEXT) {
        column_name(sql, field_column(field));
        return;
    }
    select_put(writer, "substr(");
    column_name(sql, field_column(field));
    buffer_printf(sql, ", 1, %d)", SORT_CHARACTERS);
}

static bool key_is_null(uint32_t field)
{
    return field != FIELD_RANK && field_is_null(field);
}

void select_order(struct select_writer *writer)
{
    for (uint32_t i = 0; i < writer->query->sort_count; i++) {
        const struct sort_key *key = &writer->query->sort[i];
        select_put(writer, i == 0 ? " ORDER BY " : ", ");
        select_sort_expression(writer, key->field);
        select_put(writer, key->descending ? " DESC" : "");
        select_put(writer, key_is_null(key->field) ? " NULLS LAST" : "");
    }
}

/* ---- behind a cursor ---- */

static void put_behind(struct select_writer *writer, const struct sort_key *key, const struct value *value)
{
    bool null = key_is_null(key->field);
    if (value->kind == VALUE_NULL) {
        select_put(writer, "1 = 0");
        return;
    }
    select_put(writer, null ? "(" : "");
    select_sort_expression(writer, key->field);
    select_put(writer, key->descending ? " < " : " > ");
    select_value(writer, value);
    if (null) {
        select_put(writer, " OR ");
        select_sort_expression(writer, key->field);
        select_put(writer, " IS NULL)");
    }
}

static void put_same(struct select_writer *writer, const struct sort_key *key, const struct value *value)
{
    select_sort_expression(writer, key->field);
    if (value->kind == VALUE_NULL) {
        select_put(writer, " IS NULL");
        return;
    }
    select_put(writer, " = ");
    select_value(writer, value);
}

/* behind the first, or the same and behind the second, or ... */
void select_after(struct select_writer *writer)
{
    const struct query *query = writer->query;
    uint32_t open = 0;
    select_put(writer, " AND ");
    for (uint32_t i = 0; i < query->sort_count; i++) {
        bool last = i + 1 == query->sort_count;
        if (!last)
            select_put(writer, "(");
        put_behind(writer, &query->sort[i], &query->after[i]);
        if (last)
            break;
        select_put(writer, " OR (");
        put_same(writer, &query->sort[i], &query->after[i]);
        select_put(writer, " AND ");
        open += 2;
    }
    for (; open > 0; open--)
        select_put(writer, ")");
}
