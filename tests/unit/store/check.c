/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Comparing a store with the model, through every way of reading that a store has. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/store/model.h"

static bool differ(struct model *model, const char *what, const char *name, uint64_t number)
{
    snprintf(model->fault, sizeof model->fault, "%s differs: %s %llu", what, name, (unsigned long long)number);
    return false;
}

static bool stream_same(const struct stream *a, const struct stream *b)
{
    return slice_equal(a->realm, b->realm) && slice_equal(a->namespace, b->namespace) &&
           slice_equal(a->resource, b->resource) && slice_equal(a->identifier, b->identifier);
}

static bool place_same(const struct store_record *a, const struct store_record *b)
{
    return a->partition == b->partition && a->seq == b->seq && a->previous == b->previous && a->version == b->version &&
           a->time_us == b->time_us && a->stream_hash == b->stream_hash && stream_same(&a->stream, &b->stream);
}

static bool event_same(const struct store_record *a, const struct store_record *b)
{
    return slice_equal(a->event, b->event) && a->schema == b->schema && slice_equal(a->data, b->data);
}

static bool command_same(const struct store_record *a, const struct store_record *b)
{
    return memcmp(&a->id, &b->id, sizeof a->id) == 0 && slice_equal(a->command, b->command) &&
           slice_equal(a->user, b->user) && slice_equal(a->traceparent, b->traceparent) && a->receipt == b->receipt &&
           (!a->receipt || (a->status == b->status && memcmp(a->hash, b->hash, sizeof a->hash) == 0));
}

bool model_same(struct model *model, const struct store_record *expected, const struct store_record *actual)
{
    if (expected == NULL)
        return differ(model, "a record that was never appended", "seq", actual->seq);
    if (!place_same(expected, actual))
        return differ(model, "where a record stands", "seq", actual->seq);
    if (!event_same(expected, actual))
        return differ(model, "an event", "seq", actual->seq);
    return command_same(expected, actual) || differ(model, "a command", "seq", actual->seq);
}

struct log_walk {
    struct model *model;
    uint32_t partition;
    uint64_t seq;
};

static enum error log_visit(void *context, const struct store_record *record)
{
    struct log_walk *walk = context;
    const struct store_record *expected = model_record(walk->model, walk->partition, ++walk->seq);
    return model_same(walk->model, expected, record) ? error_none : error_invalid_data;
}

static uint64_t committed_head(const struct model *model, uint32_t partition)
{
    uint64_t head = 0;
    for (size_t i = 0; i < model->committed; i++)
        if (model->records[i].partition == partition)
            head = model->records[i].seq;
    return head;
}

static bool partition_check(struct model *model, struct store *store, uint32_t partition, uint32_t page)
{
    struct log_walk walk = {.model = model, .partition = partition};
    uint64_t before;
    do {
        struct store_fault fault = {"visitor"};
        before = walk.seq;
        enum error error = store_read_log(store, partition, walk.seq, page, log_visit, &walk, &fault);
        if (error == error_invalid_data)
            return false;
        if (error != error_none)
            return differ(model, fault.text, error_name(error), partition);
        if (walk.seq - before > page)
            return differ(model, "a page's size", "seq", before);
    } while (walk.seq != before);
    return walk.seq == committed_head(model, partition) || differ(model, "a partition's end", "seq", walk.seq);
}

static int64_t head_time(const struct model *model, uint32_t partition, uint64_t head)
{
    const struct store_record *record = head == 0 ? NULL : model_record(model, partition, head);
    return record == NULL ? 0 : record->time_us;
}

static bool heads_check(struct model *model, struct store *store)
{
    struct store_partition *heads = calloc(model->info.partitions, sizeof heads[0]);
    struct store_fault fault = {"no memory"};
    enum error error = heads == NULL ? error_no_memory : store_read_heads(store, heads, &fault);
    bool same = error == error_none || differ(model, fault.text, error_name(error), 0);
    for (uint32_t partition = 0; partition < model->info.partitions && same; partition++) {
        uint64_t head = committed_head(model, partition);
        same = (heads[partition].partition == partition && heads[partition].head == head &&
                heads[partition].time_us == head_time(model, partition, head)) ||
               differ(model, "a partition's head", "seq", heads[partition].head);
    }
    free(heads);
    return same;
}

