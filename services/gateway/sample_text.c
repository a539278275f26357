/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Texts that fit a schema: by format, by pattern, by length. Bounds that JSON Schema cannot say stand under
 * x-fluvius-minimum and x-fluvius-maximum. */
#include <fluvius/calendar.h>
#include <inttypes.h>
#include <stdio.h>

#include "services/gateway/description.h"
#include "services/gateway/sample.h"

/* What a schema says of a text's length, in code points. */
struct span {
    size_t min, max;
};

static struct span span_of(struct slice schema)
{
    return (struct span){.min = (size_t)map_integer(schema, "minLength", 0),
                         .max = (size_t)map_integer(schema, "maxLength", SAMPLE_TEXT_MAX)};
}

size_t sample_length(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

static bool span_has(struct span span, size_t size)
{
    return size >= span.min && size <= span.max;
}

/* ---- any text ---- */

/* The name, with a number behind it for a variation, made to fit. */
static void text_plain(struct buffer *out, struct span span, struct slice name, uint32_t variation)
{
    char number[16] = "";
    size_t digits = variation == 0 ? 0 : (size_t)snprintf(number, sizeof number, "%" PRIu32, variation + 1);
    size_t room = span.max > digits ? span.max - digits : 0;
    buffer_append(out, name.data, name.size < room ? name.size : room);
    while (out->size + digits < span.min && out->size < SAMPLE_TEXT_MAX)
        buffer_append(out, "-", 1);
    buffer_append(out, number, digits < span.max ? digits : span.max);
}

/* ---- patterns ---- */

#define ALTERNATIVES_TRIED 8

/* More repetitions make it longer, so the first length that fits is found by adding one at a time. */
static bool pattern_stretch(struct buffer *out, struct slice pattern, struct span span, struct sample_choice choice)
{
    for (choice.extra = 0; choice.extra <= span.max && choice.extra <= SAMPLE_TEXT_MAX; choice.extra++) {
        sample_pattern(out, pattern, choice);
        size_t length = sample_length(buffer_slice(out));
        if (span_has(span, length))
            return true;
        if (length > span.max)
            return false;
    }
    return false;
}

static void text_pattern(struct buffer *out, struct slice schema, struct slice pattern, uint32_t variation)
{
    struct sample_choice choice = {.variation = variation};
    for (; choice.alternative < ALTERNATIVES_TRIED; choice.alternative++) {
        if (pattern_stretch(out, pattern, span_of(schema), choice))
            return;
    }
    sample_pattern(out, pattern, (struct sample_choice){.variation = variation});
}

/* ---- formats ---- */

/* Labels of at most 50 letters, so that it may be as long as a name can be. */
static void host_stretch(struct buffer *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buffer_append(out, i % 51 == 50 && i + 1 < size ? "." : "h", 1);
}

static void text_email(struct buffer *out, struct span span, uint32_t variation)
{
    buffer_printf(out, variation == 0 ? "someone@example.com" : "someone%" PRIu32 "@example.com", variation + 1);
    if (span_has(span, out->size))
        return;
    size_t size = out->size > span.max ? span.max : span.min;
    size_t local = size > 100 ? 40 : size > 2 ? size - 2 : 1;
    buffer_clear(out);
    for (size_t i = 0; i < local; i++)
        buffer_append(out, &"abcdefghijklmnopqrstuvwxyz"[(variation + i) % 26], 1);
    buffer_append(out, "@", 1);
    host_stretch(out, size > local + 1 ? size - local - 1 : 1);
}

static void text_uri(struct buffer *out, struct span span, uint32_t variation)
{
    buffer_printf(out, variation == 0 ? "https://example.com/" : "https://example.com/%" PRIu32, variation + 1);
    if (out->size > span.max) {
        buffer_clear(out);
        buffer_printf(out, "x:%" PRIu32, variation % 10);
    }
    while (out->size < span.min && out->size < SAMPLE_TEXT_MAX)
        buffer_append(out, "a", 1);
}

static void text_hostname(struct buffer *out, struct span span, uint32_t variation)
{
    buffer_printf(out, variation == 0 ? "host.example" : "host%" PRIu32 ".example", variation + 1);
    if (span_has(span, out->size))
        return;
    size_t size = out->size > span.max ? span.max : span.min;
    buffer_clear(out);
    buffer_append(out, &"abcdefghijklmnopqrstuvwxyz"[variation % 26], 1);
    if (size > 1)
        host_stretch(out, size - 1);
}

/* ---- bounded values ---- */

/* A decimal text in units of 10^-scale; false when it is none. */
static bool decimal_units(struct slice text, uint32_t scale, int64_t *out)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    int64_t units = 0;
    uint32_t places = 0;
    bool point = false;
    if (text.size == 0)
        return false;
    for (size_t i = negative; i < text.size; i++) {
        if (text.data[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(units, 10, &units) ||
            __builtin_add_overflow(units, text.data[i] - '0', &units))
            return false;
        places += point;
    }
    for (; places < scale; places++) {
        if (__builtin_mul_overflow(units, 10, &units))
            return false;
    }
    *out = negative ? -units : units;
    return true;
}

/* base + variation steps within the bounds; the other way where that leaves them. */
static int64_t bounded(int64_t base, int64_t step, uint32_t variation, int64_t min, int64_t max)
{
    int64_t value = base < min ? min : base > max ? max : base, moved, way;
    if (__builtin_mul_overflow(step, (int64_t)variation, &way))
        return value;
    if (!__builtin_add_overflow(value, way, &moved) && moved <= max)
        return moved;
    return !__builtin_sub_overflow(value, way, &moved) && moved >= min ? moved : value;
}

static void text_decimal(struct buffer *out, struct slice schema, uint32_t variation)
{
    uint32_t scale = (uint32_t)map_integer(schema, "x-fluvius-scale", 0);
    int64_t one = 1, min = -INT64_MAX, max = INT64_MAX;
    for (uint32_t i = 0; i < scale && i < 18; i++)
        one *= 10;
    decimal_units(map_text(schema, "x-fluvius-minimum"), scale, &min);
    decimal_units(map_text(schema, "x-fluvius-maximum"), scale, &max);
    int64_t units = bounded(one, one, variation, min, max);
    if (variation > 0 && units == bounded(one, one, 0, min, max)) /* a whole step does not fit */
        units = bounded(one, 1, variation, min, max);
    uint64_t size = units < 0 ? (uint64_t)-units : (uint64_t)units;
    buffer_printf(out, "%s%" PRIu64, units < 0 ? "-" : "", size / (uint64_t)one);
    if (scale > 0)
        buffer_printf(out, ".%0*" PRIu64, (int)scale, size % (uint64_t)one);
}

/* Days since 1970 of YYYY-MM-DD..., or fallback. */
static int32_t days_of(struct slice text, int32_t fallback)
{
    int parts[3] = {0, 0, 0}, part = 0;
    if (text.size < 10)
        return fallback;
    for (size_t i = 0; i < 10; i++) {
        if (text.data[i] == '-')
            part += part < 2;
        else
            parts[part] = parts[part] * 10 + (text.data[i] - '0');
    }
    return fluvius_days_of(parts[0], parts[1], parts[2]);
}

#define DAY_FIRST (-719162) /* of the year 1 */
#define DAY_LAST 2932896    /* of the year 9999 */
#define DAY_EXAMPLE 20484   /* 2026-01-31 */

/* A time's bounds are kept by staying a day inside them, or by being one of them. */
static void text_time(struct buffer *out, struct slice schema, bool with_clock, uint32_t variation)
{
    struct slice low = map_text(schema, "x-fluvius-minimum"), high = map_text(schema, "x-fluvius-maximum");
    int32_t first = days_of(low, DAY_FIRST), last = days_of(high, DAY_LAST);
    int64_t min = (int64_t)first + (with_clock && low.size > 0), max = (int64_t)last - (with_clock && high.size > 0);
    if (min > max) {
        buffer_append(out, low.data, low.size);
        return;
    }
    int year, month, day;
    fluvius_days_parts((int32_t)bounded(DAY_EXAMPLE, 1, variation, min, max), &year, &month, &day);
    buffer_printf(out, "%04d-%02d-%02d%s", year, month, day, with_clock ? "T12:00:00Z" : "");
}

/* Of bytes that are all zero but the first. */
static void text_bytes(struct buffer *out, struct slice schema, uint32_t variation)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t min = (size_t)map_integer(schema, "x-fluvius-min-bytes", 0);
    size_t max = (size_t)map_integer(schema, "x-fluvius-max-bytes", SAMPLE_TEXT_MAX);
    size_t size = min > 3 ? min : max < 3 ? max : 3;
    size_t figures = size / 3 * 4 + (size % 3 == 0 ? 0 : size % 3 + 1);
    for (size_t i = 0; i < figures && i < SAMPLE_TEXT_MAX; i++)
        buffer_append(out, i == 0 ? &digits[(variation + 1) % 64] : "A", 1);
}

