/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Duplicate keys: fingerprints for small maps, a critical-bit tree for large ones. The tree sees a key as symbols of
 * nine bits, one for each byte (1 and the byte) and then a 0, so that no key is the beginning of another. */
#include "proto/keys.h"

#include "proto/head.h"

#define SYMBOL_BITS 9

void keys_init(struct key_set *set, struct key_trees *trees)
{
    set->trees = trees;
    set->few_top = set->nodes_top = 0;
}

void keys_open(struct key_set *set, struct key_map *map)
{
    *map = (struct key_map){.few = set->few_top, .nodes = set->nodes_top};
}

void keys_close(struct key_set *set, const struct key_map *map)
{
    set->few_top = map->few;
    set->nodes_top = map->nodes;
}

static struct slice key_at(struct slice message, size_t offset)
{
    struct reader reader = {message.data + offset, message.data + message.size};
    struct msgpack_value value = {0};
    head_read(&reader, &value);
    return value.bytes;
}

static uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static uint32_t half_at(const uint8_t *at)
{
    uint32_t half;
    memcpy(&half, at, sizeof half);
    return half;
}

/* Exact for keys of at most 7 bytes (the size in the top byte), a mix of both ends for longer ones. */
static uint64_t key_print(struct slice key)
{
    if (key.size >= sizeof(uint64_t)) {
        uint64_t mix = word_at(key.data) * UINT64_C(0x9e3779b97f4a7c15);
        return (mix ^ word_at(key.data + key.size - sizeof mix) ^ key.size) | UINT64_C(0xff) << 56;
    }
    uint64_t print = (uint64_t)key.size << 56;
    if (key.size >= sizeof(uint32_t)) { /* the two words overlap, and agree where they do */
        return print | (uint64_t)half_at(key.data) | (uint64_t)half_at(key.data + key.size - 4) << (8 * (key.size - 4));
    }
    for (size_t i = 0; i < key.size; i++) {
        print |= (uint64_t)key.data[i] << (8 * i);
    }
    return print;
}

static enum error
few_add(struct key_set *set, struct key_map *map, struct slice message, struct slice key, size_t offset)
{
    uint64_t print = key_print(key);
    uint64_t *prints = set->prints + map->few;
    for (uint32_t i = 0; i < map->count; i++) {
        if (prints[i] == print && slice_equal(key, key_at(message, set->offsets[map->few + i]))) {
            return error_duplicate_key;
        }
    }
    prints[map->count] = print;
    set->offsets[map->few + map->count++] = (uint32_t)offset;
    set->few_top = map->few + map->count;
    return error_none;
}

static uint32_t leaf_of(size_t offset)
{
    return (uint32_t)offset * 2 + 1;
}

static bool key_bit(struct slice key, uint32_t bit)
{
    size_t byte = bit / SYMBOL_BITS;
    uint32_t place = bit % SYMBOL_BITS;
    if (byte >= key.size) {
        return false;
    }
    return place == 0 || (key.data[byte] >> (SYMBOL_BITS - 1 - place) & 1) != 0;
}

/* The first bit in which two keys differ; false when they are equal. */
static bool keys_differ(struct slice a, struct slice b, uint32_t *bit)
{
    size_t shorter = a.size < b.size ? a.size : b.size, i = 0;
    while (i < shorter && a.data[i] == b.data[i]) {
        i++;
    }
    *bit = (uint32_t)i * SYMBOL_BITS;
    if (i < shorter) {
        *bit += (uint32_t)__builtin_clz((unsigned)(a.data[i] ^ b.data[i])) - 24 + 1;
        return true;
    }
    return a.size != b.size;
}

/* Puts a new inner node where the walk along key passes `bit`: nodes above it differ earlier, those below later. */
static void tree_split(struct key_set *set, struct key_map *map, struct slice key, uint32_t bit, uint32_t leaf)
{
    struct key_node *nodes = set->trees->nodes;
    uint32_t *link = &map->root;
    while ((*link & 1) == 0 && nodes[*link / 2].bit < bit) {
        link = &nodes[*link / 2].child[key_bit(key, nodes[*link / 2].bit)];
    }
    uint32_t place = set->nodes_top++;
    bool side = key_bit(key, bit);
    nodes[place].bit = bit;
    nodes[place].child[side] = leaf;
    nodes[place].child[!side] = *link;
    *link = place * 2;
}

static enum error
tree_add(struct key_set *set, struct key_map *map, struct slice message, struct slice key, size_t offset)
{
    const struct key_node *nodes = set->trees->nodes;
    uint32_t link = map->root, bit;
    while ((link & 1) == 0) {
        link = nodes[link / 2].child[key_bit(key, nodes[link / 2].bit)];
    }
    if (!keys_differ(key, key_at(message, link / 2), &bit)) {
        return error_duplicate_key;
    }
    tree_split(set, map, key, bit, leaf_of(offset));
    return error_none;
}

static void tree_build(struct key_set *set, struct key_map *map, struct slice message)
{
    const uint32_t *offsets = set->offsets + map->few;
    map->root = leaf_of(offsets[0]);
    for (uint32_t i = 1; i < map->count; i++) {
        tree_add(set, map, message, key_at(message, offsets[i]), offsets[i]);
    }
}

enum error keys_add(struct key_set *set, struct key_map *map, struct slice message, struct slice key, size_t offset)
{
    if (map->count < keys_few) {
        return few_add(set, map, message, key, offset);
    }
    if (set->trees == NULL) {
        return error_full;
    }
    if (map->count == keys_few) {
        tree_build(set, map, message);
    }
    enum error error = tree_add(set, map, message, key, offset);
    if (error == error_none) {
        map->count++;
    }
    return error;
}