bool model_check_log(struct model *model, struct store *store, uint32_t page)
{
    if (!heads_check(model, store))
        return false;
    for (uint32_t partition = 0; partition < model->info.partitions; partition++)
        if (!partition_check(model, store, partition, page))
            return false;
    return true;
}

struct stream_walk {
    struct model *model;
    const char *identifier;
    uint64_t version;
    uint64_t snapshot;
};

static enum error snapshot_visit(void *context, const struct store_snapshot *snapshot)
{
    struct stream_walk *walk = context;
    walk->version = walk->snapshot = snapshot->version;
    return error_none;
}

static enum error stream_visit(void *context, const struct store_record *record)
{
    struct stream_walk *walk = context;
    const struct store_record *expected = model_event(walk->model, walk->identifier, ++walk->version);
    return model_same(walk->model, expected, record) ? error_none : error_invalid_data;
}

static bool
stream_check(struct model *model, struct store *store, const char *identifier, uint64_t to_version, bool use_snapshot)
{
    struct store_fault fault = {"visitor"};
    struct stream stream = model_stream(identifier);
    struct stream_walk walk = {.model = model, .identifier = identifier};
    struct store_head head = {0};
    enum error error = store_read_stream(store,
                                         model_unit(model, identifier),
                                         &stream,
                                         stream_hash(&stream),
                                         to_version,
                                         use_snapshot,
                                         &head,
                                         snapshot_visit,
                                         stream_visit,
                                         &walk,
                                         &fault);
    if (error == error_invalid_data)
        return false;
    if (error != error_none)
        return differ(model, fault.text, identifier, walk.version);
    const struct store_record *last = model_last(model, identifier);
    uint64_t version = last == NULL ? 0 : last->version;
    if (head.version != version || head.head != (last == NULL ? 0 : last->seq))
        return differ(model, "a head", identifier, head.version);
    uint64_t wanted = version < to_version ? version : to_version;
    return walk.version == wanted || differ(model, "a stream's end", identifier, walk.version);
}

bool model_check_stream(struct model *model, struct store *store, const char *identifier, uint64_t to_version)
{
    return stream_check(model, store, identifier, to_version, true) &&
           stream_check(model, store, identifier, to_version, false);
}

/* Nothing came though there is something: the way to it was too long for one call. */
static bool is_far(const struct stream_walk *walk, uint64_t after, uint32_t page, const struct store_head *head)
{
    return page > 0 && walk->version == after && head->version > after;
}

/* Reads the next page of a stream's events as its owner does, or as others do, who learn the head from it; a head that
 * differs is said as a fault, and is no error of the store. */
static enum error
page_read(struct stream_walk *walk, struct store *store, uint32_t page, bool look, struct store_fault *fault)
{
    struct stream stream = model_stream(walk->identifier);
    uint64_t hash = stream_hash(&stream), after = walk->version;
    uint32_t unit = model_unit(walk->model, walk->identifier);
    if (!look)
        return store_read_events(store, unit, &stream, hash, after, page, stream_visit, walk, fault);
    const struct store_record *last = model_last(walk->model, walk->identifier);
    struct store_look wanted = {.stream = &stream,
                                .stream_hash = hash,
                                .after_version = after,
                                .limit = page,
                                .visit = stream_visit,
                                .context = walk};
    struct store_head head = {.head = 1};
    enum error error;
    unsigned calls = 0;
    do {
        error = store_look_stream(store, &wanted, &head, fault);
    } while (error == error_none && is_far(walk, after, page, &head) && ++calls < 10);
    if (error != error_none ||
        (last == NULL ? head.head == 0 && head.version == 0 : head.head == last->seq && head.version == last->version))
        return error;
    differ(walk->model, "a head that was looked at", walk->identifier, head.version);
    return error_invalid_data;
}

static bool pages_check(struct model *model, struct store *store, const char *identifier, uint32_t page, bool look)
{
    struct stream_walk walk = {.model = model, .identifier = identifier};
    uint64_t before;
    do {
        struct store_fault fault = {"visitor"};
        before = walk.version;
        enum error error = page_read(&walk, store, page, look, &fault);
        if (error == error_invalid_data)
            return false;
        if (error != error_none || walk.version - before > page)
            return differ(model, fault.text, identifier, walk.version);
    } while (walk.version != before);
    const struct store_record *last = model_last(model, identifier);
    uint64_t version = last == NULL ? 0 : last->version;
    return walk.version == version || differ(model, "the pages' end", identifier, walk.version);
}

