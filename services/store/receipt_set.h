/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Receipts in memory: (command id, stream hash) -> position of the row that holds the receipt. Entries have the bytes
 * that are also written to disk: sorting them as bytes sorts by id (so version 7 ids by time), then stream. Not
 * thread-safe. */
#ifndef STORE_RECEIPT_SET_H
#define STORE_RECEIPT_SET_H

#include "proto/identity.h"
#include "services/store/hash_index.h"

struct receipt_entry {
    struct uuid id;
    uint8_t stream_hash[8]; /* big-endian */
    uint8_t position[8];    /* big-endian */
};
_Static_assert(sizeof(struct receipt_entry) == 32, "entries are written as they are");
#define RECEIPT_KEY_SIZE 24 /* id and stream hash */

/* A zeroed set is empty and ready. */
struct receipt_set {
    struct receipt_entry *entries; /* in the order they came */
    size_t count, capacity;
    struct hash_index index;
};

struct receipt_entry receipt_entry_of(const struct uuid *id, uint64_t stream_hash, uint64_t position);

/* Room for so many more, so that the puts that follow cannot fail. */
enum error receipt_set_reserve(struct receipt_set *set, size_t receipts);
/* Adds a receipt that is not there yet (a command is decided once on a stream). Room must have been reserved. */
void receipt_set_put(struct receipt_set *set, const struct receipt_entry *entry);
/* Makes the put that follows soon find its place in the processor's cache. Room must have been reserved. */
void receipt_set_prefetch(const struct receipt_set *set, const struct uuid *id, uint64_t stream_hash);
bool receipt_set_find(const struct receipt_set *set, const struct uuid *id, uint64_t stream_hash, uint64_t *position);
/* Forgets all, keeps the memory. */
void receipt_set_clear(struct receipt_set *set);
void receipt_set_fini(struct receipt_set *set);

#endif
