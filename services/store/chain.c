/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Going along a stream. Each event knows only the one before it, so a stream is walked backward and given forward: a
 * span of CHAIN_SPAN versions at a time, so that memory stays bounded however long the stream is. On the way down, the
 * place of each span's last version is marked; a later read of the same stream, the next page say, starts from the
 * nearest mark. Marks stay true for ever, because the log is never changed.
 *
 *     versions  1 ........ 4096 ........ 8192 .... head
 *     marks                  [1]           [2]
 *     spans     |---- 1 ----|----- 2 -----|-- 3 ---| */
#include <stdlib.h>

#include "services/store/grow.h"
#include "services/store/row.h"
#include "services/store/sqlite.h"

struct place {
    uint64_t version, seq;
};

struct walk {
    struct unit *unit;
    struct chain *chain;
    uint32_t partition;
    const struct stream *stream;
    uint64_t hash;
    struct place head;
    store_visit visit;
    void *context;
    struct store_fault *fault;
};

static enum error walk_corrupt(const struct walk *walk, const struct place *place)
{
    return fault_set(walk->fault,
                     error_corrupt,
                     "%s: partition %u seq %llu should be version %llu of %.*s.%.*s/%.*s",
                     walk->unit->path,
                     walk->partition,
                     (unsigned long long)place->seq,
                     (unsigned long long)place->version,
                     (int)walk->stream->namespace.size,
                     (const char *)walk->stream->namespace.data,
                     (int)walk->stream->resource.size,
                     (const char *)walk->stream->resource.data,
                     (int)walk->stream->identifier.size,
                     (const char *)walk->stream->identifier.data);
}

static void mark_set(struct chain *chain, const struct place *place)
{
    if (place->version % CHAIN_SPAN == 0)
        chain->marks[place->version / CHAIN_SPAN] = place->seq;
}

/* From an event to the one before it. */
static enum error walk_step(const struct walk *walk, struct place *place)
{
    sqlite3_stmt *statement = walk->unit->reader.statements[READER_PREVIOUS];
    bind_unsigned(statement, 1, position_of(walk->partition, place->seq));
    int code = sqlite3_step(statement);
    uint64_t version = code == SQLITE_ROW ? column_unsigned(statement, 0) : 0;
    uint64_t previous = code == SQLITE_ROW ? column_unsigned(statement, 1) : 0;
    sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return reader_fault(walk->unit, code, "reading a stream", walk->fault);
    if (version != place->version || previous == 0 || previous >= place->seq)
        return walk_corrupt(walk, place);
    *place = (struct place){.version = version - 1, .seq = previous};
    mark_set(walk->chain, place);
    return error_none;
}

static enum error walk_down(const struct walk *walk, struct place *place, uint64_t version)
{
    enum error error = error_none;
    while (place->version > version && error == error_none)
        error = walk_step(walk, place);
    return error;
}

/* Where the last version of a span is, or the head when that comes first. */
static enum error span_top(const struct walk *walk, uint64_t span, struct place *out)
{
    const struct chain *chain = walk->chain;
    struct place place = walk->head;
    for (uint64_t i = span; i * CHAIN_SPAN < walk->head.version; i++)
        if (chain->marks[i] != 0) {
            place = (struct place){.version = i * CHAIN_SPAN, .seq = chain->marks[i]};
            break;
        }
    enum error error = walk_down(walk, &place, span * CHAIN_SPAN);
    *out = place;
    return error;
}

static bool same_stream(const struct stream *a, const struct stream *b)
{
    return slice_equal(a->identifier, b->identifier) && slice_equal(a->resource, b->resource) &&
           slice_equal(a->namespace, b->namespace) && slice_equal(a->realm, b->realm);
}

