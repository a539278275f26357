/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Walking descriptions: see description.h. */
#include "services/gateway/description.h"

struct walk walk_of(struct slice array)
{
    struct walk walk = {.reader = reader_of(array)};
    if (array.size == 0 || reader_array(&walk.reader, &walk.left) != 0)
        walk.left = 0;
    return walk;
}

bool walk_next(struct walk *walk, struct slice *out)
{
    if (walk->left == 0 || reader_raw(&walk->reader, out) != 0)
        return false;
    walk->left--;
    return true;
}

struct walk walk_of_map(struct slice map)
{
    struct walk walk = {.reader = reader_of(map)};
    if (map.size == 0 || reader_map(&walk.reader, &walk.left) != 0)
        walk.left = 0;
    return walk;
}

bool walk_next_entry(struct walk *walk, struct slice *key, struct slice *value)
{
    if (walk->left == 0 || reader_text(&walk->reader, key) != 0 || reader_raw(&walk->reader, value) != 0)
        return false;
    walk->left--;
    return true;
}

struct slice map_field(struct slice map, const char *key)
{
    struct slice raw;
    return map.size > 0 && msgpack_find(map, key, &raw) == 0 ? raw : (struct slice){0};
}

struct slice map_text(struct slice map, const char *key)
{
    struct slice raw = map_field(map, key), text;
    struct reader reader = reader_of(raw);
    return raw.size > 0 && reader_text(&reader, &text) == 0 ? text : (struct slice){0};
}

bool map_true(struct slice map, const char *key)
{
    struct slice raw = map_field(map, key);
    struct reader reader = reader_of(raw);
    bool value = false;
    return raw.size > 0 && reader_bool(&reader, &value) == 0 && value;
}

int64_t map_integer(struct slice map, const char *key, int64_t fallback)
{
    struct slice raw = map_field(map, key);
    struct reader reader = reader_of(raw);
    int64_t value;
    return raw.size > 0 && reader_integer(&reader, &value) == 0 ? value : fallback;
}

bool description_find(struct slice descriptions, struct slice namespace, struct slice *out)
{
    struct walk walk = walk_of(descriptions);
    struct slice description;
    while (walk_next(&walk, &description)) {
        if (slice_equal(map_text(description, "namespace"), namespace)) {
            *out = description;
            return true;
        }
    }
    return false;
}
