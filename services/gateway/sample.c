/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Examples: see sample.h. */
#include "services/gateway/sample.h"

#include <inttypes.h>
#include <stdio.h>

#include "services/gateway/description.h"

#define SAMPLE_ITEMS_MAX 1024

static double map_double(struct slice map, const char *key, double fallback)
{
    struct slice raw = map_field(map, key);
    struct reader reader = reader_of(raw);
    struct msgpack_value value;
    if (raw.size == 0 || reader_next(&reader, &value) != 0)
        return fallback;
    return value.kind == MSGPACK_KIND_DOUBLE    ? value.number
           : value.kind == MSGPACK_KIND_INTEGER ? (double)value.integer
                                                : fallback;
}

static void sample_integer(struct json_out *json, struct slice schema, uint32_t variation)
{
    int64_t min = map_integer(schema, "minimum", INT64_MIN), max = map_integer(schema, "maximum", INT64_MAX);
    int64_t value = 1 < min ? min : 1 > max ? max : 1;
    if (variation <= (uint64_t)max - (uint64_t)value)
        value += variation;
    else if (variation <= (uint64_t)value - (uint64_t)min)
        value -= variation;
    json_integer(json, value);
}

static void sample_number(struct json_out *json, struct slice schema, uint32_t variation)
{
    double min = map_double(schema, "minimum", -1e300), max = map_double(schema, "maximum", 1e300);
    double value = 1.5 + variation;
    struct buffer packed = {0};
    if (value > max)
        value = max - (max - min) * variation / (variation + 1.0);
    if (value < min)
        value = min + (max - min < 1e300 ? (max - min) * variation / (variation + 1.0) : variation);
    write_double(&packed, value);
    json_value(json, buffer_slice(&packed));
    buffer_fini(&packed);
}

static void sample_string(struct json_out *json, struct slice schema, struct slice name, uint32_t variation)
{
    struct buffer text = {0};
    sample_text(&text, schema, name, variation);
    json_text(json, buffer_slice(&text));
    buffer_fini(&text);
}

/* One where it may be one, else as few as must be. */
static uint32_t items_wanted(struct slice schema, const char *least, const char *most)
{
    int64_t min = map_integer(schema, least, 0), max = map_integer(schema, most, SAMPLE_ITEMS_MAX);
    int64_t count = min > 1 ? min : max > 0;
    return count > SAMPLE_ITEMS_MAX ? SAMPLE_ITEMS_MAX : (uint32_t)count;
}

static void sample_array(struct json_out *json, struct slice schema, struct slice name, uint32_t variation)
{
    uint32_t count = items_wanted(schema, "minItems", "maxItems");
    json_open(json, '[');
    for (uint32_t i = 0; i < count; i++)
        sample_write(json, map_field(schema, "items"), name, variation + i);
    json_close(json, ']');
}

static void sample_map(struct json_out *json, struct slice schema, struct slice name, uint32_t variation)
{
    uint32_t count = items_wanted(schema, "minProperties", "maxProperties");
    for (uint32_t i = 0; i < count; i++) {
        char key[24];
        snprintf(key, sizeof key, "key%" PRIu32, i + 1);
        json_key(json, key);
        sample_write(json, map_field(schema, "additionalProperties"), name, variation + i);
    }
}

void sample_entries(struct json_out *json, struct slice schema, uint32_t variation)
{
    struct walk walk = walk_of_map(map_field(schema, "properties"));
    struct slice key, property;
    while (walk_next_entry(&walk, &key, &property)) {
        json_key_text(json, key);
        sample_write(json, property, key, variation);
    }
}

static void sample_object(struct json_out *json, struct slice schema, struct slice name, uint32_t variation)
{
    json_open(json, '{');
    if (map_field(schema, "properties").size > 0)
        sample_entries(json, schema, variation);
    else if (map_field(map_field(schema, "additionalProperties"), "type").size > 0)
        sample_map(json, schema, name, variation);
    json_close(json, '}');
}

/* What a list of these is said to hold: false when the schema fixes no value. */
static bool sample_fixed(struct json_out *json, struct slice schema, uint32_t variation)
{
    struct slice fallback = map_field(schema, "default"), value;
    struct walk walk = walk_of(map_field(schema, "enum"));
    if (fallback.size > 0 && variation == 0) {
        json_value(json, fallback);
        return true;
    }
    if (walk.left == 0)
        return false;
    for (uint32_t skip = variation % walk.left + 1; skip > 0 && walk_next(&walk, &value); skip--)
        continue;
    json_value(json, value);
    return true;
}

void sample_write(struct json_out *json, struct slice schema, struct slice name, uint32_t variation)
{
    struct slice type = map_text(schema, "type");
    if (sample_fixed(json, schema, variation))
        return;
    if (slice_is(type, "string"))
        sample_string(json, schema, name, variation);
    else if (slice_is(type, "integer"))
        sample_integer(json, schema, variation);
    else if (slice_is(type, "number"))
        sample_number(json, schema, variation);
    else if (slice_is(type, "boolean"))
        json_bool(json, variation % 2 == 0);
    else if (slice_is(type, "array"))
        sample_array(json, schema, name, variation);
    else if (slice_is(type, "object"))
        sample_object(json, schema, name, variation);
    else
        json_value(json, (struct slice){0});
}
