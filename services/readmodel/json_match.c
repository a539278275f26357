/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Comparing lists and maps. Recursion is as deep as values nest, which is bounded where they come in. Whether one list
 * is among another takes the product of their sizes; so steps are counted, by the bytes that are looked at. */
#include "services/readmodel/json_match.h"

#include "proto/reader.h"

struct walk {
    const struct match_stop *stop;
    uint32_t steps;
    bool stopped; /* nothing that is found out after that counts */
};

static bool walk_ends(struct walk *walk, size_t bytes)
{
    walk->stopped = walk->stopped || match_stop_after(walk->stop, &walk->steps, bytes + 1);
    return walk->stopped;
}

static enum match walk_result(const struct walk *walk, bool matches)
{
    return walk->stopped ? MATCH_STOPPED : matches ? MATCH_YES : MATCH_NO;
}

static bool head_read(struct reader *reader, struct slice from, struct msgpack_value *out)
{
    *reader = reader_of(from);
    return reader_next(reader, out) == error_none;
}

/* ---- single values ---- */

static bool is_number(enum msgpack_kind kind)
{
    return kind == MSGPACK_KIND_INTEGER || kind == MSGPACK_KIND_BIG || kind == MSGPACK_KIND_DOUBLE;
}

/* Is a double exactly this integer? */
static bool double_is(double number, const struct msgpack_value *integer)
{
    if (integer->kind == MSGPACK_KIND_BIG)
        return number >= 0 && number < 18446744073709551616.0 && (uint64_t)number == integer->big &&
               (double)(uint64_t)number == number;
    return number >= -9223372036854775808.0 && number < 9223372036854775808.0 && (int64_t)number == integer->integer &&
           (double)(int64_t)number == number;
}

static bool numbers_equal(const struct msgpack_value *a, const struct msgpack_value *b)
{
    if (a->kind == MSGPACK_KIND_DOUBLE && b->kind == MSGPACK_KIND_DOUBLE)
        return a->number == b->number;
    if (a->kind == MSGPACK_KIND_DOUBLE)
        return double_is(a->number, b);
    if (b->kind == MSGPACK_KIND_DOUBLE)
        return double_is(b->number, a);
    return a->kind == b->kind && (a->kind == MSGPACK_KIND_BIG ? a->big == b->big : a->integer == b->integer);
}

static bool singles_equal(const struct msgpack_value *a, const struct msgpack_value *b)
{
    if (is_number(a->kind) && is_number(b->kind))
        return numbers_equal(a, b);
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case MSGPACK_KIND_NIL:
        return true;
    case MSGPACK_KIND_BOOL:
        return a->boolean == b->boolean;
    default:
        return slice_equal(a->bytes, b->bytes);
    }
}

static bool is_container(const struct msgpack_value *value)
{
    return value->kind == MSGPACK_KIND_ARRAY || value->kind == MSGPACK_KIND_MAP;
}

/* ---- equality ---- */

static bool readers_equal(struct walk *walk, struct reader *a, struct reader *b);

static bool contents_equal(struct walk *walk, struct reader *a, struct reader *b, const struct msgpack_value *head)
{
    uint32_t values = head->kind == MSGPACK_KIND_MAP ? 2 * head->count : head->count;
    for (uint32_t i = 0; i < values; i++)
        if (!readers_equal(walk, a, b))
            return false;
    return true;
}

/* Reads one value of each; where they differ the readers are left within. */
static bool readers_equal(struct walk *walk, struct reader *a, struct reader *b)
{
    struct msgpack_value from_a, from_b;
    if (reader_next(a, &from_a) != error_none || reader_next(b, &from_b) != error_none)
        return false;
    if (walk_ends(walk, is_container(&from_a) ? 0 : from_a.bytes.size))
        return false;
    if (!is_container(&from_a) || !is_container(&from_b))
        return !is_container(&from_a) && !is_container(&from_b) && singles_equal(&from_a, &from_b);
    return from_a.kind == from_b.kind && from_a.count == from_b.count && contents_equal(walk, a, b, &from_a);
}

