/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The types that fields can have, beside an author's own records and enums, and arithmetic on them that cannot go wrong
 * unseen. Part of domain.h. */
#ifndef FLUVIUS_VALUES_H
#define FLUVIUS_VALUES_H

#include "fluvius/calendar.h"
#include "fluvius/module.h"

typedef int64_t int64;
typedef fluvius_text text;   /* a view; data is NULL when absent */
typedef fluvius_bytes bytes; /* likewise */
typedef struct fluvius_decimal {
    int64_t units; /* counts 10^-scale; the scale is the field's */
} decimal;
typedef struct fluvius_uuid {
    uint8_t bytes[16];
} uuid;
typedef struct fluvius_timestamp {
    int64_t microseconds; /* since 1970-01-01T00:00:00Z */
} timestamp;
typedef struct fluvius_date {
    int32_t days; /* since 1970-01-01 */
} date;

/* ---- text ---- */

/* A view of a string literal; anything else does not compile. */
#define TEXT(literal) ((text){.data = "" literal, .size = sizeof(literal) - 1})
/* The two arguments that "%.*s" takes. */
#define TEXT_ARG(t) (int)(t).size, (t).data

static inline bool text_equal(text a, text b)
{
    return a.size == b.size && (a.size == 0 || __builtin_memcmp(a.data, b.data, a.size) == 0);
}

/* Bytewise, which for UTF-8 is by code point: negative, 0, positive. */
static inline int text_compare(text a, text b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : __builtin_memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static inline bool uuid_equal(uuid a, uuid b)
{
    return __builtin_memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

/* A present optional: OPTIONAL(int64, limit) is set by .limit = SOME(5). Text, bytes and enums need none. */
#define SOME(x)                                                                                                        \
    {                                                                                                                  \
        .present = true, .value = (x)                                                                                  \
    }

/* ---- arithmetic: true when the result fits and was stored ---- */

static inline __attribute__((warn_unused_result)) bool checked_add(int64 a, int64 b, int64 *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline __attribute__((warn_unused_result)) bool checked_subtract(int64 a, int64 b, int64 *out)
{
    return !__builtin_sub_overflow(a, b, out);
}

static inline __attribute__((warn_unused_result)) bool checked_multiply(int64 a, int64 b, int64 *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

/* Of decimals with the same scale. */
static inline __attribute__((warn_unused_result)) bool decimal_add(decimal a, decimal b, decimal *out)
{
    return !__builtin_add_overflow(a.units, b.units, &out->units);
}

static inline __attribute__((warn_unused_result)) bool decimal_subtract(decimal a, decimal b, decimal *out)
{
    return !__builtin_sub_overflow(a.units, b.units, &out->units);
}

static inline __attribute__((warn_unused_result)) bool decimal_multiply(decimal a, int64 times, decimal *out)
{
    return !__builtin_mul_overflow(a.units, times, &out->units);
}

static inline int decimal_compare(decimal a, decimal b)
{
    return (a.units > b.units) - (a.units < b.units);
}

/* ---- the calendar (proleptic Gregorian, UTC) ---- */

static inline date date_of(int year, int month, int day)
{
    return (date){fluvius_days_of(year, month, day)};
}

static inline void date_parts(date value, int *year, int *month, int *day)
{
    fluvius_days_parts(value.days, year, month, day);
}

/* The UTC day in which the moment lies. */
static inline date timestamp_date(timestamp value)
{
    int64_t day = INT64_C(86400000000);
    int64_t days = value.microseconds / day - (value.microseconds % day < 0);
    return (date){(int32_t)days};
}

#endif
