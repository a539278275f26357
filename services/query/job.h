/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One request on its way through the query service. It belongs to the main loop, to one reader, or to the waiting room;
 * each hands it on.
 *
 *   taken --> readers --> answered                  the page, or why there is none
 *     ^          |
 *     |          +------> waiting room              the read models are behind the position that it names
 *     +----- seen --------+------> answered         its time is up, or the position will not come
 *
 * One that asks for what was goes to a history thread instead, which answers it. */
#ifndef QUERY_JOB_H
#define QUERY_JOB_H

#include "proto/envelope.h"
#include "services/common/process.h"
#include "services/common/worker.h"
#include "services/history/past.h"

enum job_kind { JOB_QUERY = 1, JOB_HISTORY, JOB_LOOK };
enum job_outcome { JOB_ANSWERED = 1, JOB_BEHIND };

#define LOOK_BUILDS 8

struct query_job {
    struct inbox_node node; /* first: the readers give it back through the inbox */
    struct query_job *next;
    enum job_kind kind;

    /* QUERY, HISTORY */
    struct worker_place place;
    uint64_t came_us, deadline_us, patience_us; /* patience: how long it may wait for its position */
    struct buffer bytes;                        /* what these point into */
    struct slice realm;
    struct request request;

    struct past *past; /* HISTORY: its thread's, then what the reply points into */

    /* QUERY, from a reader: the outcome and the reply, whose slices point into memory, or the build that is behind, and
     * what is wanted of it, one number a partition. A page is encoded by the reader: of its reply only the status
     * counts then. */
    enum job_outcome outcome;
    struct reply reply;
    struct buffer encoded, faults;
    uint32_t build, rows;
    uint64_t *wanted;

    /* LOOK: how far these builds are; partitions numbers each. known false: could not be read. */
    uint32_t look_count, look_builds[LOOK_BUILDS];
    bool known[LOOK_BUILDS];
    uint64_t *seen;
    bool *halted; /* one a partition of each build */
};

/* A chain of jobs; zeroed before first use. */
struct job_queue {
    struct query_job *first, *last;
};
void job_queue_put(struct job_queue *queue, struct query_job *job);
/* NULL: it is empty. */
struct query_job *job_queue_take(struct job_queue *queue);
/* Takes all of `jobs`, in their order, behind those that are there, or before them. */
void job_queue_join(struct job_queue *queue, struct job_queue *jobs, bool before);

/* A job of a request that a broker gave, or NULL when memory is out. error is what is wrong with the request. */
struct query_job *job_new(const struct worker_place *place, const struct item *item, uint64_t now_us, uint32_t wait_ms);
/* A job that looks at how far builds are; NULL when memory is out. */
struct query_job *job_new_look(uint32_t partitions);
void job_free(struct query_job **job);

/* Answers a query whose time is over: nobody waits for rows any more. False: it has time. */
bool job_expire(struct query_job *job, uint64_t now_us);
/* Answers it without rows. The texts are literals. */
void job_fail(struct query_job *job, enum status status, const char *code, const char *message, uint32_t retry_ms);

#endif
