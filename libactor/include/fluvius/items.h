/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Changing lists and maps of the state, in apply. Items are read directly (state->tags.items[i], .count) and never
 * written in place: assigning a list shares its items, so each change makes new ones, but for append, which uses the
 * room that is left behind a list's own last item. Part of domain.h. */
#ifndef FLUVIUS_ITEMS_H
#define FLUVIUS_ITEMS_H

#include "fluvius/values.h"

/* Room for count values of type T from memory (state->memory, out->memory); not zeroed. */
#define allocate(memory, T, count) ((T *)fluvius_allocate((memory), (count), sizeof(T)))

/* append(state, tags, value), replace_at(state, tags, index, value), remove_at(state, tags, index). */
#define append(state, list, ...)                                                                                       \
    do {                                                                                                               \
        __typeof__(*(state)->list.items) fluvius_item = __VA_ARGS__;                                                   \
        fluvius_list_append((state)->memory, &(state)->list, &fluvius_item, sizeof fluvius_item);                      \
    } while (0)
#define replace_at(state, list, index, ...)                                                                            \
    do {                                                                                                               \
        __typeof__(*(state)->list.items) fluvius_item = __VA_ARGS__;                                                   \
        fluvius_list_replace((state)->memory, &(state)->list, (index), &fluvius_item, sizeof fluvius_item);            \
    } while (0)
#define remove_at(state, list, index)                                                                                  \
    fluvius_list_remove((state)->memory, &(state)->list, (index), sizeof *(state)->list.items)

/* The value of a key, or NULL: const int64 *price = map_find(state->prices, key). */
#define map_find(map, key)                                                                                             \
    ((__typeof__(&(map).items->value))fluvius_map_find((map).items, (map).count, sizeof *(map).items, (key)))
/* map_put(state, prices, key, value) adds or replaces; map_remove(state, prices, key) removes the key if it is there.
 * They keep the keys in order. */
#define map_put(state, map, name, ...)                                                                                 \
    do {                                                                                                               \
        __typeof__(*(state)->map.items) fluvius_item = {.key = (name), .value = __VA_ARGS__};                          \
        fluvius_map_put((state)->memory, &(state)->map, &fluvius_item, sizeof fluvius_item);                           \
    } while (0)
#define map_remove(state, map, key)                                                                                    \
    fluvius_map_remove((state)->memory, &(state)->map, sizeof *(state)->map.items, (key))

/* ---- what they are made of ---- */

static inline void *fluvius_allocate(fluvius_arena *memory, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        total = SIZE_MAX;
    return memory->take(memory, total);
}

/* Items that a list owns lie behind this head. A list may add in place only while its count is what is used: another
 * list that shares the items has then added nothing there. */
typedef struct fluvius_items_head {
    uint64_t used;
} fluvius_items_head;

/* at points to a list of some type; all have the layout of fluvius_list. */
static inline fluvius_list fluvius_list_get(const void *at)
{
    fluvius_list list;
    __builtin_memcpy(&list, at, sizeof list);
    return list;
}

static inline void fluvius_list_set(void *at, const void *items, uint32_t count, uint32_t capacity)
{
    fluvius_list list = {.items = items, .count = count, .capacity = capacity};
    __builtin_memcpy(at, &list, sizeof list);
}

static inline char *fluvius_items_new(fluvius_arena *memory, uint32_t capacity, uint32_t used, size_t size)
{
    char *head = (char *)memory->take(memory, sizeof(fluvius_items_head) + capacity * size);
    __builtin_memcpy(head, &(fluvius_items_head){used}, sizeof(fluvius_items_head));
    return head + sizeof(fluvius_items_head);
}

static inline void fluvius_list_append(fluvius_arena *memory, void *at, const void *item, size_t size)
{
    fluvius_list list = fluvius_list_get(at);
    fluvius_items_head *head = list.capacity == 0 ? NULL : (fluvius_items_head *)(uintptr_t)list.items - 1;
    char *items = (char *)(uintptr_t)list.items;
    if (head != NULL && head->used == list.count && list.count < list.capacity) {
        head->used++;
    } else {
        if (list.count >= UINT32_MAX / 2)
            memory->abandon(memory, "a list with too many items");
        list.capacity = list.count < 4 ? list.count + 1 : list.count + list.count / 2;
        items = fluvius_items_new(memory, list.capacity, list.count + 1, size);
        if (list.count > 0)
            __builtin_memcpy(items, list.items, list.count * size);
    }
    __builtin_memcpy(items + list.count * size, item, size);
    fluvius_list_set(at, items, list.count + 1, list.capacity);
}

/* New items: before of the old ones, then room for added, then the rest of the old ones without gone. */
static inline char *
fluvius_items_splice(fluvius_arena *memory, void *at, size_t before, uint32_t gone, uint32_t added, size_t size)
{
    fluvius_list list = fluvius_list_get(at);
    uint32_t count = list.count - gone + added;
    size_t after = list.count - before - gone;
    char *items = fluvius_items_new(memory, count + (count == 0), count, size);
    const char *old = (const char *)list.items;
    if (before > 0)
        __builtin_memcpy(items, old, before * size);
    if (after > 0)
        __builtin_memcpy(items + (before + added) * size, old + (before + gone) * size, after * size);
    fluvius_list_set(at, items, count, count + (count == 0));
    return items + before * size;
}

static inline void fluvius_list_replace(fluvius_arena *memory, void *at, size_t index, const void *item, size_t size)
{
    if (index >= fluvius_list_get(at).count)
        memory->abandon(memory, "replace_at beyond the end of a list");
    __builtin_memcpy(fluvius_items_splice(memory, at, index, 1, 1, size), item, size);
}

static inline void fluvius_list_remove(fluvius_arena *memory, void *at, size_t index, size_t size)
{
    if (index >= fluvius_list_get(at).count)
        memory->abandon(memory, "remove_at beyond the end of a list");
    fluvius_items_splice(memory, at, index, 1, 0, size);
}

/* Each entry of a map starts with its key. *found tells whether the place holds the key or is where it belongs. */
static inline size_t fluvius_map_place(const void *items, size_t count, size_t size, text key, bool *found)
{
    size_t low = 0, high = count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        text there;
        __builtin_memcpy(&there, (const char *)items + middle * size, sizeof there);
        int order = text_compare(there, key);
        if (order == 0)
            *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static inline const void *fluvius_map_find(const void *items, size_t count, size_t size, text key)
{
    bool found;
    size_t place = fluvius_map_place(items, count, size, key, &found);
    size_t value = sizeof(text); /* no value is aligned to more than 8 bytes */
    return found ? (const char *)items + place * size + value : NULL;
}

static inline void fluvius_map_put(fluvius_arena *memory, void *at, const void *entry, size_t size)
{
    fluvius_list map = fluvius_list_get(at);
    text key;
    bool found;
    __builtin_memcpy(&key, entry, sizeof key);
    size_t place = fluvius_map_place(map.items, map.count, size, key, &found);
    if (!found && map.count >= FLUVIUS_ITEMS)
        memory->abandon(memory, "a map with too many entries");
    __builtin_memcpy(fluvius_items_splice(memory, at, place, found, 1, size), entry, size);
}

static inline void fluvius_map_remove(fluvius_arena *memory, void *at, size_t size, text key)
{
    fluvius_list map = fluvius_list_get(at);
    bool found;
    size_t place = fluvius_map_place(map.items, map.count, size, key, &found);
    if (found)
        fluvius_items_splice(memory, at, place, 1, 0, size);
}

#endif
