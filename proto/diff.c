/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See diff.h. */
#include "proto/diff.h"

struct diff {
    struct buffer *out;
    struct buffer path;
    uint32_t count;
};

static void path_push(struct diff *diff, struct slice key)
{
    buffer_append(&diff->path, "/", 1);
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] == '~')
            buffer_append_text(&diff->path, "~0");
        else if (key.data[i] == '/')
            buffer_append_text(&diff->path, "~1");
        else
            buffer_append(&diff->path, &key.data[i], 1);
    }
}

static void change_write(struct diff *diff, const struct slice *from, const struct slice *to)
{
    write_map(diff->out, 1u + (from != NULL) + (to != NULL));
    write_string(diff->out, "at");
    write_text(diff->out, buffer_slice(&diff->path));
    if (from != NULL) {
        write_string(diff->out, "from");
        write_raw(diff->out, *from);
    }
    if (to != NULL) {
        write_string(diff->out, "to");
        write_raw(diff->out, *to);
    }
    diff->count++;
}

static bool is_map(struct slice value, struct reader *reader, uint32_t *entries)
{
    *reader = reader_of(value);
    return reader_map(reader, entries) == error_none;
}

/* Finds a raw key's value in a map. */
static bool map_get(struct slice map, struct slice key, struct slice *out)
{
    struct reader reader;
    uint32_t entries;
    if (!is_map(map, &reader, &entries))
        return false;
    for (uint32_t i = 0; i < entries; i++) {
        struct slice name, value;
        if (reader_text(&reader, &name) != error_none || reader_raw(&reader, &value) != error_none)
            return false;
        if (slice_equal(name, key)) {
            *out = value;
            return true;
        }
    }
    return false;
}

static void diff_values(struct diff *diff, struct slice before, struct slice after);

/* Walks one map; keys that the other side lacks too when `missing_only`. */
static void diff_side(struct diff *diff, struct slice walked, struct slice other, bool missing_only)
{
    struct reader reader;
    uint32_t entries;
    if (!is_map(walked, &reader, &entries))
        return;
    for (uint32_t i = 0; i < entries; i++) {
        struct slice key, value, match;
        if (reader_text(&reader, &key) != error_none || reader_raw(&reader, &value) != error_none)
            return;
        bool found = map_get(other, key, &match);
        size_t size = diff->path.size;
        path_push(diff, key);
        if (missing_only && !found)
            change_write(diff, NULL, &value);
        else if (!missing_only && found)
            diff_values(diff, value, match);
        else if (!missing_only)
            change_write(diff, &value, NULL);
        diff->path.size = size;
    }
}

static void diff_values(struct diff *diff, struct slice before, struct slice after)
{
    struct reader reader;
    uint32_t entries;
    if (slice_equal(before, after))
        return;
    if (is_map(before, &reader, &entries) && is_map(after, &reader, &entries)) {
        diff_side(diff, before, after, false);
        diff_side(diff, after, before, true);
    } else {
        change_write(diff, &before, &after);
    }
}

void state_diff(struct slice before, struct slice after, struct buffer *out)
{
    struct diff diff = {.out = out};
    size_t place = write_array_begin(out);
    diff_values(&diff, before, after);
    write_array_end(out, place, diff.count);
    buffer_fini(&diff.path);
}
