/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The containers that the backends share, and how a backend is found. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "services/store/backend.h"
#include "services/store/receipt_set.h"
#include "services/store/sort.h"
#include "services/store/stream_map.h"

static struct stream stream_of(const char *realm, const char *namespace, const char *resource, const char *identifier)
{
    return (struct stream){slice_text(realm), slice_text(namespace), slice_text(resource), slice_text(identifier)};
}

static void map_add(struct stream_map *map, const struct stream *stream, uint64_t hash, uint64_t version)
{
    cr_assert(stream_map_reserve(map, 1, stream_key_size(stream)) == error_none);
    stream_map_put(map, stream, hash, 3, version * 10, version);
}

Test(stream_map, empty_map_finds_nothing)
{
    struct stream_map map = {0};
    struct stream stream = stream_of("r", "n", "o", "i");
    cr_assert(stream_map_find(&map, &stream, 1) == NULL);
    stream_map_clear(&map);
    stream_map_fini(&map);
}

Test(stream_map, streams_with_the_same_hash_are_kept_apart)
{
    struct stream_map map = {0};
    struct stream parts[] = {stream_of("ab", "c", "d", "e"),
                             stream_of("a", "bc", "d", "e"),
                             stream_of("a", "b", "cd", "e"),
                             stream_of("a", "b", "c", "de"),
                             stream_of("a", "b", "c", "df")};
    for (uint64_t i = 0; i < 5; i++)
        map_add(&map, &parts[i], 42, i + 1);
    cr_assert(map.count == 5);
    for (uint64_t i = 0; i < 5; i++)
        cr_assert(stream_map_find(&map, &parts[i], 42)->version == i + 1);
    cr_assert(stream_map_find(&map, &parts[0], 43) == NULL);
    stream_map_fini(&map);
}

Test(stream_map, put_again_moves_the_head)
{
    struct stream_map map = {0};
    struct stream stream = stream_of("r", "n", "o", "i");
    map_add(&map, &stream, 7, 1);
    map_add(&map, &stream, 7, 2);
    const struct stream_entry *entry = stream_map_find(&map, &stream, 7);
    cr_assert(map.count == 1 && entry->version == 2 && entry->head == 20 && entry->partition == 3);
    stream_map_fini(&map);
}

Test(stream_map, grows_and_forgets)
{
    struct stream_map map = {0};
    char name[32];
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 5000; i++) {
            snprintf(name, sizeof name, "id-%llu", (unsigned long long)i);
            struct stream stream = stream_of("r", "n", "o", name);
            map_add(&map, &stream, stream_hash(&stream), i);
        }
        for (uint64_t i = 0; i < 5000; i++) {
            snprintf(name, sizeof name, "id-%llu", (unsigned long long)i);
            struct stream stream = stream_of("r", "n", "o", name);
            cr_assert(stream_map_find(&map, &stream, stream_hash(&stream))->version == i);
        }
        stream_map_clear(&map);
        struct stream stream = stream_of("r", "n", "o", "id-1");
        cr_assert(map.count == 0 && stream_map_find(&map, &stream, stream_hash(&stream)) == NULL);
    }
    stream_map_fini(&map);
}

Test(stream_map, key_is_what_stream_hash_hashes)
{
    uint8_t key[64];
    struct stream stream = stream_of("", "ns", "res", "id");
    cr_assert(stream_key_size(&stream) == 15);
    stream_key_write(&stream, key);
    cr_assert_arr_eq(key, "\0\0\0\2ns\0\3res\0\2id", 15);
}

Test(receipt_set, finds_by_id_and_stream)
{
    struct receipt_set set = {0};
    uint64_t position = 0;
    struct uuid id = {{1, 2, 3}};
    cr_assert(!receipt_set_find(&set, &id, 5, &position));
    for (uint64_t stream = 0; stream < 3000; stream++) {
        struct receipt_entry entry = receipt_entry_of(&id, stream, stream + 1);
        cr_assert(receipt_set_reserve(&set, 1) == error_none);
        receipt_set_put(&set, &entry);
    }
    for (uint64_t stream = 0; stream < 3000; stream++)
        cr_assert(receipt_set_find(&set, &id, stream, &position) && position == stream + 1);
    cr_assert(!receipt_set_find(&set, &id, 3000, &position));
    receipt_set_clear(&set);
    cr_assert(!receipt_set_find(&set, &id, 5, &position));
    receipt_set_fini(&set);
}

Test(sort, items_are_sorted_and_equal_ones_keep_their_order)
{
    static const uint64_t masks[] = {0, 0xff, 0xff00, 0x3, UINT64_MAX, UINT64_C(0xff00000000000000)};
    for (size_t m = 0; m < sizeof masks / sizeof masks[0]; m++) {
        struct sort_item items[1000], scratch[1000];
        uint64_t random = 88172645463325252;
        for (uint64_t i = 0; i < 1000; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            items[i] = (struct sort_item){.key = random & masks[m], .item = i};
        }
        sort_items(items, scratch, 1000);
        for (size_t i = 1; i < 1000; i++)
            cr_assert(items[i - 1].key < items[i].key ||
                      (items[i - 1].key == items[i].key && items[i - 1].item < items[i].item));
    }
}

Test(sort, none_and_one_are_sorted)
{
    struct sort_item item = {.key = 3, .item = 4}, scratch;
    sort_items(&item, &scratch, 0);
    sort_items(&item, &scratch, 1);
    cr_assert(item.key == 3 && item.item == 4);
}

Test(store_open, unknown_scheme_is_refused)
{
    static const char *const urls[] = {"", "memory", "postgre://ann:secret@x", "sqlit:x", "sqlitex:", "memoryx:"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct store *store = NULL;
        struct store_fault fault;
        struct store_config config = {.url = urls[i], .create = true};
        cr_assert(store_open(&store, &config, &fault) == error_bad_settings && store == NULL);
        cr_assert(strstr(fault.text, "memory:") != NULL && strstr(fault.text, "postgresql:") != NULL);
        cr_assert(strstr(fault.text, "secret") == NULL);
    }
}

Test(store_open, impossible_sizes_are_refused)
{
    struct store *store = NULL;
    struct store_config config = {.url = "memory:", .create = true, .partitions = 2, .units = 3};
    cr_assert(store_open(&store, &config, NULL) == error_bad_settings);
    config.partitions = STORE_PARTITIONS_MAX + 1;
    cr_assert(store_open(&store, &config, NULL) == error_bad_settings);
}

Test(store_open, defaults_are_sixteen_partitions_in_four_units)
{
    struct store *store;
    struct store_info info;
    struct store_config config = {.url = "memory:", .create = true};
    cr_assert(store_open(&store, &config, NULL) == error_none);
    store_info(store, &info);
    cr_assert(info.partitions == 16 && info.units == 4);
    store_close(&store);
    store_close(&store);
}
