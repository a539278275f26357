/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a projection's handler does with rows: finds, changes, puts and deletes them, and changes that come out the same
 * in whatever order they are made, for projections over several aggregates. Part of domain.h. */
#ifndef FLUVIUS_ROWS_H
#define FLUVIUS_ROWS_H

#include "fluvius/items.h"

/* ---- rows ------------------------------------------------------------------------------------------------------ */

/* The aggregate's own row is row_change(rows); with .parts or .global rows have keys: row_change(rows, key). */

/* const ROW *: the row, or NULL when there is none. */
#define row_find(rows, ...)                                                                                            \
    ((const __typeof__(*(rows)->fluvius_row) *)FLUVIUS_ROW_AT(rows, FLUVIUS_ROW_FIND, __VA_ARGS__))
/* ROW *: the row, to be written; when there is none it is made, all zero as a state before its first event. */
#define row_change(rows, ...) ((__typeof__((rows)->fluvius_row))FLUVIUS_ROW_AT(rows, FLUVIUS_ROW_CHANGE, __VA_ARGS__))
/* ROW *: a new row, all zero, to be filled in; it takes the place of one that is there. */
#define row_put(rows, ...) ((__typeof__((rows)->fluvius_row))FLUVIUS_ROW_AT(rows, FLUVIUS_ROW_PUT, __VA_ARGS__))
/* No row from now on; fine when there is none. */
#define row_delete(rows, ...) ((void)FLUVIUS_ROW_AT(rows, FLUVIUS_ROW_DELETE, __VA_ARGS__))

/* ---- keys: 1 to 255 bytes; of parts without ':' ---------------------------------------------------------------- */

/* The text of an integer, date, timestamp, uuid or text. */
#define key_of(rows, ...) FLUVIUS_KEY_OF(__VA_ARGS__)(&(rows)->fluvius_rows, (__VA_ARGS__))
/* The name of an enum's value: key_of_enum(rows, currency, event->currency). */
#define key_of_enum(rows, E, value) fluvius_key_value(&(rows)->fluvius_rows, &fluvius_type_##E, &(const E){(value)})
/* A text made from a format as in reject, to be a key or a row's value: row_print(rows, "%.*s-%d", ...). */
#define row_print(rows, ...) fluvius_row_print(&(rows)->fluvius_rows, __VA_ARGS__)

/* ---- changes that commute -------------------------------------------------------------------------------------- */

/* row_add(row, total, amount): adds to a FIELD of int64 or decimal. Beyond what can be held is the projection's fault.
 */
#define row_add(row, field, ...) FLUVIUS_ROW_ADD((row)->field)((row)->memory, &(row)->field, (__VA_ARGS__))
/* row_add_at(row, by_currency, key, amount): adds to the value of a key of a MAP of int64, which starts at 0. */
#define row_add_at(row, map, key, ...) fluvius_row_add_at((row)->memory, &(row)->map, (key), (__VA_ARGS__))
/* row_max(row, latest, time), row_min: the greatest and the least value seen; the field is OPTIONAL, of int64, double,
 * decimal, timestamp or date. */
#define row_max(row, field, ...) FLUVIUS_EXTREME(max, (row)->field)(&(row)->field, (__VA_ARGS__))
#define row_min(row, field, ...) FLUVIUS_EXTREME(min, (row)->field)(&(row)->field, (__VA_ARGS__))
/* row_include(row, carriers, value): adds to a LIST of text, int64, date, uuid or an enum, once and in order, so that
 * the list is a set. */
#define row_include(row, list, ...)                                                                                    \
    do {                                                                                                               \
        __typeof__(*(row)->list.items) fluvius_item = (__VA_ARGS__);                                                   \
        fluvius_row_include(                                                                                           \
            (row)->memory, &(row)->list, &fluvius_item, sizeof fluvius_item, FLUVIUS_COMPARE(fluvius_item));           \
    } while (0)

/* ---- what they are made of ------------------------------------------------------------------------------------- */

#define FLUVIUS_ROW_AT(rows, USE, ...)                                                                                 \
    FLUVIUS_JOIN(fluvius_row_, FLUVIUS_COUNT(__VA_ARGS__))(&(rows)->fluvius_rows, USE __VA_OPT__(, ) __VA_ARGS__)

/* clang-format off */
#define FLUVIUS_KEY_OF(...)                                                                                            \
    _Generic((__VA_ARGS__),                                                                                            \
        text: fluvius_key_text,                                                                                        \
        int: fluvius_key_integer,                                                                                      \
        long: fluvius_key_integer,                                                                                     \
        long long: fluvius_key_integer,                                                                                \
        unsigned long: fluvius_key_count,                                                                              \
        date: fluvius_key_date,                                                                                        \
        timestamp: fluvius_key_timestamp,                                                                              \
        uuid: fluvius_key_uuid)
#define FLUVIUS_ROW_ADD(FIELD)                                                                                         \
    _Generic((FIELD),                                                                                                  \
        int64: fluvius_row_add,                                                                                        \
        decimal: fluvius_row_add_decimal)
