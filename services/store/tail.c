/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The stream index. New heads gather in the active map. When enough have, the map is frozen and another takes its
 * place; the frozen streams are written in slices, in the order of the table, and when all are, the position that the
 * table covers moves to where the heads were at the freezing.
 *
 *     active --freeze--> frozen --slices--> stream table; covered := heads at the freezing
 *
 * A stream's head is looked for in active, then frozen, then the table: the first that knows it has the newest. */
#include <assert.h>
#include <stdlib.h>

#include "services/store/unit.h"

enum { CLOCK_EVERY = 64 }; /* streams between two looks at the clock */

static struct stream_map *active_map(struct unit *unit)
{
    return &unit->tail.maps[unit->tail.active];
}
static struct stream_map *frozen_map(struct unit *unit)
{
    return &unit->tail.maps[unit->tail.active ^ 1];
}

enum error tail_reserve(struct unit *unit, size_t streams, size_t key_bytes)
{
    return stream_map_reserve(active_map(unit), streams, key_bytes);
}

void tail_put(struct unit *unit, const struct store_record *record)
{
    unit->tail.rows++;
    if (record->event.size != 0)
        stream_map_put(
            active_map(unit), &record->stream, record->stream_hash, record->partition, record->seq, record->version);
}

void tail_prefetch(const struct unit *unit, const struct store_record *record)
{
    if (record->event.size != 0)
        stream_map_prefetch(&unit->tail.maps[unit->tail.active], record->stream_hash);
}

void tail_prefetch_entry(const struct unit *unit, const struct store_record *record)
{
    if (record->event.size != 0)
        stream_map_prefetch_entry(&unit->tail.maps[unit->tail.active], record->stream_hash);
}

bool tail_find(const struct unit *unit, const struct stream *stream, uint64_t hash, struct store_head *out)
{
    const struct tail *tail = &unit->tail;
    const struct stream_entry *entry = stream_map_find(&tail->maps[tail->active], stream, hash);
    if (entry == NULL)
        entry = stream_map_find(&tail->maps[tail->active ^ 1], stream, hash);
    if (entry != NULL)
        *out = (struct store_head){.head = entry->head, .version = entry->version};
    return entry != NULL;
}

bool tail_due(const struct unit *unit, uint32_t times)
{
    const struct unit_limits *limits = &unit->store->limits;
    return unit->tail.maps[unit->tail.active].count >= (size_t)limits->streams * times ||
           unit->tail.rows >= (size_t)limits->rows * times;
}

/* The tables are ordered by the hash as a signed number. */
static void order_fill(struct tail *tail, const struct stream_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        tail->order[i] = (struct sort_item){.key = map->entries[i].hash ^ UINT64_C(1) << 63, .item = i};
    sort_items(tail->order, tail->order_scratch, map->count);
}

enum error tail_freeze(struct unit *unit)
{
    struct tail *tail = &unit->tail;
    assert(!tail->frozen && frozen_map(unit)->count == 0);
    if (!sort_reserve(&tail->order, &tail->order_scratch, &tail->order_capacity, active_map(unit)->count))
        return error_no_memory;
    order_fill(tail, active_map(unit));
    pthread_mutex_lock(&unit->mutex);
    tail->active ^= 1;
    tail->frozen = true;
    tail->written = 0;
    tail->rows = 0;
    for (uint32_t place = 0; place < unit->count; place++)
        tail->frozen_heads[place] = unit->heads[place].head;
    pthread_mutex_unlock(&unit->mutex);
    return error_none;
}

static enum error covered_write(struct unit *unit, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t place = 0; place < unit->count && error == error_none; place++)
        error = writing(unit)->cover_streams(unit, unit_partition(unit, place), unit->tail.frozen_heads[place], fault);
    return error;
}

enum error tail_write(struct unit *unit, uint64_t deadline_us, size_t *written, struct store_fault *fault)
{
    const struct stream_map *map = frozen_map(unit);
    size_t done = unit->tail.written;
    while (done < map->count) {
        const struct stream_entry *entry = &map->entries[unit->tail.order[done].item];
        enum error error = writing(unit)->put_stream(unit, entry, stream_map_key(map, entry), fault);
        bool pause = ++done % CLOCK_EVERY == 0;
        if (error == error_none && pause)
            error = writing(unit)->settle(unit, fault);
        if (error != error_none)
            return error;
        if (pause && clock_passed(deadline_us))
            break;
    }
    enum error error = done == map->count ? covered_write(unit, fault) : error_none;
    if (error == error_none)
        *written = done - unit->tail.written;
    return error;
}

void tail_written(struct unit *unit, size_t written)
{
    struct tail *tail = &unit->tail;
    tail->written += written;
    if (tail->written < frozen_map(unit)->count)
        return;
    pthread_mutex_lock(&unit->mutex);
    stream_map_clear(frozen_map(unit));
    tail->frozen = false;
    pthread_mutex_unlock(&unit->mutex);
}

void tail_fini(struct tail *tail)
{
    stream_map_fini(&tail->maps[0]);
    stream_map_fini(&tail->maps[1]);
    free(tail->order);
    free(tail->order_scratch);
    free(tail->frozen_heads);
    *tail = (struct tail){0};
}
