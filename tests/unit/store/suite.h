/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The cases that every backend must pass, and what a backend's own file gives to run them. suite.def lists the cases; a
 * backend's file makes one Criterion test of each. */
#ifndef TEST_STORE_SUITE_H
#define TEST_STORE_SUITE_H

#include "tests/unit/store/model.h"

struct suite;

enum suite_restart { SUITE_CLOSED = 1, SUITE_KILLED };

struct suite_backend {
    /* Sets suite->config.url (and makes what is behind it) for a new, empty store. */
    void (*prepare)(struct suite *suite);
    /* Called with the store open; leaves it open and unclaimed, holding all that was durable when it was called. */
    void (*restart)(struct suite *suite, enum suite_restart how);
    /* Makes thresholds small, so that few records reach them. May be NULL. */
    void (*tighten)(struct suite *suite);
    /* Removes what prepare made; the store is closed. */
    void (*clean)(struct suite *suite);
};

struct suite {
    const struct suite_backend *backend;
    struct store_config config;
    char directory[64], url[160];
    struct store *store;
    struct model model;
    struct store_fault fault;
    uint32_t unread; /* versions of events from this on cannot be read; 0: all can */
};

void suite_run(const struct suite_backend *backend, void (*run)(struct suite *suite));
void suite_open(struct suite *suite);
/* Says that the store's process is alive, where that must be said. */
void suite_join(struct suite *suite);
void suite_claim_all(struct suite *suite);
void suite_restart(struct suite *suite, enum suite_restart how);
/* Appends the model's batch; fails the test unless it succeeds. */
void suite_append(struct suite *suite);
/* Calls maintain on every unit until none says that more is left; returns how many calls that took. */
unsigned suite_maintain(struct suite *suite, uint32_t budget_ms);
/* Commands on streams "a0" .. "a(streams - 1)", seeded by the model, some without events, appended in batches. */
void suite_fill(struct suite *suite, unsigned commands, unsigned streams);
/* Everything in the store is as in the model. */
void suite_check(struct suite *suite);

#define CASE(NAME) void case_##NAME(struct suite *suite);
#include "tests/unit/store/suite.def"
#undef CASE

#endif