bool model_check_events(struct model *model, struct store *store, const char *identifier, uint32_t page)
{
    return pages_check(model, store, identifier, page, false);
}

bool model_check_look(struct model *model, struct store *store, const char *identifier, uint32_t page)
{
    return pages_check(model, store, identifier, page, true);
}

static bool receipt_same(struct model *model, const struct store_record *expected, const struct store_receipt *receipt)
{
    bool same = expected != NULL && expected->receipt && memcmp(&expected->id, &receipt->id, sizeof receipt->id) == 0 &&
                expected->stream_hash == receipt->stream_hash && expected->partition == receipt->partition &&
                expected->seq == receipt->seq && expected->version == receipt->version &&
                expected->status == receipt->status && memcmp(expected->hash, receipt->hash, sizeof receipt->hash) == 0;
    return same || differ(model, "a receipt", "seq", receipt->seq);
}

static bool receipt_check(struct model *model, struct store *store, const struct store_record *record)
{
    struct store_fault fault = {""};
    struct store_receipt receipt;
    uint32_t unit = record->partition % model->info.units;
    enum error error = store_find_receipt(store, unit, &record->id, record->stream_hash, &receipt, &fault);
    if (error != error_none)
        return differ(model, fault.text, "a receipt of seq", record->seq);
    if (store_find_receipt(store, unit, &record->id, record->stream_hash ^ 1, &receipt, NULL) != error_not_found)
        return differ(model, "the same id on another stream", "seq", record->seq);
    return receipt_same(model, record, &receipt);
}

bool model_check_receipts(struct model *model, struct store *store)
{
    for (size_t i = 0; i < model->committed; i++)
        if (model->records[i].receipt && !receipt_check(model, store, &model->records[i]))
            return false;
    struct uuid unknown = model_id(model);
    struct store_receipt receipt;
    return store_find_receipt(store, 0, &unknown, 7, &receipt, NULL) == error_not_found ||
           differ(model, "an id that was never used", "receipt", 0);
}

struct recent {
    struct model *model;
    bool *given; /* by the records' order */
    bool same;
};

static void recent_visit(void *context, const struct store_receipt *receipt)
{
    struct recent *recent = context;
    const struct store_record *record = model_record(recent->model, receipt->partition, receipt->seq);
    bool same = record != NULL && record->receipt && memcmp(&record->id, &receipt->id, sizeof receipt->id) == 0 &&
                record->stream_hash == receipt->stream_hash;
    if (same)
        recent->given[record - recent->model->records] = true;
    recent->same = recent->same && (same || differ(recent->model, "a recent receipt", "seq", receipt->seq));
}

static bool receipt_due(const struct store_record *record, uint64_t since_ms)
{
    uint64_t time_ms;
    return record->receipt && uuid_time_ms(&record->id, &time_ms) && time_ms >= since_ms;
}

bool model_check_recent(struct model *model, struct store *store, uint32_t unit)
{
    struct recent recent = {.model = model, .given = calloc(model->committed + 1, sizeof(bool)), .same = true};
    struct store_fault fault = {""};
    uint64_t since_ms, expired_ms;
    if (store_recent_receipts(store, unit, recent_visit, &recent, &since_ms, &expired_ms, &fault) != error_none)
        recent.same = differ(model, fault.text, "recent receipts of unit", unit);
    for (size_t i = 0; recent.same && i < model->committed; i++) {
        const struct store_record *record = &model->records[i];
        if (!recent.given[i] && record->partition % model->info.units == unit && receipt_due(record, since_ms))
            recent.same = differ(model, "the recent receipts: one is missing", "seq", record->seq);
    }
    free(recent.given);
    return recent.same;
}

static bool newest_check(struct model *model, struct store *store, const struct store_record *record)
{
    char identifier[64] = {0};
    memcpy(identifier, record->stream.identifier.data, record->stream.identifier.size);
    return model_last(model, identifier) != record || (model_check_stream(model, store, identifier, UINT64_MAX) &&
                                                       model_check_look(model, store, identifier, 1000));
}

bool model_check(struct model *model, struct store *store)
{
    if (!model_check_log(model, store, 7) || !model_check_receipts(model, store))
        return false;
    for (size_t i = 0; i < model->committed; i++)
        if (!newest_check(model, store, &model->records[i]))
            return false;
    return true;
}
