/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See row_text.h. */
#include "services/readmodel/row_text.h"

#include "libactor/domain/scalar.h"
#include "proto/json.h"
#include "proto/number.h"

/* ---- writing ---- */

static void time_write(struct buffer *out, int64_t time_us)
{
    char text[TIMESTAMP_TEXT_SIZE + 2];
    text[0] = text[sizeof text - 1] = '"';
    if (timestamp_format(time_us, text + 1))
        buffer_append(out, text, sizeof text);
    else
        buffer_append_text(out, "null");
}

/* As a text, as in the answers to commands. */
static void version_write(struct buffer *out, uint64_t version)
{
    char text[22], *end = text + sizeof text, *at;
    *--end = '"';
    at = number_before(end, version, 10);
    *--at = '"';
    buffer_append(out, at, (size_t)(text + sizeof text - at));
}

static void audit_write(struct buffer *out, enum model_audit field, const struct row *row)
{
    switch (field) {
    case AUDIT_ID:
        json_quote(out, row->id);
        break;
    case AUDIT_CREATED:
        time_write(out, row->created_us);
        break;
    case AUDIT_UPDATED:
        time_write(out, row->updated_us);
        break;
    case AUDIT_CREATOR:
        json_quote(out, row->creator);
        break;
    case AUDIT_UPDATER:
        json_quote(out, row->updater);
        break;
    case AUDIT_DELETED:
        row->deleted_us == 0 ? buffer_append_text(out, "null") : time_write(out, row->deleted_us);
        break;
    case AUDIT_ETAG:
        version_write(out, row->version);
        break;
    default:
        json_quote(out, row->realm);
        break;
    }
}

/* The members of the map, behind those that are there. */
static enum error members_write(struct buffer *out, struct slice map)
{
    struct reader reader = reader_of(map);
    uint32_t entries;
    if (reader_map(&reader, &entries) != error_none)
        return error_invalid_data;
    size_t brace = out->size;
    enum error error = msgpack_to_json(map, out);
    if (error != error_none)
        return error == error_no_memory ? error : error_invalid_data;
    if (entries > 0)
        out->data[brace] = ',';
    else
        out->data[--out->size - 1] = '}'; /* "{}" has become "}" */
    return error_none;
}

enum error row_text_write(struct buffer *out, const struct row *row)
{
    for (uint32_t i = 0; i < AUDIT_COUNT; i++) {
        struct slice name = model_audit_fields[i].name;
        buffer_append_text(out, i == 0 ? "{\"" : ",\"");
        buffer_append(out, name.data, name.size);
        buffer_append_text(out, "\":");
        audit_write(out, (enum model_audit)i, row);
    }
    return out->failed ? error_no_memory : members_write(out, row->data);
}

/* ---- picking ---- */

struct picker {
    struct buffer *out;
    const struct query *query;
    const uint8_t *at, *end;
    bool broken;
    uint32_t guess;
    char path[512];
};

/* What stands next; 0 at the end. */
static uint8_t peek(const struct picker *picker)
{
    return picker->at < picker->end ? *picker->at : 0;
}

static void expect(struct picker *picker, uint8_t byte)
{
    if (peek(picker) == byte)
        picker->at++;
    else
        picker->broken = true;
}

/* Behind the string's closing quote; what is between the quotes, as it stands. */
static struct slice string_skip(struct picker *picker)
{
    expect(picker, '"');
    const uint8_t *start = picker->at;
    while (picker->at < picker->end && *picker->at != '"')
        picker->at += *picker->at == '\\' && picker->end - picker->at > 1 ? 2 : 1;
    if (picker->at >= picker->end) {
        picker->at = picker->end;
        picker->broken = true;
        return (struct slice){0};
    }
    return slice_of(start, (size_t)(picker->at++ - start));
}

/* To the comma or bracket behind the value. */
static void value_skip(struct picker *picker)
{
    uint32_t depth = 0;
    for (; picker->at < picker->end; picker->at++) {
        uint8_t byte = *picker->at;
        if (depth == 0 && (byte == ',' || byte == '}' || byte == ']'))
            return;
        depth += byte == '{' || byte == '[';
        depth -= byte == '}' || byte == ']';
        if (byte != '"')
            continue;
        string_skip(picker);
        picker->at--; /* at the quote that ends it */
    }
}

