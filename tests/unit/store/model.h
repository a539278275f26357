/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A naive model of an event store: one array of records, searched from one end to the other. Tests make records with
 * it, append them to a real store, and compare what the store gives back with what the model holds. It uses no test
 * framework: a difference is described in model.fault. */
#ifndef TEST_STORE_MODEL_H
#define TEST_STORE_MODEL_H

#include "services/store/store.h"

struct model_partition {
    uint32_t *places;      /* seq 1, 2, ... -> which of the records */
    size_t head, capacity; /* the batch included */
};

struct model {
    struct store_info info;
    struct store_record *records; /* those below committed are in the store, the rest is the batch being made */
    size_t count, capacity, committed;
    struct model_partition *partitions;
    void **memory; /* the records' strings */
    size_t memory_count, memory_capacity;
    int64_t now_us;
    uint64_t random;
    char fault[512];
};

void model_init(struct model *model, const struct store_info *info, uint64_t seed);
void model_fini(struct model *model);

/* xorshift: the same seed, the same numbers. */
uint64_t model_random(struct model *model);
uint32_t model_below(struct model *model, uint32_t bound);
/* A version 7 id at the model's time, one at a time of its own, and a version 4 id. */
struct uuid model_id(struct model *model);
struct uuid model_id_at(struct model *model, uint64_t unix_ms);
struct uuid model_id_random(struct model *model);

/* Stream "default bank.account/IDENTIFIER"; the text must outlive its use. */
struct stream model_stream(const char *identifier);
uint32_t model_partition(const struct model *model, const char *identifier);
uint32_t model_unit(const struct model *model, const char *identifier);

/* Adds a command to the batch: that many events, or with 0 one record without an event. The time goes on by 1 ms. */
void model_command(struct model *model, const char *identifier, struct uuid id, uint32_t events, enum status status);
/* Appends the batch, unit by unit. On failure the batch is dropped. */
enum error model_append(struct model *model, struct store *store, struct store_fault *fault);
/* Drops the batch, as when its commit failed. */
void model_drop(struct model *model);
/* Forgets committed records from the count-th on: those which a store lost. */
void model_cut(struct model *model, size_t count);

/* The last event of a stream, NULL when it has none. Only what is committed. */
const struct store_record *model_last(const struct model *model, const char *identifier);
const struct store_record *model_event(const struct model *model, const char *identifier, uint64_t version);
const struct store_record *model_record(const struct model *model, uint32_t partition, uint64_t seq);

/* Each compares a part of the store with the model; false, and model->fault, when they differ. */
bool model_check_log(struct model *model, struct store *store, uint32_t page);
bool model_check_stream(struct model *model, struct store *store, const char *identifier, uint64_t to_version);
bool model_check_events(struct model *model, struct store *store, const char *identifier, uint32_t page);
/* As model_check_events, by store_look_stream: the store need not own anything. */
bool model_check_look(struct model *model, struct store *store, const char *identifier, uint32_t page);
bool model_check_receipts(struct model *model, struct store *store);
bool model_check_recent(struct model *model, struct store *store, uint32_t unit);
/* All of the above over everything. */
bool model_check(struct model *model, struct store *store);
/* Does a store hold this record, byte for byte? Sets model->fault when not. */
bool model_same(struct model *model, const struct store_record *expected, const struct store_record *actual);

#endif
