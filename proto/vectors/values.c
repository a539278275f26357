/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of single msgpack values: those that must be understood, and those that must be refused. */
#include "proto/reader.h"
#include "proto/status.h"
#include "proto/vectors/vectors.h"

#include <inttypes.h>
#include <stdio.h>

/* "encode" is what a writer must make of the value: the hex itself, or another form of the same value. */
static void value_case(struct buffer *out, const char *name, struct slice value, struct slice encode)
{
    case_begin(out, name, "value");
    case_hex(out, "hex", value);
    case_json(out, "json", value);
    case_hex(out, "encode", encode);
    case_end(out);
}

static void integer_case(struct buffer *out, int64_t integer)
{
    char name[64], text[32];
    struct buffer value = {0};
    snprintf(text, sizeof text, "%" PRId64, integer);
    snprintf(name, sizeof name, "integer %s", text);
    write_integer(&value, integer);
    case_begin(out, name, "value");
    case_hex(out, "hex", buffer_slice(&value));
    case_json(out, "json", buffer_slice(&value));
    case_text(out, "integer", slice_text(text));
    case_hex(out, "encode", buffer_slice(&value));
    case_end(out);
    buffer_fini(&value);
}

static void integer_cases(struct buffer *out)
{
    static const int64_t integers[] = {
        0,         1,  127, 128, 255,  256,  65535,  65536,  4294967295,  4294967296,  9007199254740993,
        INT64_MAX, -1, -32, -33, -128, -129, -32768, -32769, -2147483648, -2147483649, INT64_MIN,
    };
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        integer_case(out, integers[i]);
    }
}

static void double_cases(struct buffer *out)
{
    static const double doubles[] = {0.0, -0.0, 1.0, 1.5, -2.25, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        char name[64];
        struct buffer value = {0};
        snprintf(name, sizeof name, "double %g", doubles[i]);
        write_double(&value, doubles[i]);
        value_case(out, name, buffer_slice(&value), buffer_slice(&value));
        buffer_fini(&value);
    }
}

static void text_case(struct buffer *out, const char *name, struct slice text, bool bytes)
{
    struct buffer value = {0};
    if (bytes) {
        write_bytes(&value, text);
    } else {
        write_text(&value, text);
    }
    value_case(out, name, buffer_slice(&value), buffer_slice(&value));
    buffer_fini(&value);
}

static void text_cases(struct buffer *out)
{
    static char long_text[256];
    memset(long_text, 'x', sizeof long_text);
    text_case(out, "empty text", slice_text(""), false);
    text_case(out, "text", slice_text("hello"), false);
    text_case(out, "text of two, three and four bytes a character", slice_text("é€😀"), false);
    text_case(out, "text with what JSON escapes", slice_of("\"\\\b\f\n\r\t\0/", 9), false);
    text_case(out, "text of 31 bytes", slice_of(long_text, 31), false);
    text_case(out, "text of 32 bytes", slice_of(long_text, 32), false);
    text_case(out, "text of 256 bytes", slice_of(long_text, 256), false);
    text_case(out, "empty bytes", slice_text(""), true);
    text_case(out, "bytes", slice_of("\x00\xff\xfe", 3), true);
}

