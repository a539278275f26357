/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON text to msgpack in one pass. An explicit stack instead of recursion; a map or array gets a head of one byte,
 * which grows when it closes with more than 15 members, so that the result is as short as msgpack can be. */
#include "proto/json_text.h"
#include "proto/keys.h"
#include "proto/number.h"
#include "proto/reader.h"

#include <stdlib.h>

/* Keeps every offset in the result within what the set of keys can hold: no JSON text grows more than ninefold. */
#define JSON_SIZE_MAX (KEYS_MESSAGE_MAX / 9)

struct json_level {
    size_t place; /* of the head in out */
    uint32_t count;
    bool map;
    struct key_map keys;
};

struct json_parser {
    const uint8_t *at, *end;
    struct buffer *out;
    size_t origin; /* where the value begins in out */
    uint32_t depth;
    struct json_level levels[limit_nesting];
    struct key_set keys;
};

static void skip_space(struct json_parser *parser)
{
    const uint8_t *at = parser->at;
    while (at < parser->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    parser->at = at;
}

/* A fault at the current place: the end of the text, or something that does not belong there. */
static enum error unexpected(const struct json_parser *parser)
{
    return parser->at == parser->end ? error_truncated : error_bad_json;
}

static enum error take_byte(struct json_parser *parser, uint8_t byte)
{
    if (parser->at == parser->end || *parser->at != byte) {
        return unexpected(parser);
    }
    parser->at++;
    return error_none;
}

static enum error take_word(struct json_parser *parser, const char *word)
{
    enum error error = error_none;
    for (; error == error_none && *word != '\0'; word++) {
        error = take_byte(parser, (uint8_t)*word);
    }
    return error;
}

static enum error parse_literal(struct json_parser *parser)
{
    uint8_t first = *parser->at;
    enum error error = take_word(parser, first == 't' ? "true" : first == 'f' ? "false" : "null");
    if (error != error_none) {
        return error;
    }
    if (first == 'n') {
        write_nil(parser->out);
    } else {
        write_bool(parser->out, first == 't');
    }
    return error_none;
}

static bool at_digit(const struct json_parser *parser)
{
    return parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9';
}

/* One digit or more. */
static enum error take_digits(struct json_parser *parser)
{
    if (!at_digit(parser)) {
        return unexpected(parser);
    }
    while (at_digit(parser)) {
        parser->at++;
    }
    return error_none;
}

static bool take_optional(struct json_parser *parser, char a, char b)
{
    bool taken = parser->at < parser->end && (*parser->at == a || *parser->at == b);
    parser->at += taken;
    return taken;
}

/* Moves over a number by the grammar of RFC 8259, section 6. */
static enum error scan_number(struct json_parser *parser, bool *whole)
{
    enum error error = error_none;
    *whole = true;
    take_optional(parser, '-', '-');
    if (!take_optional(parser, '0', '0')) {
        error = take_digits(parser);
    }
    if (error == error_none && take_optional(parser, '.', '.')) {
        *whole = false;
        error = take_digits(parser);
    }
    if (error == error_none && take_optional(parser, 'e', 'E')) {
        *whole = false;
        take_optional(parser, '+', '-');
        error = take_digits(parser);
    }
    return error;
}

/* false when it does not fit. */
static bool parse_integer(struct slice text, int64_t *out)
{
    bool negative = text.data[0] == '-';
    uint64_t magnitude = 0, most = (uint64_t)INT64_MAX + negative;
    for (size_t i = negative; i < text.size; i++) {
        uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (magnitude > (most - digit) / 10) {
            return false;
        }
        magnitude = magnitude * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

static enum error parse_number(struct json_parser *parser)
{
    const uint8_t *start = parser->at;
    bool whole;
    int64_t integer;
    double number;
    enum error error = scan_number(parser, &whole);
    if (error != error_none) {
        return error;
    }
    struct slice text = slice_of(start, (size_t)(parser->at - start));
    if (whole && parse_integer(text, &integer)) {
        write_integer(parser->out, integer);
        return error_none;
    }
    error = number_parse(text, &number);
    if (error != error_none) {
        parser->at = start;
        return error;
    }
    write_double(parser->out, number);
    return error_none;
}

static enum error parse_string(struct json_parser *parser)
{
    struct json_string string;
    parser->at++;
    enum error error = json_string_scan(&parser->at, parser->end, &string);
    if (error == error_none) {
        error = json_string_write(&string, parser->out, &parser->at);
    }
    if (error == error_none) {
        parser->at = string.end + 1;
    }
    return error;
}

static enum error parse_open(struct json_parser *parser)
{
    if (parser->depth == limit_nesting) {
        return error_too_deep;
    }
    struct json_level *level = &parser->levels[parser->depth++];
    level->place = parser->out->size;
    level->count = 0;
    level->map = *parser->at++ == '{';
    if (level->map) {
        keys_open(&parser->keys, &level->keys);
    }
    buffer_append(parser->out, "", 1);
    return error_none;
}

static enum error parse_value(struct json_parser *parser)
{
    if (parser->at == parser->end) {
        return error_truncated;
    }
    switch (*parser->at) {
    case '{':
    case '[':
        return parse_open(parser);
    case '"':
        return parse_string(parser);
    case 't':
    case 'f':
    case 'n':
        return parse_literal(parser);
    default:
        return parse_number(parser);
    }
}

/* Makes the head of one byte one of `size` bytes, moving what follows it. */
static bool head_widen(struct buffer *out, size_t place, size_t size)
{
    size_t content = out->size - place - 1;
    if (!buffer_reserve(out, size - 1)) {
        return false;
    }
    memmove(out->data + place + size, out->data + place + 1, content);
    out->size += size - 1;
    return true;
}

static void write_head(struct buffer *out, const struct json_level *level)
{
    struct buffer head = {.data = out->data + level->place, .capacity = 5};
    if (level->map) {
        write_map(&head, level->count);
    } else {
        write_array(&head, level->count);
    }
}

static enum error parse_close(struct json_parser *parser)
{
    struct json_level *level = &parser->levels[--parser->depth];
    parser->at++;
    if (level->map) {
        keys_close(&parser->keys, &level->keys);
    }
    size_t size = level->count <= 15 ? 1 : level->count <= UINT16_MAX ? 3 : 5;
    if (parser->out->failed || (size > 1 && !head_widen(parser->out, level->place, size))) {
        return error_no_memory;
    }
    write_head(parser->out, level);
    return error_none;
}

static enum error parse_key(struct json_parser *parser, struct json_level *level)
{
    const uint8_t *start = parser->at;
    size_t offset = parser->out->size - parser->origin;
    if (parser->at == parser->end || *parser->at != '"') {
        return unexpected(parser);
    }
    if (level->count == limit_map_entries) {
        return error_too_long;
    }
    enum error error = parse_string(parser);
    if (error == error_none && parser->out->failed) {
        error = error_no_memory;
    }
    if (error != error_none) {
        return error;
    }
    struct slice message = {parser->out->data + parser->origin, parser->out->size - parser->origin};
    struct reader reader = {message.data + offset, message.data + message.size};
    struct slice key = {0};
    reader_text(&reader, &key); /* it was written just now */
    error = keys_add(&parser->keys, &level->keys, message, key, offset);
    if (error != error_none) {
        parser->at = start;
        return error;
    }
    skip_space(parser);
    return take_byte(parser, ':');
}

/* A member of the innermost map or array, or its end. */
static enum error parse_member(struct json_parser *parser)
{
    struct json_level *level = &parser->levels[parser->depth - 1];
    enum error error = error_none;
    skip_space(parser);
    if (parser->at < parser->end && *parser->at == (level->map ? '}' : ']')) {
        return parse_close(parser);
    }
    if (level->count > 0) {
        error = take_byte(parser, ',');
        skip_space(parser);
    }
    if (error == error_none && level->map) {
        error = parse_key(parser, level);
        skip_space(parser);
    }
    level->count++;
    return error == error_none ? parse_value(parser) : error;
}

static enum error parse_document(struct json_parser *parser)
{
    skip_space(parser);
    enum error error = parse_value(parser);
    while (error == error_none && parser->depth > 0) {
        error = parse_member(parser);
    }
    if (error != error_none) {
        return error;
    }
    skip_space(parser);
    if (parser->at != parser->end) {
        return error_trailing_bytes;
    }
    return parser->out->failed ? error_no_memory : error_none;
}

static enum error parse_start(struct json_parser *parser, struct slice json, struct key_trees *trees)
{
    static const uint8_t nothing[1];
    parser->at = json.size == 0 ? nothing : json.data;
    parser->end = parser->at + json.size;
    parser->out->size = parser->origin;
    parser->depth = 0;
    keys_init(&parser->keys, trees);
    return json.size > JSON_SIZE_MAX ? error_too_long : parse_document(parser);
}

/* Apart, so that only text with a large map touches this much stack. */
static __attribute__((noinline)) enum error parse_with_trees(struct json_parser *parser, struct slice json)
{
    struct key_trees trees;
    return parse_start(parser, json, &trees);
}

enum error json_to_msgpack(struct slice json, struct buffer *out, struct json_fault *fault)
{
    struct json_parser parser;
    bool failed = out->failed;
    parser.out = out;
    parser.origin = out->size;
    enum error error = parse_start(&parser, json, NULL);
    if (error == error_full) {
        error = parse_with_trees(&parser, json);
    }
    if (error == error_none) {
        return error_none;
    }
    out->size = parser.origin;
    out->failed = failed;
    if (fault != NULL) {
        *fault = (struct json_fault){.error = error, .offset = json.size - (size_t)(parser.end - parser.at)};
    }
    return error;
}
