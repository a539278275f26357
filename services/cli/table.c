/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See table.h. */
#include "services/cli/table.h"

#include "services/cli/show.h"
#include "services/cli/walk.h"

#include <stdio.h>

enum { COLUMNS_MAX = 64, WIDTH_MAX = 40 };

struct columns {
    uint32_t count;
    struct slice names[COLUMNS_MAX];
    size_t widths[COLUMNS_MAX];
};

/* How many characters UTF-8 has. */
static size_t width_of(struct slice text)
{
    size_t width = 0;

    for (size_t i = 0; i < text.size; i++) {
        width += (text.data[i] & 0xc0) != 0x80;
    }
    return width;
}

/* The first WIDTH_MAX characters. */
static struct slice cut(struct slice text)
{
    size_t width = 0, i = 0;

    for (; i < text.size; i++) {
        width += (text.data[i] & 0xc0) != 0x80;
        if (width > WIDTH_MAX) {
            break;
        }
    }
    return slice_of(text.data, i);
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* A value as it stands in a cell: texts without quotes, nothing for null. */
static struct slice cell_of(struct slice row, struct slice name, struct buffer *memory)
{
    char key[256];
    struct slice raw, text;

    snprintf(key, sizeof key, "%.*s", (int)name.size, (const char *)name.data);
    if (msgpack_find(row, key, &raw) != error_none || (raw.size == 1 && raw.data[0] == 0xc0)) {
        return (struct slice){0};
    }
    struct reader reader = reader_of(raw);
    if (reader_text(&reader, &text) == error_none && is_plain(text)) {
        return cut(text);
    }
    buffer_clear(memory);
    show_value(memory, raw);
    return cut(buffer_slice(memory));
}

static void columns_find(struct slice row, struct columns *out)
{
    struct reader reader = reader_of(row);
    uint32_t count;

    if (reader_map(&reader, &count) != error_none) {
        return;
    }
    while (count-- > 0 && out->count < COLUMNS_MAX && reader_text(&reader, &out->names[out->count]) == error_none &&
           reader_skip(&reader) == error_none) {
        out->widths[out->count] = width_of(cut(out->names[out->count]));
        out->count++;
    }
}

static void columns_measure(struct slice rows, struct columns *columns)
{
    struct walk walk = walk_of(rows);
    struct buffer memory = {0};
    struct slice row;

    while (walk_next(&walk, &row)) {
        if (columns->count == 0) {
            columns_find(row, columns);
        }
        for (uint32_t i = 0; i < columns->count; i++) {
            size_t width = width_of(cell_of(row, columns->names[i], &memory));

            columns->widths[i] = width > columns->widths[i] ? width : columns->widths[i];
        }
    }
    buffer_fini(&memory);
}

static void cell_append(struct buffer *line, struct slice text, size_t width, bool last)
{
    buffer_append(line, text.data, text.size);
    for (size_t i = width_of(text); !last && i < width + 2; i++) {
        buffer_append_text(line, " ");
    }
}

static void head_show(const struct columns *columns)
{
    struct buffer line = {0};

    for (uint32_t i = 0; i < columns->count; i++) {
        cell_append(&line, cut(columns->names[i]), columns->widths[i], i + 1 == columns->count);
    }
    show_line(&line);
    buffer_fini(&line);
}

void table_show(struct slice rows)
{
    struct columns columns = {0};
    struct walk walk = walk_of(rows);
    struct buffer line = {0}, memory = {0};
    struct slice row;

    columns_measure(rows, &columns);
    if (columns.count > 0) {
        head_show(&columns);
    }
    while (walk_next(&walk, &row)) {
        buffer_clear(&line);
        for (uint32_t i = 0; i < columns.count; i++) {
            cell_append(&line, cell_of(row, columns.names[i], &memory), columns.widths[i], i + 1 == columns.count);
        }
        show_line(&line);
    }
    buffer_fini(&line);
    buffer_fini(&memory);
}
