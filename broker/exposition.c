/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Several texts in the Prometheus format (version 0.0.4) as one. A family's lines must stand together and its HELP and
 * TYPE lines must not be repeated, so families of one name are gathered from all texts. */
#include "broker/state.h"

static struct slice line_take(struct slice *text)
{
    const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    size_t size = end == NULL ? text->size : (size_t)(end - text->data) + 1;
    struct slice line = slice_of(text->data, size);
    *text = slice_of(text->data + size, text->size - size);
    return line;
}

/* "# HELP name text": the name; empty for another line. */
static struct slice help_name(struct slice line)
{
    if (line.size < 8 || memcmp(line.data, "# HELP ", 7) != 0)
        return slice_of(NULL, 0);
    const uint8_t *end = memchr(line.data + 7, ' ', line.size - 7);
    return end == NULL ? slice_of(NULL, 0) : slice_of(line.data + 7, (size_t)(end - line.data) - 7);
}

/* A family: its HELP and TYPE lines, then its samples up to the next HELP. */
static struct slice family_take(struct slice *text)
{
    struct slice start = *text;
    line_take(text);
    while (text->size > 0) {
        struct slice rest = *text;
        if (help_name(line_take(&rest)).size > 0)
            break;
        *text = rest;
    }
    return slice_of(start.data, start.size - text->size);
}

static struct slice family_name(struct slice family)
{
    return help_name(line_take(&family));
}

static void samples_append(struct slice family, struct buffer *out)
{
    while (family.size > 0) {
        struct slice line = line_take(&family);
        if (line.data[0] != '#')
            buffer_append(out, line.data, line.size);
    }
}

static bool seen_before(const struct slice *texts, uint32_t text, struct slice family)
{
    for (uint32_t i = 0; i < text; i++) {
        struct slice rest = texts[i];
        while (rest.size > 0)
            if (slice_equal(family_name(family_take(&rest)), family_name(family)))
                return true;
    }
    return false;
}

static void
family_gather(const struct slice *texts, uint32_t count, uint32_t text, struct slice family, struct buffer *out)
{
    buffer_append(out, family.data, family.size);
    for (uint32_t i = text + 1; i < count; i++) {
        struct slice rest = texts[i];
        while (rest.size > 0) {
            struct slice other = family_take(&rest);
            if (slice_equal(family_name(other), family_name(family)))
                samples_append(other, out);
        }
    }
}

void exposition_merge(const struct slice *texts, uint32_t count, struct buffer *out)
{
    for (uint32_t i = 0; i < count; i++) {
        struct slice rest = texts[i];
        while (rest.size > 0) {
            struct slice family = family_take(&rest);
            if (!seen_before(texts, i, family))
                family_gather(texts, count, i, family, out);
        }
    }
}
