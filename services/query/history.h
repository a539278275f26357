/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The threads that read what was (services/history): each has a connection to the store of its own, and its own
 * partitions of the log, so that none sees twice what was appended. A thread does a bounded step for each job in turns
 * (turns.h), so that long streams do not hold up short ones. Jobs come back through the main loop's inbox as nodes of
 * kind READERS_MAIL, as those of the readers do; their number is bounded by that of jobs in the process. */
#ifndef QUERY_HISTORY_H
#define QUERY_HISTORY_H

#include "services/history/past.h"
#include "services/query/readers.h"

#define HISTORY_THREADS_MAX JOURNAL_LANES

struct history;

struct history_config {
    const char *store, *holder; /* they outlive the threads */
    struct store_info log;
    uint32_t count;                 /* of threads */
    const struct past_config *past; /* one a thread, each with domains and a lane of its own */
    struct inbox *inbox;
};

/* The store must be there: fault says why it cannot be opened. */
enum error history_start(struct history **out, const struct history_config *config, struct store_fault *fault);
/* Waits for the steps under way; what is not answered is freed. */
void history_stop(struct history **history);
/* Takes a job of kind JOB_HISTORY. */
void history_run(struct history *history, struct query_job *job);

#endif
