/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writing JSON: see json_out.h. */
#include "services/gateway/json_out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "proto/json.h"
#include "services/gateway/description.h"

static void json_next(struct json_out *json)
{
    if (json->comma)
        buffer_append(json->out, ",", 1);
    json->comma = true;
}

void json_open(struct json_out *json, char bracket)
{
    json_next(json);
    buffer_append(json->out, &bracket, 1);
    json->comma = false;
}

void json_close(struct json_out *json, char bracket)
{
    buffer_append(json->out, &bracket, 1);
    json->comma = true;
}

void json_close_all(struct json_out *json, const char *brackets)
{
    for (; *brackets != '\0'; brackets++)
        json_close(json, *brackets);
}

void json_key_text(struct json_out *json, struct slice name)
{
    json_next(json);
    json_quote(json->out, name);
    buffer_append(json->out, ":", 1);
    json->comma = false;
}

void json_key(struct json_out *json, const char *name)
{
    json_key_text(json, slice_text(name));
}

void json_key_print(struct json_out *json, const char *format, ...)
{
    char name[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    json_key(json, name);
}

void json_key_open(struct json_out *json, const char *name, char bracket)
{
    json_key(json, name);
    json_open(json, bracket);
}

void json_text(struct json_out *json, struct slice text)
{
    json_next(json);
    json_quote(json->out, text);
}

void json_string(struct json_out *json, const char *text)
{
    json_text(json, slice_text(text));
}

void json_integer(struct json_out *json, int64_t value)
{
    json_next(json);
    buffer_printf(json->out, "%" PRId64, value);
}

void json_bool(struct json_out *json, bool value)
{
    json_next(json);
    buffer_append_text(json->out, value ? "true" : "false");
}

void json_print(struct json_out *json, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_string(json, text);
}

void json_value(struct json_out *json, struct slice raw)
{
    json_next(json);
    if (raw.size == 0 || msgpack_to_json(raw, json->out) != 0)
        buffer_append_text(json->out, "null");
}

void json_pair(struct json_out *json, const char *name, const char *text)
{
    json_key(json, name);
    json_string(json, text);
}

void json_pair_text(struct json_out *json, const char *name, struct slice text)
{
    json_key(json, name);
    json_text(json, text);
}

void json_entries(struct json_out *json, struct slice map)
{
    struct walk walk = walk_of_map(map);
    struct slice key, value;
    while (walk_next_entry(&walk, &key, &value)) {
        json_key_text(json, key);
        json_value(json, value);
    }
}
