/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Strings of JSON text (RFC 8259, section 7). Most have no escape and are copied whole. */
#include "proto/json_text.h"

#include "proto/utf8.h"

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* Is none of the eight bytes a quote, a backslash, a control character, or above 0x7f? "Bit Twiddling Hacks": a byte of
 * x - n * ONES borrows into its high bit when it is below n. */
static inline bool word_is_plain(uint64_t word)
{
    uint64_t quote = word ^ (ONES * '"'), backslash = word ^ (ONES * '\\');
    return (((word - ONES * 0x20) | (quote - ONES) | (backslash - ONES) | word) & HIGHS) == 0;
}

static const uint8_t *skip_plain(const uint8_t *at, const uint8_t *end)
{
    uint64_t word;
    while (end - at >= (ptrdiff_t)sizeof word) {
        memcpy(&word, at, sizeof word);
        if (!word_is_plain(word)) {
            break;
        }
        at += sizeof word;
    }
    while (at < end && *at != '"' && *at != '\\' && *at >= 0x20) {
        at++;
    }
    return at;
}

static enum error check_utf8(const struct json_string *string, const uint8_t **at)
{
    struct slice text = slice_of(string->at, (size_t)(string->end - string->at));
    size_t valid = utf8_valid_size(text);
    if (valid == text.size) {
        return error_none;
    }
    *at = string->at + valid;
    return error_bad_utf8;
}

enum error json_string_scan(const uint8_t **at, const uint8_t *end, struct json_string *out)
{
    struct json_string string = {.at = *at};
    const uint8_t *walk = skip_plain(*at, end);
    for (; walk < end && *walk == '\\'; walk = skip_plain(walk, end)) {
        string.escaped = true;
        walk += end - walk < 2 ? 1 : 2;
    }
    *at = walk;
    if (walk == end || *walk != '"') {
        return walk == end ? error_truncated : error_bad_json;
    }
    string.end = walk;
    *out = string;
    return check_utf8(&string, at);
}

/* The letter that a two-character escape means, or 0. */
static uint8_t escape_letter(uint8_t escape)
{
    switch (escape) {
    case '"':
    case '\\':
    case '/':
        return escape;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* The unit of a \uXXXX at `at`, or -1. */
static int32_t read_unit(const uint8_t *at, const uint8_t *end)
{
    int32_t unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    for (size_t i = 2; i < 6; i++) {
        uint8_t letter = at[i] | 0x20;
        bool digit = at[i] >= '0' && at[i] <= '9';
        if (!digit && (letter < 'a' || letter > 'f')) {
            return -1;
        }
        unit = unit * 16 + (digit ? at[i] - '0' : letter - 'a' + 10);
    }
    return unit;
}

/* A character from one or two \uXXXX; *at moves behind them. */
static enum error read_character(const uint8_t **at, const uint8_t *end, uint32_t *out)
{
    int32_t unit = read_unit(*at, end);
    if (unit < 0) {
        return error_bad_json;
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        *out = (uint32_t)unit;
        *at += 6;
        return error_none;
    }
    int32_t low = read_unit(*at + 6, end);
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        return error_bad_utf8;
    }
    *out = 0x10000 + (((uint32_t)unit & 0x3ff) << 10 | ((uint32_t)low & 0x3ff));
    *at += 12;
    return error_none;
}

static uint8_t *put_utf8(uint8_t *to, uint32_t character)
{
    if (character < 0x80) {
        *to++ = (uint8_t)character;
        return to;
    }
    if (character < 0x800) {
        *to++ = (uint8_t)(0xc0 | character >> 6);
    } else if (character < 0x10000) {
        *to++ = (uint8_t)(0xe0 | character >> 12);
        *to++ = (uint8_t)(0x80 | (character >> 6 & 0x3f));
    } else {
        *to++ = (uint8_t)(0xf0 | character >> 18);
        *to++ = (uint8_t)(0x80 | (character >> 12 & 0x3f));
        *to++ = (uint8_t)(0x80 | (character >> 6 & 0x3f));
    }
    *to++ = (uint8_t)(0x80 | (character & 0x3f));
    return to;
}

/* One escape; *at moves behind it, *to behind what it means. */
static enum error decode_escape(const uint8_t **at, const uint8_t *end, uint8_t **to)
{
    uint32_t character;
    uint8_t letter = escape_letter((*at)[1]); /* the scan saw that a byte follows the backslash */
    if (letter != 0) {
        *(*to)++ = letter;
        *at += 2;
        return error_none;
    }
    enum error error = read_character(at, end, &character);
    if (error == error_none) {
        *to = put_utf8(*to, character);
    }
    return error;
}

/* Writes at most string->end - string->at bytes: every escape is longer than what it means. */
static enum error decode(const struct json_string *string, uint8_t **to, const uint8_t **fault)
{
    const uint8_t *at = string->at;
    while (at < string->end) {
        const uint8_t *escape = memchr(at, '\\', (size_t)(string->end - at));
        size_t run = (size_t)((escape == NULL ? string->end : escape) - at);
        memcpy(*to, at, run);
        *to += run;
        at += run;
        if (escape != NULL) {
            enum error error = decode_escape(&at, string->end, to);
            if (error != error_none) {
                *fault = at;
                return error;
            }
        }
    }
    return error_none;
}

enum error json_string_write(const struct json_string *string, struct buffer *out, const uint8_t **at)
{
    const size_t head_max = 5;
    size_t size = (size_t)(string->end - string->at);
    if (!string->escaped) {
        write_text(out, slice_of(string->at, size));
        return error_none;
    }
    if (!buffer_reserve(out, head_max + size)) {
        return error_no_memory;
    }
    /* Decoded where the longest head would end; the head that its length needs is never longer. */
    uint8_t *start = out->data + out->size + head_max, *to = start;
    enum error error = decode(string, &to, at);
    if (error == error_none) {
        size_t decoded = (size_t)(to - start);
        write_text_head(out, (uint32_t)decoded);
        memmove(out->data + out->size, start, decoded);
        out->size += decoded;
    }
    return error;
}
