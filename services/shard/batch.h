/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A group commit in the making: the records that one unit will append in one transaction, and the jobs whose replies
 * must wait until it is durable. The core fills one while the writer thread commits the one before; the writer only
 * reads the records, so the core may still add jobs that wait. Pure. */
#ifndef SHARD_BATCH_H
#define SHARD_BATCH_H

#include "services/shard/job.h"
#include "services/store/record.h"

struct block;

/* Snapshots on their way to the store, with their memory. */
struct snapshots {
    struct snapshots *next;
    struct block *blocks;
    struct store_snapshot_write *items;
    uint32_t count;
};

struct batch {
    struct batch *next;
    uint32_t unit;
    uint64_t number; /* counts up within a unit, from 1 */
    struct store_record *records;
    uint32_t count, capacity;
    uint64_t bytes;
    struct block *blocks;        /* memory of the records' data */
    struct job *first, **last;   /* jobs that wait for this commit, in order */
    struct snapshots *snapshots; /* to be written after the commit; the writer takes them; NULL: none */
    enum error error;            /* the writer's answer */
    struct store_fault fault;
    uint64_t took_us;
};

struct batch *batch_new(uint32_t unit, uint64_t number);
/* Frees the jobs that still wait, too. */
void batch_free(struct batch **batch);
/* Adds one record; its data is copied, its other slices must live as long as the job that waits for it. NULL: no
 * memory. */
struct store_record *batch_record(struct batch *batch, struct slice data);
void batch_wait(struct batch *batch, struct job *job);
/* Adds a snapshot; state is copied, as are the parts of the stream. */
enum error batch_snapshot(struct batch *batch, const struct store_snapshot_write *snapshot, struct slice stream_key);
void snapshots_free(struct snapshots **snapshots);
/* The record at a position, or NULL. */
const struct store_record *batch_find(const struct batch *batch, uint32_t partition, uint64_t seq);
/* The receipt of a command of a stream, in a batch that may be NULL; false when it is not there. */
bool batch_receipt(const struct batch *batch, const struct uuid *id, uint64_t stream_hash, struct store_receipt *out);

#endif
