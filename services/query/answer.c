/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a reader does with a job: see services/readmodel/reading.h. A page is encoded here, as the whole reply. */
#include "services/query/readers.h"

#include <string.h>

enum { BUSY_RETRY_MS = 500 };

static void page_encode(struct query_job *job, const struct ask *ask)
{
    struct reply reply = {.status = status_ok, .position = ask->position};
    job->rows = ask->rows;
    job->outcome = JOB_ANSWERED;
    job->reply = (struct reply){.status = status_ok};
    reply_begin(&job->encoded, &reply);
    query_page_encode(&job->encoded, &ask->page);
    if (!job->encoded.failed)
        return;
    buffer_clear(&job->encoded);
    job_fail(job, status_busy, error_name(error_no_memory), error_text(error_no_memory), BUSY_RETRY_MS);
}

/* What is wanted stays with the job: it may have to wait. */
static void query_answer(struct reading *reading, struct query_job *job)
{
    struct ask ask = {0};
    ask_begin(&ask, &job->request, job->realm);
    ask.wanted = job->wanted;
    reading_ask(reading, &ask);
    job->wanted = ask.wanted;
    buffer_fini(&job->faults);
    job->faults = ask.faults;
    if (ask.outcome == ASK_PAGE) {
        page_encode(job, &ask);
        return;
    }
    job->build = ask.build;
    job->reply = ask.reply;
    job->outcome = ask.outcome == ASK_BEHIND ? JOB_BEHIND : JOB_ANSWERED;
}

static enum error look_try(struct reading *reading, struct query_job *look, uint32_t partitions)
{
    memset(look->seen, 0, (size_t)LOOK_BUILDS * partitions * sizeof *look->seen);
    memset(look->halted, 0, (size_t)LOOK_BUILDS * partitions * sizeof *look->halted);
    for (uint32_t i = 0; i < look->look_count; i++) {
        const struct row_progress *progress;
        enum error error = reading_look(reading, look->look_builds[i], &look->known[i], &progress);
        if (error != error_none)
            return error;
        for (uint32_t p = 0; progress != NULL && p < partitions; p++) {
            look->seen[(size_t)i * partitions + p] = progress->seqs[p];
            look->halted[(size_t)i * partitions + p] = progress->halted[p] != 0;
        }
    }
    return error_none;
}

static void look_run(struct reading *reading, struct query_job *look, uint32_t partitions)
{
    memset(look->known, 0, sizeof look->known);
    if (look_try(reading, look, partitions) != error_none)
        memset(look->known, 0, sizeof look->known); /* who waits asks anew, and is told why */
}

void job_read(struct reading *reading, struct query_job *job, uint32_t partitions)
{
    if (job->kind == JOB_LOOK)
        look_run(reading, job, partitions);
    else
        query_answer(reading, job);
}
