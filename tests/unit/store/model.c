/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Making records for a store, and remembering them. */
#include "tests/unit/store/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/grow.h"

void model_init(struct model *model, const struct store_info *info, uint64_t seed)
{
    *model = (struct model){.info = *info, .now_us = INT64_C(1790000000000000), .random = seed * 2 + 1};
    model->partitions = calloc(info->partitions, sizeof model->partitions[0]);
    assert(model->partitions != NULL);
}

void model_fini(struct model *model)
{
    for (size_t i = 0; i < model->memory_count; i++)
        free(model->memory[i]);
    free(model->memory);
    for (uint32_t partition = 0; model->partitions != NULL && partition < model->info.partitions; partition++)
        free(model->partitions[partition].places);
    free(model->partitions);
    free(model->records);
    *model = (struct model){0};
}

uint64_t model_random(struct model *model)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return model->random * UINT64_C(0x2545f4914f6cdd1d);
}

uint32_t model_below(struct model *model, uint32_t bound)
{
    return (uint32_t)(model_random(model) >> 32) % bound;
}

struct uuid model_id_random(struct model *model)
{
    struct uuid id;
    uint64_t halves[2] = {model_random(model), model_random(model)};
    memcpy(id.bytes, halves, sizeof id.bytes);
    id.bytes[6] = (id.bytes[6] & 0x0f) | 0x40;
    id.bytes[8] = (id.bytes[8] & 0x3f) | 0x80;
    return id;
}

struct uuid model_id_at(struct model *model, uint64_t unix_ms)
{
    struct uuid id = model_id_random(model);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
    id.bytes[6] = (id.bytes[6] & 0x0f) | 0x70;
    return id;
}

struct uuid model_id(struct model *model)
{
    return model_id_at(model, (uint64_t)model->now_us / 1000);
}

struct stream model_stream(const char *identifier)
{
    return (struct stream){.realm = slice_text("default"),
                           .namespace = slice_text("bank"),
                           .resource = slice_text("account"),
                           .identifier = slice_text(identifier)};
}

uint32_t model_partition(const struct model *model, const char *identifier)
{
    struct stream stream = model_stream(identifier);
    return stream_partition(stream_hash(&stream), model->info.partitions);
}

uint32_t model_unit(const struct model *model, const char *identifier)
{
    return model_partition(model, identifier) % model->info.units;
}

static void *keep(struct model *model, void *memory)
{
    assert(memory != NULL);
    assert(grow((void **)&model->memory, &model->memory_capacity, model->memory_count + 1, sizeof(void *)));
    model->memory[model->memory_count++] = memory;
    return memory;
}

static struct slice data_make(struct model *model)
{
    size_t size = model_below(model, 16) == 0 ? model_below(model, 9000) : model_below(model, 150);
    uint8_t *data = keep(model, malloc(size + 1));
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)model_random(model);
    return slice_of(data, size);
}

/* The newest event of a stream, the batch included. */
static const struct store_record *newest_event(const struct model *model, const struct stream *stream, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        const struct store_record *record = &model->records[i - 1];
        if (record->event.size != 0 && slice_equal(record->stream.identifier, stream->identifier))
            return record;
    }
    return NULL;
}

static uint64_t place_add(struct model *model, uint32_t number)
{
    struct model_partition *partition = &model->partitions[number];
    assert(grow((void **)&partition->places, &partition->capacity, partition->head + 1, sizeof(uint32_t)));
    partition->places[partition->head++] = (uint32_t)model->count;
    return partition->head;
}

static void record_add(struct model *model, const struct store_record *like, bool event, bool last)
{
    assert(grow((void **)&model->records, &model->capacity, model->count + 1, sizeof model->records[0]));
    const struct store_record *before = newest_event(model, &like->stream, model->count);
    struct store_record record = *like;
    record.seq = place_add(model, record.partition);
    record.version = (before == NULL ? 0 : before->version) + (event ? 1 : 0);
    record.previous = event && before != NULL ? before->seq : 0;
    record.data = data_make(model);
    record.receipt = last;
    if (event) {
        record.event = slice_text("money-deposited");
        record.schema = 1 + model_below(model, 3);
    }
    if (!last)
        record.status = status_ok, memset(record.hash, 0, sizeof record.hash);
    model->records[model->count++] = record;
}

void model_command(struct model *model, const char *identifier, struct uuid id, uint32_t events, enum status status)
{
    struct store_record like = {.stream = model_stream(keep(model, strdup(identifier))), .id = id, .status = status};
    like.stream_hash = stream_hash(&like.stream);
    like.partition = stream_partition(like.stream_hash, model->info.partitions);
    like.time_us = model->now_us += 1000;
    like.command = slice_text("deposit");
    like.user = slice_text("ann");
    if (model_below(model, 2) == 0)
        like.traceparent = slice_text("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    for (size_t i = 0; i < sizeof like.hash; i++)
        like.hash[i] = (uint8_t)model_random(model);
    for (uint32_t i = 0; i < events; i++)
        record_add(model, &like, true, i + 1 == events);
    if (events == 0)
        record_add(model, &like, false, true);
}

static enum error unit_append(struct model *model, struct store *store, uint32_t unit, struct store_fault *fault)
{
    size_t count = 0;
    struct store_record *batch = calloc(model->count - model->committed + 1, sizeof batch[0]);
    assert(batch != NULL);
    for (size_t i = model->committed; i < model->count; i++)
        if (model->records[i].partition % model->info.units == unit)
            batch[count++] = model->records[i];
    enum error error = count == 0 ? error_none : store_append(store, unit, batch, count, fault);
    free(batch);
    return error;
}

enum error model_append(struct model *model, struct store *store, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t unit = 0; unit < model->info.units && error == error_none; unit++)
        error = unit_append(model, store, unit, fault);
    if (error == error_none)
        model->committed = model->count;
    else
        model_drop(model);
    return error;
}

void model_drop(struct model *model)
{
    while (model->count > model->committed)
        model->partitions[model->records[--model->count].partition].head--;
}

void model_cut(struct model *model, size_t count)
{
    model->committed = count;
    model_drop(model);
}

const struct store_record *model_last(const struct model *model, const char *identifier)
{
    struct stream stream = model_stream(identifier);
    return newest_event(model, &stream, model->committed);
}

const struct store_record *model_record(const struct model *model, uint32_t partition, uint64_t seq)
{
    if (seq == 0 || seq > model->partitions[partition].head)
        return NULL;
    uint32_t place = model->partitions[partition].places[seq - 1];
    return place < model->committed ? &model->records[place] : NULL;
}

const struct store_record *model_event(const struct model *model, const char *identifier, uint64_t version)
{
    const struct store_record *record = model_last(model, identifier);
    while (record != NULL && record->version != version)
        record = model_record(model, record->partition, record->previous);
    return record;
}
