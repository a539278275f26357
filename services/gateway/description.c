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

bool name_is_plain(struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '_' || c == '-')))
            return false;
    }
    return name.size > 0;
}

struct resource_walk resource_walk_of(struct slice descriptions)
{
    return (struct resource_walk){.key = "resources", .domains = walk_of(descriptions)};
}

struct resource_walk projection_walk_of(struct slice descriptions)
{
    return (struct resource_walk){.key = "projections", .domains = walk_of(descriptions)};
}

static bool domain_next(struct resource_walk *walk)
{
    while (walk_next(&walk->domains, &walk->domain)) {
        walk->namespace = map_text(walk->domain, "namespace");
        if (!name_is_plain(walk->namespace))
            continue;
        walk->resources = walk_of(map_field(walk->domain, walk->key));
        return true;
    }
    return false;
}

bool resource_walk_next(struct resource_walk *walk)
{
    do {
        while (walk_next(&walk->resources, &walk->resource)) {
            walk->name = map_text(walk->resource, "name");
            if (name_is_plain(walk->name))
                return true;
        }
    } while (domain_next(walk));
    return false;
}

struct part_walk part_walk_of(struct slice resource, const char *key)
{
    return (struct part_walk){.walk = walk_of(map_field(resource, key))};
}

bool part_walk_next(struct part_walk *walk)
{
    while (walk_next(&walk->walk, &walk->part)) {
        walk->name = map_text(walk->part, "name");
        if (name_is_plain(walk->name))
            return true;
    }
    return false;
}