static enum error event_give(const struct walk *walk, const struct place *place)
{
    sqlite3_stmt *statement = walk->unit->reader.statements[READER_RECORD];
    struct store_record record = {0};
    enum error error = error_none;
    bind_unsigned(statement, 1, position_of(walk->partition, place->seq));
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        error = row_read(&walk->unit->reader.connection, statement, &record, walk->fault);
    else if (code != SQLITE_DONE)
        error = reader_fault(walk->unit, code, "reading a stream", walk->fault);
    if (error == error_none &&
        (record.version != place->version || record.event.size == 0 || !same_stream(&record.stream, walk->stream)))
        error = walk_corrupt(walk, place);
    if (error == error_none)
        error = walk->visit(walk->context, &record);
    sqlite3_reset(statement);
    return error;
}

/* Gives the versions of one span that are above base and at most top. */
static enum error span_give(const struct walk *walk, uint64_t span, uint64_t base, uint64_t top)
{
    uint64_t bottom = (span - 1) * CHAIN_SPAN > base ? (span - 1) * CHAIN_SPAN : base;
    struct place place;
    enum error error = span_top(walk, span, &place);
    if (error == error_none)
        error = walk_down(walk, &place, top);
    if (error != error_none)
        return error;
    uint64_t last = place.version;
    walk->chain->seqs[last - bottom - 1] = place.seq;
    while (place.version > bottom + 1 && error == error_none) {
        error = walk_step(walk, &place);
        walk->chain->seqs[place.version - bottom - 1] = place.seq;
    }
    for (uint64_t version = bottom + 1; version <= last && error == error_none; version++)
        error = event_give(walk, &(struct place){.version = version, .seq = walk->chain->seqs[version - bottom - 1]});
    return error;
}

static bool chain_is(const struct chain *chain, uint64_t hash, struct slice key)
{
    return chain->hash == hash && slice_equal(slice_of(chain->key, chain->key_size), key);
}

/* Turns the chain to a stream, with room for its marks; those of the same stream are kept. */
static enum error chain_turn(struct chain *chain, const struct stream *stream, uint64_t hash, uint64_t version)
{
    size_t size = stream_key_size(stream), marks = version / CHAIN_SPAN + 1;
    if (!grow((void **)&chain->key, &chain->key_capacity, chain->key_size + size, 1) ||
        !grow((void **)&chain->marks, &chain->mark_capacity, marks, sizeof chain->marks[0]))
        return error_no_memory;
    if (chain->seqs == NULL && (chain->seqs = calloc(CHAIN_SPAN, sizeof chain->seqs[0])) == NULL)
        return error_no_memory;
    uint8_t *key = chain->key + chain->key_size;
    stream_key_write(stream, key);
    if (!chain_is(chain, hash, slice_of(key, size))) {
        memmove(chain->key, key, size);
        chain->key_size = size;
        chain->hash = hash;
        chain->mark_count = 0;
    }
    for (; chain->mark_count < marks; chain->mark_count++)
        chain->marks[chain->mark_count] = 0;
    return error_none;
}

enum error chain_read(struct unit *unit,
                      uint32_t partition,
                      const struct stream *stream,
                      uint64_t hash,
                      const struct store_head *head,
                      uint64_t base,
                      uint64_t top,
                      store_visit visit,
                      void *context,
                      struct store_fault *fault)
{
    struct walk walk = {.unit = unit,
                        .chain = &unit->reader.chain,
                        .partition = partition,
                        .stream = stream,
                        .hash = hash,
                        .head = {.version = head->version, .seq = head->head},
                        .visit = visit,
                        .context = context,
                        .fault = fault};
    if (top <= base)
        return error_none;
    if (chain_turn(walk.chain, stream, hash, head->version) != error_none)
        return fault_set(fault, error_no_memory, "%s: no memory to read a stream", unit->path);
    mark_set(walk.chain, &walk.head);
    enum error error = error_none;
    for (uint64_t span = base / CHAIN_SPAN + 1; error == error_none && (span - 1) * CHAIN_SPAN < top; span++)
        error = span_give(&walk, span, base, top);
    return error;
}
