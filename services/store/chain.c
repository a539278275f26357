/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Going along a stream. Each event knows only the one before it, so a stream is walked backward and given forward: a
 * span of CHAIN_SPAN versions at a time, so that memory stays bounded however long the stream is. On the way down, the
 * place of each span's last version is marked; a later read of the same stream, the next page say, starts from the
 * nearest mark. Marks stay true for ever, because the log is never changed. Those of the streams that were read last
 * are kept, so that reads of several long ones may take turns.
 *
 *     versions  1 ........ 4096 ........ 8192 .... head
 *     marks                  [1]           [2]
 *     spans     |---- 1 ----|----- 2 -----|-- 3 ---| */
#include <stdlib.h>

#include "services/store/grow.h"
#include "services/store/unit.h"

struct place {
    uint64_t version, seq;
};

struct walk {
    struct unit *unit;
    struct chain *chain;
    uint64_t *positions; /* of one span's versions */
    uint32_t partition;
    const struct stream *stream;
    struct place head;
    uint64_t back; /* how many versions it may go back before the first that is given */
    bool far;      /* that was not enough */
    store_visit visit;
    void *context;
    struct store_fault *fault;
    struct place place;    /* where going down has come to */
    bool collect;          /* on the way, the positions of versions above bottom */
    uint64_t bottom, next; /* next: the version that is given next */
};