/* ---- which of them ---- */

static bool text_formatted(struct buffer *out, struct slice schema, uint32_t variation)
{
    struct slice format = map_text(schema, "format");
    if (slice_is(format, "uuid"))
        buffer_printf(out, "7b2f9c1e-5d34-4a86-9e07-%012" PRIx32, variation + 1);
    else if (slice_is(format, "decimal"))
        text_decimal(out, schema, variation);
    else if (slice_is(format, "date") || slice_is(format, "date-time"))
        text_time(out, schema, slice_is(format, "date-time"), variation);
    else if (slice_is(format, "email"))
        text_email(out, span_of(schema), variation);
    else if (slice_is(format, "uri"))
        text_uri(out, span_of(schema), variation);
    else if (slice_is(format, "hostname"))
        text_hostname(out, span_of(schema), variation);
    else
        return false;
    return true;
}

void sample_text(struct buffer *out, struct slice schema, struct slice name, uint32_t variation)
{
    struct slice pattern = map_text(schema, "pattern");
    buffer_clear(out);
    if (map_field(schema, "contentEncoding").size > 0)
        text_bytes(out, schema, variation);
    else if (!text_formatted(out, schema, variation) && pattern.size > 0)
        text_pattern(out, schema, pattern, variation);
    else if (out->size == 0)
        text_plain(out, span_of(schema), name, variation);
}
