/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Something the core wants from the store: an aggregate's events, an old receipt, what was answered then. The core
 * makes one, a reader thread fills it (fetch_run), the core takes the result. Loads come in pages of FETCH_EVENTS, so
 * that a long stream neither fills the memory nor holds up others. */
#ifndef SHARD_FETCH_H
#define SHARD_FETCH_H

#include "services/shard/job.h"
#include "services/store/store.h"

enum fetch_kind {
    FETCH_LOAD = 1, /* an aggregate, for its actor */
    FETCH_RECEIPT,  /* an old receipt, for the actor that holds the job */
    FETCH_REPLY,    /* the row behind a receipt, to repeat what it answered; for a job */
    FETCH_HEADS,    /* of every partition of the log, for the actor that holds the job */
};

#define FETCH_EVENTS_MAX 4096
#define FETCH_BYTES_MAX (4u << 20)

struct fetched_event {
    uint64_t version, seq;
    uint32_t schema, name_size;
    size_t name, data, data_size; /* places in memory */
};

struct fetch {
    struct fetch *next;
    enum fetch_kind kind;
    uint32_t unit, partition;
    uint64_t epoch;          /* of the unit when it was asked; a result of another epoch is dropped */
    uint64_t serial;         /* of the entity that asked: loads and receipts */
    struct slice stream_key; /* a copy at the end of the struct */
    struct stream stream;
    uint64_t stream_hash;
    struct job *job;          /* REPLY: owned */
    struct uuid id;           /* RECEIPT */
    uint64_t after;           /* version, or seq */
    bool first, use_snapshot; /* first page of a load */

    enum error error;
    struct store_fault fault;
    bool more, found, has_snapshot;
    struct store_head head;
    struct store_snapshot snapshot; /* its state is in `memory`, from 0 */
    struct store_receipt receipt;
    uint64_t *heads; /* HEADS: by partition; owned */
    struct fetched_event *events;
    uint32_t count, capacity;
    struct buffer memory; /* loads: names and data */
    uint8_t bytes[];
};

struct fetch *fetch_new(enum fetch_kind kind, struct slice stream_key);
void fetch_free(struct fetch **fetch);
struct slice fetched_name(const struct fetch *fetch, const struct fetched_event *event);
struct slice fetched_data(const struct fetch *fetch, const struct fetched_event *event);

/* Asks the store; on a reader thread. Never fails: what went wrong is in fetch->error. */
void fetch_run(struct fetch *fetch, struct store *store);

#endif