/* Values by their bytes, some in a longer form than a writer makes. */
static void raw_cases(struct buffer *out)
{
    static const struct {
        const char *name, *value, *encode;
    } cases[] = {
        {"nil", "c0", "c0"},
        {"true", "c3", "c3"},
        {"false", "c2", "c2"},
        {"empty array", "90", "90"},
        {"empty map", "80", "80"},
        {"array", "93 01 a161 c0", "93 01 a161 c0"},
        {"map", "82 a161 01 a162 92 02 80", "82 a161 01 a162 92 02 80"},
        {"integer above int64", "cf ffffffffffffffff", "cf ffffffffffffffff"},
        {"integer 5 in 64 bits", "cf 0000000000000005", "05"},
        {"integer -1 in 64 bits", "d3 ffffffffffffffff", "ff"},
        {"integer 5 in signed 8 bits", "d0 05", "05"},
        {"float of 32 bits", "ca 3fc00000", "cb 3ff8000000000000"},
        {"text with a head of 32 bits", "db 00000001 61", "a1 61"},
        {"array with a head of 16 bits", "dc 0001 c0", "91 c0"},
        {"map with a head of 16 bits", "de 0001 a161 c0", "81 a161 c0"},
        {"map with a head of 32 bits", "df 00000001 a161 c0", "81 a161 c0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer value = {0}, encode = {0};
        bytes_of_hex(cases[i].value, &value);
        bytes_of_hex(cases[i].encode, &encode);
        value_case(out, cases[i].name, buffer_slice(&value), buffer_slice(&encode));
        buffer_fini(&value);
        buffer_fini(&encode);
    }
}

/* Arrays of one item, `depth` deep, around nil. */
static void nested(struct buffer *value, int depth)
{
    for (int i = 0; i < depth; i++) {
        write_array(value, 1);
    }
    write_nil(value);
}

void value_cases(struct buffer *out)
{
    struct buffer value = {0};
    raw_cases(out);
    integer_cases(out);
    double_cases(out);
    text_cases(out);
    nested(&value, 8);
    value_case(out, "nested 8 deep", buffer_slice(&value), buffer_slice(&value));
    buffer_clear(&value);
    nested(&value, limit_nesting);
    case_begin(out, "nested as deep as allowed", "value"); /* this file would be nested too deep with its JSON in it */
    case_hex(out, "hex", buffer_slice(&value));
    case_hex(out, "encode", buffer_slice(&value));
    case_end(out);
    buffer_fini(&value);
}

/* The error is what msgpack_check says; a client may have other names, but must refuse. */
static void invalid_case(struct buffer *out, const char *name, struct slice message)
{
    struct msgpack_fault fault = {0};
    msgpack_check(message, &fault);
    case_begin(out, name, "invalid");
    case_hex(out, "hex", message);
    case_text(out, "error", slice_text(error_name(fault.error)));
    case_number(out, "offset", (int64_t)fault.offset);
    case_end(out);
}

static void large_map(struct buffer *value, uint32_t entries, uint32_t last)
{
    write_map(value, entries);
    for (uint32_t i = 0; i < entries; i++) {
        char key[16];
        snprintf(key, sizeof key, "%u", i + 1 < entries ? i : last);
        write_string(value, key);
        write_nil(value);
    }
}

static void built_invalid_cases(struct buffer *out)
{
    struct buffer value = {0};
    nested(&value, limit_nesting + 1);
    invalid_case(out, "nested one level too deep", buffer_slice(&value));
    buffer_clear(&value);
    large_map(&value, limit_map_entries + 1, limit_map_entries);
    invalid_case(out, "a map of one entry too many", buffer_slice(&value));
    buffer_clear(&value);
    large_map(&value, 40, 7);
    invalid_case(out, "a key twice in a large map", buffer_slice(&value));
    buffer_fini(&value);
}

void invalid_cases(struct buffer *out)
{
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"nothing", ""},
        {"a size bomb of an array", "dd ff000000"},
        {"a size bomb of a map", "df ff000000"},
        {"a size bomb of a text", "db ffffffff 61"},
        {"a size bomb of bytes", "c6 ffffffff 61"},
        {"a text cut short", "a3 6162"},
        {"an integer cut short", "cd 01"},
        {"an array cut short", "92 01"},
        {"a map without its last value", "81 a161"},
        {"a byte too many", "c0 c0"},
        {"the reserved byte", "c1"},
        {"extension type, fixed", "d4 05 00"},
        {"extension type, timestamp", "d6 ff 00000000"},
        {"extension type, 8 bits", "c7 01 05 00"},
        {"NaN", "cb 7ff8000000000000"},
        {"infinity", "cb 7ff0000000000000"},
        {"infinity in 32 bits", "ca ff800000"},
        {"a key that is no text", "81 01 c0"},
        {"a key twice", "82 a161 01 a161 02"},
        {"a key twice, in two forms", "82 a161 01 d90161 02"},
        {"text with a continuation byte alone", "a1 80"},
        {"text with an overlong NUL", "a2 c080"},
        {"text with a surrogate", "a3 eda080"},
        {"text above U+10FFFF", "a4 f4908080"},
        {"text that ends inside a character", "a2 61c3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer message = {0};
        bytes_of_hex(cases[i].message, &message);
        invalid_case(out, cases[i].name, buffer_slice(&message));
        buffer_fini(&message);
    }
    built_invalid_cases(out);
}
