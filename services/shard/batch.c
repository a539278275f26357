/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See batch.h. */
#include "services/shard/batch.h"

#include <stdlib.h>

struct block {
    struct block *next;
    size_t used, size;
    uint8_t bytes[];
};

enum { BLOCK_BYTES = 65536 - (int)sizeof(struct block), RECORDS_FIRST = 256 };

struct batch *batch_new(uint32_t unit, uint64_t number)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return NULL;
    batch->unit = unit;
    batch->number = number;
    batch->last = &batch->first;
    return batch;
}

static void jobs_free(struct job *job)
{
    while (job != NULL) {
        struct job *next = job->next;
        job_free(&job);
        job = next;
    }
}

static void blocks_free(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void snapshots_free(struct snapshots **snapshots)
{
    if (*snapshots == NULL)
        return;
    blocks_free((*snapshots)->blocks);
    free((*snapshots)->items);
    free(*snapshots);
    *snapshots = NULL;
}

void batch_free(struct batch **batch)
{
    if (*batch == NULL)
        return;
    jobs_free((*batch)->first);
    blocks_free((*batch)->blocks);
    snapshots_free(&(*batch)->snapshots);
    free((*batch)->records);
    free(*batch);
    *batch = NULL;
}

static bool copy_into(struct block **blocks, struct slice bytes, struct slice *out)
{
    struct block *block = *blocks;
    if (block == NULL || block->size - block->used < bytes.size) {
        size_t room = bytes.size > BLOCK_BYTES ? bytes.size : BLOCK_BYTES;
        block = malloc(sizeof *block + room);
        if (block == NULL)
            return false;
        *block = (struct block){.next = *blocks, .size = room};
        *blocks = block;
    }
    uint8_t *memory = block->bytes + block->used;
    block->used += bytes.size;
    if (bytes.size > 0)
        memcpy(memory, bytes.data, bytes.size);
    *out = slice_of(memory, bytes.size);
    return true;
}

static bool records_grow(struct batch *batch)
{
    if (batch->count < batch->capacity)
        return true;
    uint32_t capacity = batch->capacity == 0 ? RECORDS_FIRST : batch->capacity * 2;
    struct store_record *records = realloc(batch->records, capacity * sizeof *records);
    if (records == NULL)
        return false;
    batch->records = records;
    batch->capacity = capacity;
    return true;
}

struct store_record *batch_record(struct batch *batch, struct slice data)
{
    struct slice copy;
    if (!records_grow(batch) || !copy_into(&batch->blocks, data, &copy))
        return NULL;
    struct store_record *record = &batch->records[batch->count++];
    memset(record, 0, sizeof *record);
    record->data = copy;
    batch->bytes += copy.size + sizeof *record;
    return record;
}

void batch_wait(struct batch *batch, struct job *job)
{
    job->next = NULL;
    *batch->last = job;
    batch->last = &job->next;
}

static struct store_snapshot_write *snapshots_grow(struct batch *batch)
{
    if (batch->snapshots == NULL)
        batch->snapshots = calloc(1, sizeof *batch->snapshots);
    struct snapshots *snapshots = batch->snapshots;
    if (snapshots == NULL)
        return NULL;
    size_t size = (snapshots->count + 1) * sizeof *snapshots->items;
    struct store_snapshot_write *items = realloc(snapshots->items, size);
    if (items == NULL)
        return NULL;
    snapshots->items = items;
    return &items[snapshots->count];
}

enum error batch_snapshot(struct batch *batch, const struct store_snapshot_write *snapshot, struct slice stream_key)
{
    struct store_snapshot_write *item = snapshots_grow(batch);
    struct slice state, key;
    if (item == NULL || !copy_into(&batch->snapshots->blocks, snapshot->snapshot.state, &state) ||
        !copy_into(&batch->snapshots->blocks, stream_key, &key))
        return error_no_memory;
    *item = *snapshot;
    item->snapshot.state = state;
    stream_key_parse(key, &item->stream);
    batch->snapshots->count++;
    return error_none;
}

const struct store_record *batch_find(const struct batch *batch, uint32_t partition, uint64_t seq)
{
    for (uint32_t i = batch == NULL ? 0 : batch->count; i-- > 0;)
        if (batch->records[i].partition == partition && batch->records[i].seq == seq)
            return &batch->records[i];
    return NULL;
}

bool batch_receipt(const struct batch *batch, const struct uuid *id, uint64_t stream_hash, struct store_receipt *out)
{
    for (uint32_t i = batch == NULL ? 0 : batch->count; i-- > 0;) {
        const struct store_record *row = &batch->records[i];
        if (row->receipt && row->stream_hash == stream_hash &&
            memcmp(row->id.bytes, id->bytes, sizeof id->bytes) == 0) {
            receipt_from_record(row, out);
            return true;
        }
    }
    return false;
}
