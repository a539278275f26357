/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See walk.h. */
#include "services/cli/walk.h"

struct walk walk_of(struct slice array)
{
    struct walk walk = {.reader = reader_of(array)};

    if (array.size == 0 || reader_array(&walk.reader, &walk.left) != error_none) {
        walk.left = 0;
    }
    return walk;
}

bool walk_next(struct walk *walk, struct slice *out)
{
    if (walk->left == 0 || reader_raw(&walk->reader, out) != error_none) {
        return false;
    }
    walk->left--;
    return true;
}

struct slice field_raw(struct slice map, const char *key)
{
    struct slice raw = {0};

    if (map.size == 0 || msgpack_find(map, key, &raw) != error_none) {
        return (struct slice){0};
    }
    return raw;
}

struct slice field_text(struct slice map, const char *key)
{
    struct slice raw = field_raw(map, key), text;
    struct reader reader = reader_of(raw);

    return raw.size > 0 && reader_text(&reader, &text) == error_none ? text : (struct slice){0};
}

bool field_integer(struct slice map, const char *key, int64_t *out)
{
    struct slice raw = field_raw(map, key);
    struct reader reader = reader_of(raw);

    return raw.size > 0 && reader_integer(&reader, out) == error_none;
}
