/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Streams in memory: stream -> last seq and version; and the key of a stream: its four parts in order, each with a
 * 16-bit big-endian length before (the bytes that stream_hash hashes). Not thread-safe. */
#ifndef STORE_STREAM_MAP_H
#define STORE_STREAM_MAP_H

#include "proto/identity.h"
#include "services/store/hash_index.h"

struct stream_entry {
    uint64_t hash, head, version;
    uint32_t partition;
    uint32_t key_size;
    size_t key; /* offset of the key's bytes */
};

/* A zeroed map is empty and ready. */
struct stream_map {
    struct stream_entry *entries; /* in the order they came */
    size_t count, capacity;
    uint8_t *keys;
    size_t keys_size, keys_capacity;
    struct hash_index index;
};

size_t stream_key_size(const struct stream *stream);
void stream_key_write(const struct stream *stream, uint8_t *out);

/* Room for so many more streams whose keys have key_bytes in all, so that the puts that follow cannot fail. */
enum error stream_map_reserve(struct stream_map *map, size_t streams, size_t key_bytes);
/* Adds a stream, or changes where its head is; returns its number. Room must have been reserved. */
uint32_t stream_map_put(struct stream_map *map,
                        const struct stream *stream,
                        uint64_t hash,
                        uint32_t partition,
                        uint64_t head,
                        uint64_t version);
/* Make the put that follows soon find what it needs in the processor's cache: first its slot, then, some time later,
 * the entry in it. Room must have been reserved. */
static inline void stream_map_prefetch(const struct stream_map *map, uint64_t hash)
{
    hash_index_prefetch(&map->index, hash);
}
static inline void stream_map_prefetch_entry(const struct stream_map *map, uint64_t hash)
{
    uint32_t item = map->index.slots[hash_index_first(&map->index, hash)];
    if (item != 0)
        __builtin_prefetch(&map->entries[item - 1], 1);
}
/* NULL when it is not there. Valid until the next put. */
const struct stream_entry *stream_map_find(const struct stream_map *map, const struct stream *stream, uint64_t hash);
static inline struct slice stream_map_key(const struct stream_map *map, const struct stream_entry *entry)
{
    return slice_of(map->keys + entry->key, entry->key_size);
}
/* Forgets all streams, keeps the memory. */
void stream_map_clear(struct stream_map *map);
void stream_map_fini(struct stream_map *map);

#endif
