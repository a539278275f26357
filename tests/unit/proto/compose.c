/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See compose.h. */
#include "tests/unit/proto/compose.h"

#include "proto/reader.h"
#include "proto/writer.h"
#include "tests/unit/proto/support.h"

#include <assert.h>

/* Copies to memory that outlives the buffer. */
static struct slice keep(struct buffer *buffer)
{
    struct slice kept = hex(to_hex(buffer_slice(buffer)));
    buffer_fini(buffer);
    return kept;
}

struct slice compose_map(const char *const *entries)
{
    struct buffer buffer = {0};
    uint32_t count = 0;
    size_t place = write_map_begin(&buffer);
    for (; entries[2 * count] != NULL; count++) {
        write_string(&buffer, entries[2 * count]);
        write_raw(&buffer, hex(entries[2 * count + 1]));
    }
    write_map_end(&buffer, place, count);
    return keep(&buffer);
}

static struct slice map_edit(struct slice map, const char *key, const char *value)
{
    struct buffer buffer = {0};
    struct reader reader = reader_of(map);
    struct slice name, raw;
    uint32_t entries = 0, count = 0;
    enum error error = reader_map(&reader, &entries);
    size_t place = write_map_begin(&buffer);
    for (uint32_t i = 0; i < entries; i++) {
        error = error != error_none ? error : reader_text(&reader, &name);
        error = error != error_none ? error : reader_raw(&reader, &raw);
        assert(error == error_none);
        bool hit = slice_is(name, key);
        if (!hit || value != NULL) {
            write_text(&buffer, name);
            write_raw(&buffer, hit ? hex(value) : raw);
            count++;
        }
    }
    write_map_end(&buffer, place, count);
    return keep(&buffer);
}

struct slice map_without(struct slice map, const char *key)
{
    return map_edit(map, key, NULL);
}

struct slice map_with(struct slice map, const char *key, const char *value)
{
    return map_edit(map, key, value);
}
