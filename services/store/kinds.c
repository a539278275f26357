/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See kinds.h; and what a unit does with them: an append that brings a new kind writes it first, and a claim asks
 * whether this process can read all that are there. */
#include "services/store/kinds.h"

#include <stdlib.h>
#include <xxhash.h>

#include "services/store/grow.h"
#include "services/store/unit.h"

static uint64_t kind_hash(const struct store_kind *kind)
{
    uint64_t hash = XXH3_64bits_withSeed(kind->event.data, kind->event.size, kind->schema);
    return XXH3_64bits_withSeed(kind->resource.data, kind->resource.size, hash);
}

static uint64_t item_hash(const void *owner, uint32_t item)
{
    return kind_hash(&((const struct kind_set *)owner)->items[item]);
}

static bool kind_equal(const struct store_kind *a, const struct store_kind *b)
{
    return a->schema == b->schema && slice_equal(a->event, b->event) && slice_equal(a->resource, b->resource) &&
           slice_equal(a->namespace, b->namespace);
}

bool kind_set_has(const struct kind_set *set, const struct store_kind *kind)
{
    const struct hash_index *index = &set->index;
    if (set->count == 0)
        return false;
    for (uint32_t slot = hash_index_first(index, kind_hash(kind)); index->slots[slot] != 0;
         slot = hash_index_next(index, slot))
        if (kind_equal(&set->items[index->slots[slot] - 1], kind))
            return true;
    return false;
}

static struct slice part_copy(uint8_t **at, struct slice part)
{
    struct slice copy = slice_of(*at, part.size);
    if (part.size != 0)
        memcpy(*at, part.data, part.size);
    *at += part.size;
    return copy;
}

enum error kind_set_add(struct kind_set *set, const struct store_kind *kind)
{
    if (kind_set_has(set, kind))
        return error_none;
    if (!grow((void **)&set->items, &set->capacity, set->count + 1, sizeof set->items[0]) ||
        hash_index_reserve(&set->index, set->count + 1, set->count, item_hash, set) != error_none)
        return error_no_memory;
    uint8_t *at = malloc(kind->namespace.size + kind->resource.size + kind->event.size + 1);
    if (at == NULL)
        return error_no_memory;
    struct store_kind *item = &set->items[set->count];
    item->namespace = part_copy(&at, kind->namespace);
    item->resource = part_copy(&at, kind->resource);
    item->event = part_copy(&at, kind->event);
    item->schema = kind->schema;
    uint32_t slot = hash_index_first(&set->index, kind_hash(item));
    while (set->index.slots[slot] != 0)
        slot = hash_index_next(&set->index, slot);
    set->index.slots[slot] = (uint32_t)++set->count;
    return error_none;
}

void kind_set_fini(struct kind_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free((void *)set->items[i].namespace.data);
    free(set->items);
    hash_index_fini(&set->index);
    *set = (struct kind_set){0};
}

/* ---- an append ---- */

static bool record_is_new(const struct unit *unit, const struct store_record *record)
{
    struct store_kind kind = kind_of_record(record);
    return record->event.size != 0 && !kind_set_has(&unit->kinds, &kind);
}

bool kinds_new(const struct unit *unit, const struct store_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (record_is_new(unit, &records[i]))
            return true;
    return false;
}

enum error kinds_write(struct unit *unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    enum error error = error_none;
    for (size_t i = 0; i < count && error == error_none; i++) {
        struct store_kind kind = kind_of_record(&records[i]);
        if (record_is_new(unit, &records[i]))
            error = writing(unit)->put_kind(unit, &kind, fault);
    }
    return error;
}

/* One for which there is no memory is written again the next time, which does nothing. */
void kinds_note(struct unit *unit, const struct store_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct store_kind kind = kind_of_record(&records[i]);
        if (record_is_new(unit, &records[i]))
            (void)kind_set_add(&unit->kinds, &kind);
    }
}

/* ---- a claim ---- */

enum error kind_refused(const char *where, const struct store_kind *kind, struct store_fault *fault)
{
    return fault_set(fault,
                     error_unreadable,
                     "%.80s: no loaded module reads version %u of %.*s.%.*s's event %.*s",
                     where,
                     kind->schema,
                     (int)kind->namespace.size,
                     (const char *)kind->namespace.data,
                     (int)kind->resource.size,
                     (const char *)kind->resource.data,
                     (int)kind->event.size,
                     (const char *)kind->event.data);
}

struct kinds_claim {
    struct unit *unit;
    struct store_fault *fault;
};

static enum error kind_claim(void *context, const struct store_kind *kind)
{
    struct kinds_claim *claim = context;
    struct unit *unit = claim->unit;
    if (!kind_readable(&unit->store->readers, kind))
        return kind_refused(unit->name, kind, claim->fault);
    if (kind_set_add(&unit->kinds, kind) != error_none)
        return fault_set(claim->fault, error_no_memory, "%s: no memory for its claim", unit->name);
    return error_none;
}

enum error kinds_recover(struct unit *unit, struct store_fault *fault)
{
    struct kinds_claim claim = {.unit = unit, .fault = fault};
    return claiming(unit)->find_kinds(unit, kind_claim, &claim, fault);
}
