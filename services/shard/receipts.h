/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The receipts of one unit that are kept in memory: which command ids were decided, and how. Every receipt whose id
 * time is at or above the watermark is here, so an id with such a time that is not found has never been decided; older
 * ids must be asked of the store. When the table is full the older half goes and the watermark rises. Pure. */
#ifndef SHARD_RECEIPTS_H
#define SHARD_RECEIPTS_H

#include "services/store/store.h"

struct receipt_slot;

struct receipts {
    struct receipt_slot *slots; /* open addressing */
    uint32_t capacity;          /* slots, a power of two */
    uint32_t count, limit;
    uint64_t since_ms; /* the watermark: id times, milliseconds since 1970 */
};

/* Keeps about `limit` receipts at most. */
void receipts_init(struct receipts *receipts, uint32_t limit);
void receipts_fini(struct receipts *receipts);
/* error_no_memory leaves the table as it was. The same (id, stream) again replaces. */
enum error receipts_add(struct receipts *receipts, const struct store_receipt *receipt);
bool receipts_find(const struct receipts *receipts,
                   const struct uuid *id,
                   uint64_t stream_hash,
                   struct store_receipt *out);
/* Asks the processor to have the place ready: the table is larger than its caches. */
void receipts_prefetch(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash);
/* Would an id that is not here have to be looked up in the store? */
bool receipts_must_ask(const struct receipts *receipts, const struct uuid *id);

#endif
