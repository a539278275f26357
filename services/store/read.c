/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading logs and streams: what a reader gets is what had been committed when its read began. */
#include <stdlib.h>

#include "services/store/checksum.h"
#include "services/store/unit.h"

/* Going along a partition's log. */
struct log_walk {
    const struct unit *unit;
    uint64_t seq; /* of the record before */
    store_visit visit;
    void *context;
    struct store_fault *fault;
};

static enum error log_visit(void *context, const struct store_record *record)
{
    struct log_walk *walk = context;
    if (record->seq != ++walk->seq)
        return fault_set(walk->fault,
                         error_corrupt,
                         "%s: partition %u has no record at seq %llu",
                         walk->unit->name,
                         record->partition,
                         (unsigned long long)walk->seq);
    return walk->visit(walk->context, record);
}

/* The seq that a partition goes up to at least, as far as its owner here knows. */
static uint64_t head_known(struct unit *unit, uint32_t partition)
{
    pthread_mutex_lock(&unit->mutex);
    uint64_t head = unit->claimed ? unit->heads[unit_place(unit, partition)].head : 0;
    pthread_mutex_unlock(&unit->mutex);
    return head;
}

enum error unit_read_log(struct store *store,
                         uint32_t partition,
                         uint64_t after_seq,
                         uint32_t limit,
                         store_visit visit,
                         void *context,
                         struct store_fault *fault)
{
    struct unit *unit = unit_of(store, partition % ((struct unit_store *)store)->info.units);
    struct log_walk walk = {.unit = unit, .seq = after_seq, .visit = visit, .context = context, .fault = fault};
    if (after_seq >= POSITION_SEQ_MAX)
        return error_none;
    uint64_t head = head_known(unit, partition), end = head < after_seq + limit ? head : after_seq + limit;
    enum error error = reading(unit)->read_log(unit, partition, after_seq, limit, log_visit, &walk, fault);
    if (error == error_none && walk.seq < end)
        return fault_set(fault,
                         error_corrupt,
                         "%s: the log ends at seq %llu where there should be %llu",
                         unit->name,
                         (unsigned long long)walk.seq,
                         (unsigned long long)end);
    return error;
}

/* Looks where the stream's head is, and begins a read that sees everything up to it. A stream in the tail has its
 * newest head there. */
static enum error look_up(const struct look *look, bool snapshot, struct looked *out, struct store_fault *fault)
{
    struct looked looked = {0};
    struct store_head head;
    pthread_mutex_lock(&look->unit->mutex);
    bool claimed = look->unit->claimed;
    bool found = claimed && tail_find(look->unit, look->stream, look->hash, &head);
    pthread_mutex_unlock(&look->unit->mutex);
    if (!claimed)
        return fault_set(fault, error_fenced, "unit %u is not claimed here", look->unit->number);
    enum error error = reading(look->unit)->read_begin(look->unit, fault);
    if (error == error_none && (!found || snapshot))
        error = reading(look->unit)->look(look->unit, look->hash, look->key, !found, snapshot, &looked, fault);
    if (found)
        looked.head = head;
    if (error == error_none)
        *out = looked;
    return error;
}

/* Can the snapshot be used? A damaged one cannot, nor one of a version after top. */
static bool snapshot_usable(const struct look *look, const struct looked *looked, uint64_t top)
{
    return looked->snapshot && looked->kept.version <= top &&
           snapshot_checksum(look->hash, look->key, &looked->kept) == looked->checksum;
}

/* Makes the key of a look that has everything else. */
static enum error look_open(struct look *look, struct store_fault *fault)
{
    size_t size = stream_key_size(look->stream);
    uint8_t *key = malloc(size);
    if (key == NULL)
        return fault_set(fault, error_no_memory, "%s: no memory to read", look->unit->name);
    stream_key_write(look->stream, key);
    look->key = slice_of(key, size);
    return error_none;
}

static void look_fini(struct look *look)
{
    reading(look->unit)->read_end(look->unit);
    free((void *)look->key.data);
}

enum error unit_read_stream(struct store *store,
                            uint32_t number,
                            const struct stream *stream,
                            uint64_t hash,
                            uint64_t to_version,
                            bool use_snapshot,
                            struct store_head *out,
                            enum error (*snapshot)(void *context, const struct store_snapshot *snapshot),
                            store_visit visit,
                            void *context,
                            struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct look look = {.unit = unit, .stream = stream, .hash = hash};
    struct looked looked = {0};
    uint64_t base = 0;
    enum error error = look_open(&look, fault);
    if (error != error_none)
        return error;
    error = look_up(&look, use_snapshot && snapshot != NULL, &looked, fault);
    struct store_head head = looked.head;
    uint64_t top = head.version < to_version ? head.version : to_version;
    if (error == error_none && snapshot != NULL && snapshot_usable(&look, &looked, top)) {
        error = snapshot(context, &looked.kept);
        base = looked.kept.version;
    }
    if (error == error_none)
        error = chain_read(&look, &head, base, top, UINT64_MAX, visit, context, fault);
    look_fini(&look);
    if (error == error_none && out != NULL)
        *out = head;
    return error;
}

enum error unit_read_events(struct store *store,
                            uint32_t number,
                            const struct stream *stream,
                            uint64_t hash,
                            uint64_t after_version,
                            uint32_t limit,
                            store_visit visit,
                            void *context,
                            struct store_fault *fault)
{
    struct unit *unit = unit_of(store, number);
    struct look look = {.unit = unit, .stream = stream, .hash = hash};
    struct looked looked = {0};
    enum error error = look_open(&look, fault);
    if (error != error_none)
        return error;
    error = look_up(&look, false, &looked, fault);
    uint64_t top = looked.head.version;
    if (top > after_version && top - after_version > limit)
        top = after_version + limit;
    if (error == error_none)
        error = chain_read(&look, &looked.head, after_version, top, UINT64_MAX, visit, context, fault);
    look_fini(&look);
    return error;
}

/* The version that the looker begins after: that of the snapshot, if he takes it. */
static uint64_t base_take(const struct look *look, const struct looked *looked, const struct store_look *wanted)
{
    bool newer = looked->kept.version > wanted->after_version;
    bool taken = wanted->take != NULL && newer && snapshot_usable(look, looked, looked->head.version) &&
                 wanted->take(wanted->context, &looked->kept);
    return taken ? looked->kept.version : wanted->after_version;
}

enum error unit_look_stream(struct store *store,
                            const struct store_look *wanted,
                            struct store_head *out,
                            struct store_fault *fault)
{
    const struct unit_store *units = (struct unit_store *)store;
    uint64_t back = units->limits.look_back < CHAIN_SPAN ? CHAIN_SPAN : units->limits.look_back;
    uint32_t number = stream_partition(wanted->stream_hash, units->info.partitions) % units->info.units;
    struct look look = {.unit = unit_of(store, number), .stream = wanted->stream, .hash = wanted->stream_hash};
    struct looked looked = {0};
    enum error error = look_open(&look, fault);
    if (error != error_none)
        return error;
    error = look_head(&look, wanted->take != NULL, &looked, fault);
    if (error == error_none && out != NULL)
        *out = looked.head;
    uint64_t base = base_take(&look, &looked, wanted), top = looked.head.version;
    if (top > base && top - base > wanted->limit)
        top = base + wanted->limit;
    if (error == error_none)
        error = chain_read(&look, &looked.head, base, top, back, wanted->visit, wanted->context, fault);
    look_fini(&look);
    return error;
}