static enum error walk_corrupt(const struct walk *walk, const struct place *place)
{
    return fault_set(walk->fault,
                     error_corrupt,
                     "%s: partition %u seq %llu should be version %llu of %.*s.%.*s/%.*s",
                     walk->unit->name,
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

static void place_collect(struct walk *walk)
{
    if (walk->collect)
        walk->positions[walk->place.version - walk->bottom - 1] = position_of(walk->partition, walk->place.seq);
}

/* From an event to the one before it. */
static enum error walk_step(void *context, uint64_t seq, uint64_t version, uint64_t previous)
{
    struct walk *walk = context;
    if (seq != walk->place.seq || version != walk->place.version || previous == 0 || previous >= seq)
        return walk_corrupt(walk, &walk->place);
    walk->place = (struct place){.version = version - 1, .seq = previous};
    mark_set(walk->chain, &walk->place);
    place_collect(walk);
    return error_none;
}

static enum error walk_down(struct walk *walk, uint64_t version)
{
    if (walk->place.version <= version)
        return error_none;
    uint64_t count = walk->place.version - version;
    return reading(walk->unit)->walk(walk->unit, walk->partition, walk->place.seq, count, walk_step, walk, walk->fault);
}

/* The version to go down to on the way to another: that, or the last span's end that is not too far. */
static uint64_t walk_goal(struct walk *walk, uint64_t version)
{
    uint64_t from = walk->place.version;
    walk->far = from > version && from - version > walk->back;
    return walk->far ? (from - walk->back + CHAIN_SPAN - 1) / CHAIN_SPAN * CHAIN_SPAN : version;
}

/* Goes to the last version of a span, or to the head when that comes first. */
static enum error span_top(struct walk *walk, uint64_t span)
{
    const struct chain *chain = walk->chain;
    walk->place = walk->head;
    for (uint64_t i = span; i * CHAIN_SPAN < walk->head.version; i++)
        if (chain->marks[i] != 0) {
            walk->place = (struct place){.version = i * CHAIN_SPAN, .seq = chain->marks[i]};
            break;
        }
    return walk_down(walk, walk_goal(walk, span * CHAIN_SPAN));
}

static bool same_stream(const struct stream *a, const struct stream *b)
{
    return slice_equal(a->identifier, b->identifier) && slice_equal(a->resource, b->resource) &&
           slice_equal(a->namespace, b->namespace) && slice_equal(a->realm, b->realm);
}

static enum error event_give(void *context, const struct store_record *record)
{
    struct walk *walk = context;
    struct place place = {.version = walk->next};
    place.seq = position_seq(walk->positions[walk->next - walk->bottom - 1]);
    if (record->version != walk->next || record->event.size == 0 || !same_stream(&record->stream, walk->stream))
        return walk_corrupt(walk, &place);
    walk->next++;
    return walk->visit(walk->context, record);
}

/* Gives the versions of one span that are above base and at most top. */
static enum error span_give(struct walk *walk, uint64_t span, uint64_t base, uint64_t top)
{
    walk->bottom = (span - 1) * CHAIN_SPAN > base ? (span - 1) * CHAIN_SPAN : base;
    walk->next = walk->bottom + 1;
    walk->collect = false;
    enum error error = span_top(walk, span);
    if (error == error_none && walk->far)
        return error_none;
    if (error == error_none)
        error = walk_down(walk, top);
    uint64_t last = walk->place.version;
    if (error == error_none) {
        walk->collect = true;
        place_collect(walk);
        error = walk_down(walk, walk->bottom + 1);
    }
    if (error != error_none)
        return error;
    return reading(walk->unit)
        ->records(walk->unit, walk->positions, last - walk->bottom, event_give, walk, walk->fault);
}

static bool chain_is(const struct chain *chain, uint64_t hash, struct slice key)
{
    return chain->hash == hash && slice_equal(slice_of(chain->key, chain->key_size), key);
}

/* The stream's own, else the one whose stream was read longest ago. */
static struct chain *chain_find(struct chains *chains, uint64_t hash, struct slice key)
{
    struct chain *oldest = &chains->items[0];
    for (size_t i = 0; i < CHAINS; i++) {
        struct chain *chain = &chains->items[i];
        if (chain->used != 0 && chain_is(chain, hash, key))
            return chain;
        if (chain->used < oldest->used)
            oldest = chain;
    }
    return oldest;
}

/* Turns a chain to a stream, with room for its marks; those of the same stream are kept. NULL when memory is out. */
static struct chain *chain_turn(struct chains *chains, uint64_t hash, struct slice key, uint64_t version)
{
    struct chain *chain = chain_find(chains, hash, key);
    size_t marks = version / CHAIN_SPAN + 1;
    bool same = chain->used != 0 && chain_is(chain, hash, key);
    if (!grow((void **)&chain->key, &chain->key_capacity, key.size, 1) ||
        !grow((void **)&chain->marks, &chain->mark_capacity, marks, sizeof chain->marks[0]))
        return NULL;
    if (!same) {
        memcpy(chain->key, key.data, key.size);
        chain->key_size = key.size;
        chain->hash = hash;
        chain->mark_count = 0;
    }
    for (; chain->mark_count < marks; chain->mark_count++)
        chain->marks[chain->mark_count] = 0;
    chain->used = ++chains->uses;
    return chain;
}

enum error chain_read(const struct look *look,
                      const struct store_head *head,
                      uint64_t base,
                      uint64_t top,
                      uint64_t back,
                      store_visit visit,
                      void *context,
                      struct store_fault *fault)
{
    struct unit *unit = look->unit;
    if (top <= base)
        return error_none;
    if (unit->chains == NULL)
        unit->chains = calloc(1, sizeof *unit->chains);
    struct chain *chain = unit->chains == NULL ? NULL : chain_turn(unit->chains, look->hash, look->key, head->version);
    if (chain == NULL)
        return fault_set(fault, error_no_memory, "%s: no memory to read a stream", unit->name);
    struct walk walk = {.unit = unit,
                        .chain = chain,
                        .positions = unit->chains->positions,
                        .partition = stream_partition(look->hash, unit->store->info.partitions),
                        .stream = look->stream,
                        .head = {.version = head->version, .seq = head->head},
                        .back = back,
                        .visit = visit,
                        .context = context,
                        .fault = fault};
    mark_set(chain, &walk.head);
    enum error error = error_none;
    for (uint64_t span = base / CHAIN_SPAN + 1; error == error_none && !walk.far && (span - 1) * CHAIN_SPAN < top;
         span++)
        error = span_give(&walk, span, base, top);
    return error;
}

void chains_free(struct chains **chains)
{
    for (size_t i = 0; *chains != NULL && i < CHAINS; i++) {
        free((*chains)->items[i].key);
        free((*chains)->items[i].marks);
    }
    free(*chains);
    *chains = NULL;
}
