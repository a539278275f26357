/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The threads that read: each has a connection to the read models of its own. Jobs go in by one queue, which is bounded
 * by the number of jobs in the process, and come back through the main loop's inbox as nodes of kind READERS_MAIL. A
 * query whose time was over when its turn came is answered `deadline` and not run. */
#ifndef QUERY_READERS_H
#define QUERY_READERS_H

#include "services/query/job.h"
#include "services/readmodel/reading.h"

enum { READERS_MAIL = 1 };

struct readers;

struct readers_config {
    const char *url, *holder; /* of the read models; copied by nobody: they outlive the readers */
    uint32_t count, partitions, statement_ms;
    uint64_t incarnation; /* of the log */
    struct inbox *inbox;
};

enum error readers_start(struct readers **out, const struct readers_config *config);
/* Waits for the statements that run; what is in the queue is freed. */
void readers_stop(struct readers **readers);
/* Takes all of the jobs, in order; first: before those that wait. */
void readers_run(struct readers *readers, struct job_queue *jobs, bool first);
/* Why the read models could not be read last, for a person; false when they could. Copies at most size bytes. */
bool readers_fault(struct readers *readers, char *out, size_t size);

/* answer.c: what a reader does with a job. partitions: of the log. */
void job_read(struct reading *reading, struct query_job *job, uint32_t partitions);

#endif