static bool record_pick(struct picker *picker, size_t path_size, bool top);

/* Is the model's field of that path kept? -1: it is no field. */
static int path_keeps(struct picker *picker, size_t path_size)
{
    int32_t field = model_find(picker->query->model, slice_of(picker->path, path_size), &picker->guess);
    return field < 0 ? -1 : picker->query->keep[field];
}

/* A member that is no audit field; false when nothing of it is left. */
static bool member_pick(struct picker *picker, size_t path_size, const uint8_t *start, struct slice key)
{
    bool keep = picker->query->keep_others;
    if (path_size + key.size + 1 < sizeof picker->path) {
        memcpy(picker->path + path_size, key.data, key.size);
        path_size += key.size;
        int kept = path_keeps(picker, path_size);
        if (kept < 0 && peek(picker) == '{') {
            buffer_append(picker->out, start, (size_t)(picker->at - start));
            picker->path[path_size++] = '.';
            return record_pick(picker, path_size, false);
        }
        keep = kept < 0 ? keep : kept;
    }
    value_skip(picker);
    if (keep)
        buffer_append(picker->out, start, (size_t)(picker->at - start));
    return keep;
}

/* The member at number; those of the whole row begin with the audit fields. */
static bool number_pick(struct picker *picker, size_t path_size, uint32_t number)
{
    const uint8_t *start = picker->at;
    struct slice key = string_skip(picker);
    expect(picker, ':');
    if (picker->broken)
        return false;
    if (number >= AUDIT_COUNT)
        return member_pick(picker, path_size, start, key);
    value_skip(picker);
    if (picker->query->keep_audit[number])
        buffer_append(picker->out, start, (size_t)(picker->at - start));
    return picker->query->keep_audit[number];
}

/* False when nothing of it is left. */
static bool record_pick(struct picker *picker, size_t path_size, bool top)
{
    struct buffer *out = picker->out;
    uint32_t number = top ? 0 : AUDIT_COUNT;
    bool any = false;
    expect(picker, '{');
    buffer_append_text(out, "{");
    while (!picker->broken && peek(picker) != '}') {
        size_t before = out->size;
        if (any)
            buffer_append_text(out, ",");
        if (number_pick(picker, path_size, number++))
            any = true;
        else
            out->size = before;
        if (peek(picker) != '}')
            expect(picker, ',');
    }
    expect(picker, '}');
    buffer_append_text(out, "}");
    return any;
}

static bool keeps_all(const struct query *query)
{
    bool all = query->all_fields;
    for (uint32_t i = 0; i < AUDIT_COUNT; i++)
        all = all && query->keep_audit[i];
    return all;
}

static bool members_pick(struct buffer *out, const struct query *query, struct slice text)
{
    struct picker picker;
    picker.out = out;
    picker.query = query;
    picker.at = text.data;
    picker.end = text.data + text.size;
    picker.broken = false;
    picker.guess = 0; /* and the path is written before it is read */
    record_pick(&picker, 0, true);
    return !picker.broken && picker.at == picker.end;
}

enum error row_text_pick(struct buffer *out, const struct query *query, struct slice text)
{
    if (keeps_all(query))
        buffer_append(out, text.data, text.size);
    else if (!members_pick(out, query, text))
        return error_corrupt;
    return out->failed ? error_no_memory : error_none;
}

/* ---- reading ---- */

enum error row_text_read(struct slice text, struct buffer *memory, struct slice *out)
{
    uint32_t entries = 0;
    buffer_clear(memory);
    enum error error = json_to_msgpack(text, memory, NULL);
    if (error == error_no_memory || !buffer_reserve(memory, memory->size + 8)) /* it does not move from here on */
        return error_no_memory;
    struct reader reader = reader_of(buffer_slice(memory));
    if (error == error_none)
        error = reader_map(&reader, &entries);
    for (uint32_t i = 0; error == error_none && i < 2 * AUDIT_COUNT; i++)
        error = reader_skip(&reader);
    if (error != error_none)
        return error_corrupt;
    size_t start = memory->size;
    write_map(memory, entries - AUDIT_COUNT);
    buffer_append(memory, reader.at, (size_t)(reader.end - reader.at));
    *out = slice_of(memory->data + start, memory->size - start);
    return error_none;
}
