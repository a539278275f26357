/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The frame of vectors.json and the entries of a case. */
#include "proto/vectors/vectors.h"

#include "proto/json.h"

#include <inttypes.h>
#include <stdio.h>

static const char file_head[] = "[\n";

void case_begin(struct buffer *out, const char *name, const char *kind)
{
    bool first = out->size == sizeof file_head - 1;
    buffer_append_text(out, first ? "{\"name\":" : ",\n{\"name\":");
    json_quote(out, slice_text(name));
    case_text(out, "kind", slice_text(kind));
}

static void case_key(struct buffer *out, const char *key)
{
    buffer_append_text(out, ",");
    json_quote(out, slice_text(key));
    buffer_append_text(out, ":");
}

void case_text(struct buffer *out, const char *key, struct slice text)
{
    case_key(out, key);
    json_quote(out, text);
}

void case_hex(struct buffer *out, const char *key, struct slice bytes)
{
    case_key(out, key);
    buffer_append_text(out, "\"");
    for (size_t i = 0; i < bytes.size; i++) {
        buffer_printf(out, "%02x", bytes.data[i]);
    }
    buffer_append_text(out, "\"");
}

void case_number(struct buffer *out, const char *key, int64_t number)
{
    case_key(out, key);
    buffer_printf(out, "%" PRId64, number);
}

void case_json(struct buffer *out, const char *key, struct slice value)
{
    case_key(out, key);
    if (msgpack_to_json(value, out) != error_none) {
        out->failed = true;
    }
}

void case_end(struct buffer *out)
{
    buffer_append_text(out, "}");
}

void case_message(struct buffer *out, const char *name, const char *kind, struct slice message)
{
    case_begin(out, name, kind);
    case_hex(out, "hex", message);
    case_json(out, "json", message);
    case_end(out);
}

void bytes_of_hex(const char *hex, struct buffer *out)
{
    unsigned byte;
    for (; *hex != '\0'; hex += *hex == ' ' ? 1 : 2) {
        if (*hex != ' ' && sscanf(hex, "%2x", &byte) == 1) {
            buffer_append(out, &(uint8_t){(uint8_t)byte}, 1);
        }
    }
}

void vectors_write(struct buffer *out)
{
    buffer_append_text(out, file_head);
    value_cases(out);
    invalid_cases(out);
    envelope_cases(out);
    identity_cases(out);
    buffer_append_text(out, "\n]\n");
}
