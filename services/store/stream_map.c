/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Streams in memory, found by hash and compared by key. */
#include "services/store/stream_map.h"

#include <assert.h>
#include <stdlib.h>

#include "services/store/grow.h"

size_t stream_key_size(const struct stream *stream)
{
    return 8 + stream->realm.size + stream->namespace.size + stream->resource.size + stream->identifier.size;
}

static uint8_t *part_write(uint8_t *out, struct slice part)
{
    assert(part.size <= UINT16_MAX);
    *out++ = (uint8_t)(part.size >> 8);
    *out++ = (uint8_t)part.size;
    if (part.size != 0)
        memcpy(out, part.data, part.size);
    return out + part.size;
}

void stream_key_write(const struct stream *stream, uint8_t *out)
{
    out = part_write(out, stream->realm);
    out = part_write(out, stream->namespace);
    out = part_write(out, stream->resource);
    part_write(out, stream->identifier);
}

/* Compares the part that begins at key; the whole key's size is known to be equal, so reading stays inside it as long
 * as the parts before were equal. */
static bool part_equal(const uint8_t **key, struct slice part)
{
    const uint8_t *at = *key;
    *key += 2 + part.size;
    return (size_t)(at[0] << 8 | at[1]) == part.size && slice_equal(slice_of(at + 2, part.size), part);
}

static bool key_equal(struct slice key, const struct stream *stream)
{
    const uint8_t *at = key.data;
    return key.size == stream_key_size(stream) && part_equal(&at, stream->realm) &&
           part_equal(&at, stream->namespace) && part_equal(&at, stream->resource) &&
           part_equal(&at, stream->identifier);
}

static uint64_t entry_hash(const void *owner, uint32_t item)
{
    return ((const struct stream_map *)owner)->entries[item].hash;
}

enum error stream_map_reserve(struct stream_map *map, size_t streams, size_t key_bytes)
{
    size_t entries = map->count + streams;
    if (!grow((void **)&map->entries, &map->capacity, entries, sizeof map->entries[0]) ||
        !grow((void **)&map->keys, &map->keys_capacity, map->keys_size + key_bytes, 1))
        return error_no_memory;
    return hash_index_reserve(&map->index, entries, map->count, entry_hash, map);
}

static uint32_t slot_find(const struct stream_map *map, const struct stream *stream, uint64_t hash)
{
    uint32_t slot = hash_index_first(&map->index, hash);
    for (; map->index.slots[slot] != 0; slot = hash_index_next(&map->index, slot)) {
        const struct stream_entry *entry = &map->entries[map->index.slots[slot] - 1];
        if (entry->hash == hash && key_equal(stream_map_key(map, entry), stream))
            break;
    }
    return slot;
}

static uint32_t entry_add(struct stream_map *map, const struct stream *stream, uint64_t hash)
{
    size_t size = stream_key_size(stream);
    assert(map->count < map->capacity && map->keys_size + size <= map->keys_capacity);
    stream_key_write(stream, map->keys + map->keys_size);
    map->entries[map->count] = (struct stream_entry){.hash = hash, .key = map->keys_size, .key_size = (uint32_t)size};
    map->keys_size += size;
    return (uint32_t)map->count++;
}

uint32_t stream_map_put(struct stream_map *map,
                        const struct stream *stream,
                        uint64_t hash,
                        uint32_t partition,
                        uint64_t head,
                        uint64_t version)
{
    uint32_t slot = slot_find(map, stream, hash);
    if (map->index.slots[slot] == 0)
        map->index.slots[slot] = entry_add(map, stream, hash) + 1;
    uint32_t number = map->index.slots[slot] - 1;
    struct stream_entry *entry = &map->entries[number];
    entry->partition = partition;
    entry->head = head;
    entry->version = version;
    return number;
}

const struct stream_entry *stream_map_find(const struct stream_map *map, const struct stream *stream, uint64_t hash)
{
    if (map->count == 0)
        return NULL;
    uint32_t item = map->index.slots[slot_find(map, stream, hash)];
    return item == 0 ? NULL : &map->entries[item - 1];
}

void stream_map_clear(struct stream_map *map)
{
    if (map->count != 0)
        hash_index_clear(&map->index);
    map->count = 0;
    map->keys_size = 0;
}

void stream_map_fini(struct stream_map *map)
{
    free(map->entries);
    free(map->keys);
    hash_index_fini(&map->index);
    *map = (struct stream_map){0};
}
