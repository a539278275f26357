/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The kinds of events that a unit holds, in its owner's memory: what an append asks for each event, so it must be
 * quick. There are as many as the domains' modules declare, and they are never forgotten while the unit is owned. */
#ifndef STORE_KINDS_H
#define STORE_KINDS_H

#include "services/store/hash_index.h"
#include "services/store/store.h"

struct kind_set {
    struct store_kind *items; /* each owns one block, where namespace.data points */
    size_t count, capacity;
    struct hash_index index;
};

bool kind_set_has(const struct kind_set *set, const struct store_kind *kind);
/* Copies one that it does not have. */
enum error kind_set_add(struct kind_set *set, const struct store_kind *kind);
void kind_set_fini(struct kind_set *set);

static inline struct store_kind kind_of_record(const struct store_record *record)
{
    return (struct store_kind){.namespace = record->stream.namespace,
                               .resource = record->stream.resource,
                               .event = record->event,
                               .schema = record->schema};
}

#endif
