/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which command ids of one unit were decided lately, kept small so that a new id is known as new without asking the
 * store: 16 bytes a receipt, a print of (id, stream) and the id's time. Every id whose time is at or above the
 * watermark and that was ever decided is here, so one with such a time that is not found is new; what is found has
 * almost certainly been decided, and the store knows how; older ids must be asked of the store. When the table is full
 * the older half goes and the watermark rises. Pure. */
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
/* error_no_memory leaves the table as it was. The same (id, stream) again changes nothing. */
enum error receipts_add(struct receipts *receipts, const struct uuid *id, uint64_t stream_hash);
/* Asks the processor to have the place ready: the table is larger than its caches. */
void receipts_prefetch(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash);
/* False: the id has never been decided for this stream. True: the store knows whether it has. */
bool receipts_must_ask(const struct receipts *receipts, const struct uuid *id, uint64_t stream_hash);

#endif
