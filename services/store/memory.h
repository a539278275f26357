/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the memory backend's files share: memory.c owns and writes, memory_read.c reads. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include <assert.h>
#include <pthread.h>

#include "services/store/backend.h"
#include "services/store/receipt_set.h"
#include "services/store/stream_map.h"

struct memory_partition {
    struct store_record **records; /* of seq 1, 2, ... */
    size_t count, capacity;
};

struct memory_unit {
    struct store_claim *claim; /* NULL: nobody's */
    uint64_t epoch;
};

struct memory_store {
    struct store base;
    struct store_info info;
    struct store_readers readers;
    pthread_mutex_t mutex; /* everything below */
    struct memory_partition *partitions;
    struct memory_unit *units;
    struct stream_map streams;
    struct receipt_set receipts;
    struct store_snapshot *snapshots; /* of the stream with the same number in streams; version 0: none */
    size_t snapshots_capacity;
};

static inline struct memory_store *memory_of(const struct store *store)
{
    assert(store->ops == &store_memory_ops);
    return (struct memory_store *)store;
}

enum error memory_read_stream(struct store *store,
                              uint32_t unit,
                              const struct stream *stream,
                              uint64_t stream_hash,
                              uint64_t to_version,
                              bool use_snapshot,
                              struct store_head *head,
                              enum error (*snapshot)(void *context, const struct store_snapshot *snapshot),
                              store_visit visit,
                              void *context,
                              struct store_fault *fault);
enum error memory_read_events(struct store *store,
                              uint32_t unit,
                              const struct stream *stream,
                              uint64_t stream_hash,
                              uint64_t after_version,
                              uint32_t limit,
                              store_visit visit,
                              void *context,
                              struct store_fault *fault);
enum error memory_look_stream(struct store *store,
                              const struct store_look *look,
                              struct store_head *head,
                              struct store_fault *fault);
enum error memory_read_heads(struct store *store, struct store_partition *out, struct store_fault *fault);
enum error memory_read_log(struct store *store,
                           uint32_t partition,
                           uint64_t after_seq,
                           uint32_t limit,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault);
enum error memory_find_receipt(struct store *store,
                               uint32_t unit,
                               const struct uuid *id,
                               uint64_t stream_hash,
                               struct store_receipt *out,
                               struct store_fault *fault);
enum error memory_recent_receipts(struct store *store,
                                  uint32_t unit,
                                  void (*visit)(void *context, const struct store_receipt *receipt),
                                  void *context,
                                  uint64_t *since_ms,
                                  uint64_t *expired_ms,
                                  struct store_fault *fault);

#endif
