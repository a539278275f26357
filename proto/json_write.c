/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Msgpack to JSON text in one pass, with an explicit stack. */
#include "proto/head.h"
#include "proto/json.h"
#include "proto/number.h"
#include "proto/status.h"
#include "proto/utf8.h"

#include <math.h>

struct print_level {
    uint64_t left; /* values still to come; keys count too */
    bool map, begun;
};

struct printer {
    struct reader reader;
    struct buffer *out;
    uint32_t depth;
    struct print_level levels[limit_nesting];
};

static void put_byte(struct buffer *out, char byte)
{
    buffer_append(out, &byte, 1);
}

/* Bytes of the text from `at` on that need no escape. */
static size_t plain_size(struct slice text, size_t at)
{
    size_t start = at;
    while (at < text.size && text.data[at] >= 0x20 && text.data[at] != '"' && text.data[at] != '\\') {
        at++;
    }
    return at - start;
}

static void put_escape(struct buffer *out, uint8_t byte)
{
    static const char letters[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char letter = byte < sizeof letters ? letters[byte] : (char)byte;
    if (letter != 0) {
        buffer_append(out, (char[2]){'\\', letter}, 2);
    } else {
        const char *digits = "0123456789abcdef";
        buffer_append(out, (char[6]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 0x0f]}, 6);
    }
}

static void put_escaped(struct buffer *out, struct slice text)
{
    for (size_t at = 0; at < text.size;) {
        size_t run = plain_size(text, at);
        buffer_append(out, text.data + at, run);
        at += run;
        if (at < text.size) {
            put_escape(out, text.data[at++]);
        }
    }
}

void json_quote(struct buffer *out, struct slice text)
{
    buffer_reserve(out, text.size + 2);
    put_byte(out, '"');
    size_t valid = utf8_valid_size(text);
    while (valid < text.size) {
        put_escaped(out, slice_of(text.data, valid));
        buffer_append_text(out, "\\ufffd");
        text = slice_of(text.data + valid + 1, text.size - valid - 1);
        valid = utf8_valid_size(text);
    }
    put_escaped(out, text);
    put_byte(out, '"');
}

/* base64url without padding (RFC 4648, section 5). */
static void put_base64(struct buffer *out, struct slice bytes)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t count = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= count > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= count > 2 ? bytes.data[i + 2] : 0;
        char text[4] = {letters[group >> 18], letters[group >> 12 & 63], letters[group >> 6 & 63], letters[group & 63]};
        buffer_append(out, text, count + 1);
    }
}

static void put_quoted_bytes(struct buffer *out, struct slice bytes)
{
    buffer_reserve(out, bytes.size / 3 * 4 + 6);
    put_byte(out, '"');
    put_base64(out, bytes);
    put_byte(out, '"');
}

static void put_integer(struct buffer *out, uint64_t magnitude, bool negative)
{
    char text[21], *end = text + sizeof text, *at = number_before(end, magnitude, 10);
    if (negative) {
        *--at = '-';
    }
    buffer_append(out, at, (size_t)(end - at));
}

static enum error put_double(struct buffer *out, double number)
{
    char text[NUMBER_TEXT_MAX];
    if (!isfinite(number)) {
        return error_bad_number;
    }
    buffer_append(out, text, number_format(number, text));
    return error_none;
}

static enum error print_open(struct printer *printer, const struct msgpack_value *value)
{
    if (printer->depth == limit_nesting) {
        return error_too_deep;
    }
    bool map = value->kind == MSGPACK_KIND_MAP;
    printer->levels[printer->depth++] = (struct print_level){
        .left = map ? (uint64_t)value->count * 2 : value->count,
        .map = map,
    };
    put_byte(printer->out, map ? '{' : '[');
    return error_none;
}

static enum error print_value(struct printer *printer, const struct msgpack_value *value)
{
    struct buffer *out = printer->out;
    switch (value->kind) {
    case MSGPACK_KIND_BOOL:
        buffer_append_text(out, value->boolean ? "true" : "false");
        return error_none;
    case MSGPACK_KIND_INTEGER:
        put_integer(out, value->integer < 0 ? 0 - value->big : value->big, value->integer < 0);
        return error_none;
    case MSGPACK_KIND_BIG:
        put_integer(out, value->big, false);
        return error_none;
    case MSGPACK_KIND_DOUBLE:
        return put_double(out, value->number);
    case MSGPACK_KIND_TEXT:
        json_quote(out, value->bytes);
        return error_none;
    case MSGPACK_KIND_BYTES:
        put_quoted_bytes(out, value->bytes);
        return error_none;
    case MSGPACK_KIND_ARRAY:
    case MSGPACK_KIND_MAP:
        return print_open(printer, value);
    default:
        buffer_append_text(out, "null");
        return error_none;
    }
}

/* What stands before the next value of the level; *key says whether it is a map's key. */
static void print_separator(struct printer *printer, struct print_level *level, bool *key)
{
    *key = level->map && level->left % 2 == 0;
    if (level->map && !*key) {
        put_byte(printer->out, ':');
    } else if (level->begun) {
        put_byte(printer->out, ',');
    }
    level->begun = true;
    level->left--;
}

static enum error print_next(struct printer *printer)
{
    struct msgpack_value value;
    bool key = false;
    if (printer->depth > 0) {
        print_separator(printer, &printer->levels[printer->depth - 1], &key);
    }
    enum error error = head_read(&printer->reader, &value);
    if (error == error_none && key && value.kind != MSGPACK_KIND_TEXT) {
        error = error_bad_type;
    }
    return error == error_none ? print_value(printer, &value) : error;
}

static void print_closed(struct printer *printer)
{
    while (printer->depth > 0 && printer->levels[printer->depth - 1].left == 0) {
        put_byte(printer->out, printer->levels[--printer->depth].map ? '}' : ']');
    }
}

enum error msgpack_to_json(struct slice value, struct buffer *out)
{
    struct printer printer;
    enum error error;
    size_t size = out->size;
    bool failed = out->failed;
    printer.reader = reader_of(value);
    printer.out = out;
    printer.depth = 0;
    do {
        error = print_next(&printer);
        print_closed(&printer);
    } while (error == error_none && printer.depth > 0);
    if (error == error_none && out->failed) {
        error = error_no_memory;
    }
    if (error != error_none) {
        out->size = size;
        out->failed = failed;
    }
    return error;
}
