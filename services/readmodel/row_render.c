/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row as its reader gets it: the audit fields, then its own, without what was left out. */
#include <inttypes.h>
#include <stdio.h>

#include "libactor/domain/scalar.h"
#include "services/readmodel/reader_page.h"

struct renderer {
    struct buffer *out;
    const struct query *query;
    uint32_t guess;
    char path[512];
};

/* ---- audit fields ---- */

static void write_time(struct buffer *out, const struct value *value)
{
    char text[TIMESTAMP_TEXT_SIZE];
    if (value->kind == VALUE_INTEGER && timestamp_format(value->integer, text))
        write_text(out, slice_of(text, sizeof text));
    else
        write_nil(out);
}

/* As text, as in the answers to commands. */
static void write_etag(struct buffer *out, int64_t version)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRId64, version);
    write_text(out, slice_of(text, (size_t)size));
}

static void
write_audit_value(struct buffer *out, enum model_audit field, const struct query *query, const struct value *columns)
{
    switch (field) {
    case AUDIT_ID:
        write_text(out, columns[SELECT_ID].text);
        break;
    case AUDIT_CREATED:
        write_time(out, &columns[SELECT_CREATED]);
        break;
    case AUDIT_UPDATED:
        write_time(out, &columns[SELECT_UPDATED]);
        break;
    case AUDIT_CREATOR:
        write_text(out, columns[SELECT_CREATOR].text);
        break;
    case AUDIT_UPDATER:
        write_text(out, columns[SELECT_UPDATER].text);
        break;
    case AUDIT_DELETED:
        write_time(out, &columns[SELECT_DELETED]);
        break;
    case AUDIT_ETAG:
        write_etag(out, columns[SELECT_ETAG].integer);
        break;
    default:
        write_text(out, query->realm);
        break;
    }
}

static uint32_t write_audit(struct buffer *out, const struct query *query, const struct value *columns)
{
    uint32_t entries = 0;
    for (uint32_t i = 0; i < AUDIT_COUNT; i++) {
        if (!query->keep_audit[i])
            continue;
        write_text(out, model_audit_fields[i].name);
        write_audit_value(out, (enum model_audit)i, query, columns);
        entries++;
    }
    return entries;
}

/* ---- its own ---- */

static enum error write_record(struct renderer *renderer, size_t path_size, struct slice map, uint32_t *kept);

/* A record of which nothing is kept is left out. */
static enum error
write_nested(struct renderer *renderer, size_t path_size, struct slice key, struct slice map, uint32_t *kept)
{
    struct buffer *out = renderer->out;
    size_t before = out->size;
    uint32_t entries = 0;
    renderer->path[path_size++] = '.';
    write_text(out, key);
    size_t place = write_map_begin(out);
    enum error error = write_record(renderer, path_size, map, &entries);
    write_map_end(out, place, entries);
    if (entries == 0)
        out->size = before;
    else
        ++*kept;
    return error;
}

static bool is_map(struct slice raw)
{
    struct reader reader = reader_of(raw);
    uint32_t entries;
    return reader_map(&reader, &entries) == error_none;
}

static enum error
write_entry(struct renderer *renderer, size_t path_size, struct slice key, struct slice raw, uint32_t *kept)
{
    const struct query *query = renderer->query;
    bool keep = query->keep_others;
    if (path_size + key.size + 1 < sizeof renderer->path) {
        memcpy(renderer->path + path_size, key.data, key.size);
        path_size += key.size;
        int32_t field = model_find(query->model, slice_of(renderer->path, path_size), &renderer->guess);
        if (field < 0 && is_map(raw))
            return write_nested(renderer, path_size, key, raw, kept);
        if (field >= 0)
            keep = query->keep[field];
    }
    if (keep) {
        write_text(renderer->out, key);
        write_raw(renderer->out, raw);
        ++*kept;
    }
    return error_none;
}

static enum error write_record(struct renderer *renderer, size_t path_size, struct slice map, uint32_t *kept)
{
    struct reader reader = reader_of(map);
    struct slice key, raw;
    uint32_t entries = 0;
    enum error error = reader_map(&reader, &entries);
    for (uint32_t i = 0; i < entries && error == error_none; i++) {
        error = reader_text(&reader, &key);
        if (error == error_none)
            error = reader_raw(&reader, &raw);
        if (error == error_none)
            error = write_entry(renderer, path_size, key, raw, kept);
    }
    return error;
}

/* Everything: the map's bytes behind its head. */
static enum error write_whole(struct buffer *out, struct slice map, uint32_t *kept)
{
    struct reader reader = reader_of(map);
    enum error error = reader_map(&reader, kept);
    if (error == error_none)
        buffer_append(out, reader.at, (size_t)(reader.end - reader.at));
    return error;
}

enum error row_render(struct buffer *out, const struct query *query, const struct value *columns)
{
    struct renderer renderer = {.out = out, .query = query};
    struct slice map = columns[SELECT_ROW].text;
    size_t place = write_map_begin(out);
    uint32_t kept = 0, entries = write_audit(out, query, columns);
    enum error error = query->all_fields ? write_whole(out, map, &kept) : write_record(&renderer, 0, map, &kept);
    write_map_end(out, place, entries + kept);
    if (error != error_none)
        return error_corrupt;
    return out->failed ? error_no_memory : error_none;
}
