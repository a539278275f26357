/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The fold's own data. Private to its files. */
#ifndef PROJECTOR_FOLD_STATE_H
#define PROJECTOR_FOLD_STATE_H

#include "services/projector/actors.h"
#include "services/projector/chunks.h"
#include "services/projector/core.h"
#include "services/projector/fold.h"
#include "services/projector/hand_rows.h"

/* One model of a build, which is a resource of its domain. */
struct fold_model {
    const struct domain_resource *resource;
    struct slice name;
    size_t rows; /* of this turn */
};

struct fold_target {
    struct fold_build build; /* domain NULL: the place is free */
    struct slice namespace;
    struct fold_model *models;
    uint32_t last;          /* the model that was asked for last */
    struct hand_rows *hand; /* of a hand-written projection */
    struct fold *fold;
};

struct fold_member {
    uint32_t place;
    uint64_t bad; /* the first record that could not be applied */
    const char *text;
};

struct fold_page {
    uint32_t partition, first, count; /* members */
};

struct fold {
    uint64_t cache_bytes;
    struct writer *writer;
    struct fold_target targets[CORE_BUILDS_MAX];
    struct actors actors;
    struct chunks chunks;
    struct fold_page *pages;
    struct fold_member *members;
    size_t page_count, page_capacity, member_count, member_capacity;
    struct actor *touched;
    size_t touched_count;
    struct actor **missing;
    size_t missing_count, missing_capacity, missing_most; /* so many are loaded at once */
    uint64_t bytes;                                       /* of this turn */
    struct store_fault *fault;
    struct row_key *keys;
    size_t key_capacity;
    uint32_t failures;
    struct buffer data; /* of the rows */
    struct row *rows;
    size_t row_capacity;
    struct row_set *sets;
    size_t set_capacity;
    struct fold_stats stats;
};

/* The member of a page for a place. */
struct fold_member *fold_member_of(struct fold *fold, uint32_t page, uint32_t place);
/* Keeps why a member cannot go on; the earliest record counts. */
enum error fold_fail(struct fold *fold, struct fold_member *member, uint64_t seq, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

enum error
fold_event_apply(struct fold *fold, struct actor *actor, struct fold_member *member, const struct waiting *event);

/* ---- fold_load.c ---- */

enum error fold_event_wait(struct fold *fold, struct actor *actor, const struct waiting *event);
enum error fold_actor_want(struct fold *fold, struct actor *actor);
/* Loads all that is wanted, and applies what waited for it. */
enum error fold_missing_load(struct fold *fold);

/* ---- fold_hand.c: builds of hand-written projections ---- */

enum error fold_hand_open(struct fold *fold, struct fold_target *target);
/* A page begins, for those of these members that are hand-written. */
void fold_hand_page(struct fold *fold, const struct fold_page *page);
enum error fold_hand_record(struct fold *fold,
                            struct fold_target *target,
                            struct fold_member *member,
                            const struct store_record *record);
/* Adds their sets to those that are there. */
enum error fold_hand_sets(struct fold *fold, size_t *count, size_t *rows);
void fold_hand_keep(struct fold *fold);
void fold_hand_forget(struct fold *fold);

#endif
