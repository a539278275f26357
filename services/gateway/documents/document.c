/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What all documents are made of: see document.h. */
#include "services/gateway/documents/document.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/json.h"

bool document_begin(struct document *document,
                    struct buffer *out,
                    const struct document_facts *facts,
                    struct slice text)
{
    *document = (struct document){.json = json_out_of(out), .facts = facts};
    buffer_clear(out);
    if (json_to_msgpack(text, &document->memory, NULL) != 0) {
        buffer_fini(&document->memory);
        return false;
    }
    document->parts = buffer_slice(&document->memory);
    return true;
}

bool document_full(const struct document *document)
{
    return document->json.out->failed || document->json.out->size > DOCUMENT_BYTES_MAX;
}

bool document_end(struct document *document)
{
    buffer_fini(&document->memory);
    return !document_full(document);
}

void document_part(struct document *document, const char *name, void (*write)(struct document *document))
{
    json_key_open(&document->json, name, '{');
    write(document);
    json_close(&document->json, '}');
}

void document_constant(struct json_out *json, const char *name, struct slice text)
{
    json_key_open(json, name, '{');
    json_pair_text(json, "const", text);
    json_close(json, '}');
}

void document_constant_integer(struct json_out *json, const char *name, int64_t value)
{
    json_key_open(json, name, '{');
    json_key(json, "const");
    json_integer(json, value);
    json_close(json, '}');
}

void document_required(struct json_out *json, const char *const *names)
{
    json_key_open(json, "required", '[');
    for (; *names != NULL; names++)
        json_string(json, *names);
    json_close(json, ']');
}

void document_ref(struct json_out *json, const char *format, ...)
{
    char name[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    json_open(json, '{');
    json_key(json, "$ref");
    json_print(json, "#/components/schemas/%s", name);
    json_close(json, '}');
}

/* ---- schemas ---- */

static bool is_one_of(struct slice key, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (slice_is(key, *names))
            return true;
    }
    return false;
}

static bool is_map(struct slice raw)
{
    struct reader reader = reader_of(raw);
    uint32_t entries;
    return raw.size > 0 && reader_map(&reader, &entries) == 0;
}

/* -1, 0 or 1; 0 for what is no number. */
static int sign_of(struct slice raw)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value value;
    if (reader_next(&reader, &value) != 0)
        return 0;
    if (value.kind == MSGPACK_KIND_DOUBLE)
        return (value.number > 0) - (value.number < 0);
    return value.kind == MSGPACK_KIND_INTEGER ? (value.integer > 0) - (value.integer < 0) : 0;
}

/* Is it what format int64 says already? */
static bool is_widest(struct slice raw)
{
    struct reader reader = reader_of(raw);
    int64_t bound;
    return reader_integer(&reader, &bound) == 0 && (bound == INT64_MIN || bound == INT64_MAX);
}

static void write_identity(struct json_out *json)
{
    json_key_open(json, "_id", '{');
    json_pair(json, "type", "string");
    json_close(json, '}');
    json_key(json, "_etag");
    document_ref(json, "Etag");
}

static void write_properties(struct json_out *json, struct slice properties, enum schema_use use)
{
    struct walk walk = walk_of_map(properties);
    struct slice name, property;
    json_open(json, '{');
    while (walk_next_entry(&walk, &name, &property)) {
        json_key_text(json, name);
        document_schema(json, property, use == SCHEMA_DATA ? use : SCHEMA_STATE);
    }
    if (use == SCHEMA_ITEM)
        write_identity(json);
    json_close(json, '}');
}

/* In a state a number that was never set is 0. */
static void write_bound(struct json_out *json, struct slice key, struct slice raw, enum schema_use use)
{
    int wrong = slice_is(key, "minimum") ? 1 : -1;
    if (is_widest(raw))
        return;
    json_key_text(json, key);
    if (use != SCHEMA_DATA && sign_of(raw) == wrong)
        json_integer(json, 0);
    else
        json_value(json, raw);
}

static void write_keyword(struct json_out *json, struct slice key, struct slice raw, enum schema_use use)
{
    static const char *const left_out[] = {"$schema", NULL};
    static const char *const not_of_states[] = {"required",
                                                "default",
                                                "minLength",
                                                "minItems",
                                                "minProperties",
                                                "x-fluvius-minimum",
                                                "x-fluvius-min-bytes",
                                                NULL};
    static const char *const bounds[] = {"minimum", "maximum", NULL};
    static const char *const inner[] = {"items", "additionalProperties", NULL};
    struct reader reader = reader_of(raw);
    uint32_t count;
    bool empty = reader_array(&reader, &count) == 0 && count == 0;
    bool open = use == SCHEMA_ROW && slice_is(key, "additionalProperties") && !is_map(raw);
    if (is_one_of(key, left_out) || empty || open || (use != SCHEMA_DATA && is_one_of(key, not_of_states)))
        return;
    if (is_one_of(key, bounds)) {
        write_bound(json, key, raw, use);
        return;
    }
    json_key_text(json, key);
    if (slice_is(key, "properties"))
        write_properties(json, raw, use);
    else if (is_one_of(key, inner) && is_map(raw))
        document_schema(json, raw, use == SCHEMA_DATA ? use : SCHEMA_STATE);
    else
        json_value(json, raw);
}

void document_schema(struct json_out *json, struct slice schema, enum schema_use use)
{
    struct walk walk = walk_of_map(schema);
    struct slice key, raw;
    json_open(json, '{');
    while (walk_next_entry(&walk, &key, &raw))
        write_keyword(json, key, raw, use);
    if (use == SCHEMA_ITEM) {
        static const char *const identity[] = {"_id", "_etag", NULL};
        document_required(json, identity);
    }
    json_close(json, '}');
}