#define FLUVIUS_EXTREME(WHICH, FIELD)                                                                                  \
    _Generic((FIELD),                                                                                                  \
        int64_optional: fluvius_##WHICH##_int64,                                                                       \
        double_optional: fluvius_##WHICH##_double,                                                                     \
        decimal_optional: fluvius_##WHICH##_decimal,                                                                   \
        timestamp_optional: fluvius_##WHICH##_timestamp,                                                               \
        date_optional: fluvius_##WHICH##_date)
#define FLUVIUS_COMPARE(ITEM)                                                                                          \
    _Generic((ITEM),                                                                                                   \
        text: fluvius_compare_text,                                                                                    \
        int64: fluvius_compare_int64,                                                                                  \
        date: fluvius_compare_date,                                                                                    \
        unsigned: fluvius_compare_enum,                                                                                \
        uuid: fluvius_compare_uuid)
/* clang-format on */

static inline void *fluvius_row_0(fluvius_rows *rows, uint32_t use)
{
    return rows->services->row(rows, use, (text){0});
}

/* A key that was meant to be one is never absent: an absent text is a key of no bytes, which is refused. */
static inline void *fluvius_row_1(fluvius_rows *rows, uint32_t use, text key)
{
    return rows->services->row(rows, use, key.data == NULL ? TEXT("") : key);
}

static inline __attribute__((format(printf, 2, 3))) text fluvius_row_print(fluvius_rows *rows, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text made = rows->services->print(rows, format, arguments);
    va_end(arguments);
    return made;
}

static inline text fluvius_key_value(fluvius_rows *rows, const fluvius_type *type, const void *value)
{
    return rows->services->text_of(rows, type, value);
}

static inline text fluvius_key_text(fluvius_rows *rows, text value)
{
    (void)rows;
    return value;
}

static inline text fluvius_key_integer(fluvius_rows *rows, int64 value)
{
    return fluvius_key_value(rows, &fluvius_type_int64, &value);
}

static inline text fluvius_key_count(fluvius_rows *rows, uint64_t value)
{
    return fluvius_row_print(rows, "%llu", (unsigned long long)value);
}

static inline text fluvius_key_date(fluvius_rows *rows, date value)
{
    return fluvius_key_value(rows, &fluvius_type_date, &value);
}

static inline text fluvius_key_timestamp(fluvius_rows *rows, timestamp value)
{
    return fluvius_key_value(rows, &fluvius_type_timestamp, &value);
}

static inline text fluvius_key_uuid(fluvius_rows *rows, uuid value)
{
    return fluvius_key_value(rows, &fluvius_type_uuid, &value);
}

static inline void fluvius_row_add(fluvius_arena *memory, int64 *field, int64 delta)
{
    if (!checked_add(*field, delta, field))
        memory->abandon(memory, "row_add beyond what an int64 can hold");
}

static inline void fluvius_row_add_decimal(fluvius_arena *memory, decimal *field, decimal delta)
{
    if (!decimal_add(*field, delta, field))
        memory->abandon(memory, "row_add beyond what a decimal can hold");
}

static inline void fluvius_row_add_at(fluvius_arena *memory, int64_map *map, text key, int64 delta)
{
    const int64 *there = (const int64 *)fluvius_map_find(map->items, map->count, sizeof *map->items, key);
    int64_entry entry = {.key = key, .value = there == NULL ? 0 : *there};
    fluvius_row_add(memory, &entry.value, delta);
    fluvius_map_put(memory, map, &entry, sizeof entry);
}

#define FLUVIUS_EXTREMES(T, MEMBER)                                                                                    \
    static inline void fluvius_max_##T(T##_optional *at, T value)                                                      \
    {                                                                                                                  \
        if (!at->present || value MEMBER > at->value MEMBER)                                                           \
            *at = (T##_optional){.present = true, .value = value};                                                     \
    }                                                                                                                  \
    static inline void fluvius_min_##T(T##_optional *at, T value)                                                      \
    {                                                                                                                  \
        if (!at->present || value MEMBER < at->value MEMBER)                                                           \
            *at = (T##_optional){.present = true, .value = value};                                                     \
    }                                                                                                                  \
    _Static_assert(1, "")
FLUVIUS_EXTREMES(int64, );
FLUVIUS_EXTREMES(double, );
FLUVIUS_EXTREMES(decimal, .units);
FLUVIUS_EXTREMES(timestamp, .microseconds);
FLUVIUS_EXTREMES(date, .days);

static inline int fluvius_compare_text(const void *a, const void *b)
{
    return text_compare(*(const text *)a, *(const text *)b);
}

static inline int fluvius_compare_int64(const void *a, const void *b)
{
    return (*(const int64 *)a > *(const int64 *)b) - (*(const int64 *)a < *(const int64 *)b);
}

static inline int fluvius_compare_date(const void *a, const void *b)
{
    return (((const date *)a)->days > ((const date *)b)->days) - (((const date *)a)->days < ((const date *)b)->days);
}

static inline int fluvius_compare_enum(const void *a, const void *b)
{
    return (*(const unsigned *)a > *(const unsigned *)b) - (*(const unsigned *)a < *(const unsigned *)b);
}

static inline int fluvius_compare_uuid(const void *a, const void *b)
{
    return __builtin_memcmp(a, b, sizeof(uuid));
}

static inline void fluvius_row_include(
    fluvius_arena *memory, void *at, const void *item, size_t size, int (*compare)(const void *a, const void *b))
{
    fluvius_list list = fluvius_list_get(at);
    size_t low = 0, high = list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare((const char *)list.items + middle * size, item);
        if (order == 0)
            return;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (list.count >= FLUVIUS_ITEMS_MAX)
        memory->abandon(memory, "row_include into a list that is full");
    __builtin_memcpy(fluvius_items_splice(memory, at, low, 0, 1, size), item, size);
}

#endif