static bool slices_equal(struct walk *walk, struct slice a, struct slice b)
{
    struct reader reader_a = reader_of(a), reader_b = reader_of(b);
    return readers_equal(walk, &reader_a, &reader_b);
}

enum match json_equal(struct slice a, struct slice b, const struct match_stop *stop)
{
    struct walk walk = {.stop = stop};
    return walk_result(&walk, slices_equal(&walk, a, b));
}

/* ---- containment ---- */

static bool contains(struct walk *walk, struct slice whole, struct slice part);

static bool item_among(struct walk *walk, struct slice list, struct slice item)
{
    struct reader reader, item_reader;
    struct msgpack_value head, item_head, own_head;
    struct slice own;
    if (!head_read(&reader, list, &head) || !head_read(&item_reader, item, &item_head))
        return false;
    for (uint32_t i = 0; i < head.count; i++) {
        struct reader at;
        if (reader_raw(&reader, &own) != error_none || !head_read(&at, own, &own_head) || walk_ends(walk, own.size))
            return false;
        if (is_container(&item_head) ? own_head.kind == item_head.kind && contains(walk, own, item)
                                     : !is_container(&own_head) && singles_equal(&own_head, &item_head))
            return true;
    }
    return false;
}

/* Both are in order, so one walk through the whole is enough. */
static bool
entries_contained(struct walk *walk, struct reader *whole, uint32_t entries, struct reader *part, uint32_t wanted)
{
    for (; wanted > 0; wanted--) {
        struct slice key, value, own_key = {0}, own_value = {0};
        bool found = false;
        if (reader_text(part, &key) != error_none || reader_raw(part, &value) != error_none)
            return false;
        for (; entries > 0 && !found; entries--) {
            if (reader_text(whole, &own_key) != error_none || reader_raw(whole, &own_value) != error_none)
                return false;
            if (walk_ends(walk, own_key.size + own_value.size))
                return false;
            found = slice_equal(own_key, key);
        }
        if (!found || !contains(walk, own_value, value))
            return false;
    }
    return true;
}

static bool contains(struct walk *walk, struct slice whole, struct slice part)
{
    struct reader whole_reader, part_reader;
    struct msgpack_value whole_head, part_head;
    struct slice item;
    if (!head_read(&whole_reader, whole, &whole_head) || !head_read(&part_reader, part, &part_head))
        return false;
    if (!is_container(&whole_head) || !is_container(&part_head))
        return !is_container(&whole_head) && !is_container(&part_head) && singles_equal(&whole_head, &part_head);
    if (whole_head.kind != part_head.kind)
        return false;
    if (whole_head.kind == MSGPACK_KIND_MAP)
        return entries_contained(walk, &whole_reader, whole_head.count, &part_reader, part_head.count);
    for (uint32_t i = 0; i < part_head.count; i++)
        if (reader_raw(&part_reader, &item) != error_none || !item_among(walk, whole, item))
            return false;
    return true;
}

enum match json_contains(struct slice whole, struct slice part, const struct match_stop *stop)
{
    struct walk walk = {.stop = stop};
    return walk_result(&walk, contains(&walk, whole, part));
}

static bool overlaps(struct walk *walk, struct slice a, struct slice b)
{
    struct reader reader_a, reader_b;
    struct msgpack_value head_a, head_b;
    struct slice item_a, item_b;
    if (!head_read(&reader_a, a, &head_a) || head_a.kind != MSGPACK_KIND_ARRAY)
        return false;
    for (uint32_t i = 0; i < head_a.count; i++) {
        if (reader_raw(&reader_a, &item_a) != error_none || !head_read(&reader_b, b, &head_b) ||
            head_b.kind != MSGPACK_KIND_ARRAY)
            return false;
        for (uint32_t k = 0; k < head_b.count && reader_raw(&reader_b, &item_b) == error_none; k++) {
            if (walk_ends(walk, item_b.size))
                return false;
            if (slices_equal(walk, item_a, item_b))
                return true;
        }
    }
    return false;
}

enum match json_overlaps(struct slice a, struct slice b, const struct match_stop *stop)
{
    struct walk walk = {.stop = stop};
    return walk_result(&walk, overlaps(&walk, a, b));
}
