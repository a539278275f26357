/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a reader does with a job. The checkpoints are read before the rows, so the rows have at least what the answer's
 * position says, and a position that is covered before they are read is covered by them. */
#include "services/query/readers.h"

#include "proto/position.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUSY_RETRY_MS = 500, BUILDING_RETRY_MS = 1000 };

static const char *const other_keys[] = {"at_least", "id", NULL};

enum error reading_init(struct reading *reading, const struct readers_config *config)
{
    *reading = (struct reading){.config = config};
    reading->checkpoints = calloc(config->partitions, sizeof *reading->checkpoints);
    reading->seqs = calloc(config->partitions, sizeof *reading->seqs);
    return reading->checkpoints == NULL || reading->seqs == NULL ? error_no_memory : error_none;
}

void reading_fini(struct reading *reading)
{
    row_reader_close(&reading->reader);
    row_page_fini(&reading->page);
    buffer_fini(&reading->faults);
    buffer_fini(&reading->position);
    free(reading->checkpoints);
    free(reading->seqs);
    *reading = (struct reading){0};
}

/* ---- faults ---- */

/* The database said no: what that means to whoever asked. The connection is made anew with the next job when it may be
 * the connection's fault. */
static void fail(struct reading *reading, struct query_job *job, enum error error)
{
    if (error == error_timed_out) {
        job_fail(job, status_deadline, "query_time", "the query takes too long; ask for less", 0);
        return;
    }
    if (error == error_no_memory) {
        job_fail(job, status_busy, error_name(error), error_text(error), BUSY_RETRY_MS);
        return;
    }
    row_reader_close(&reading->reader);
    if (error == error_missing_schema || error == error_not_found) {
        job_fail(job, status_unavailable, "no_read_model", "no projector has made a read model yet", BUILDING_RETRY_MS);
        return;
    }
    reading->failing = true;
    job_fail(job, status_unavailable, error_name(error), error_text(error), BUSY_RETRY_MS);
}

static enum error reader_ensure(struct reading *reading)
{
    struct row_reader_config config = {
        .url = reading->config->url, .holder = reading->config->holder, .time_limit_ms = reading->config->statement_ms};
    if (reading->reader != NULL)
        return error_none;
    reading->moment = 0; /* another reader counts anew */
    return row_reader_open(&reading->reader, &config, &reading->fault);
}

/* Only when they can have moved since the builds were read last. */
static enum error checkpoints_read(struct reading *reading, uint32_t build)
{
    uint32_t partitions = reading->config->partitions;
    uint64_t moment = row_reader_moment(reading->reader);
    if (moment != 0 && reading->moment == moment && reading->build == build)
        return error_none;
    reading->moment = 0;
    buffer_clear(&reading->position);
    enum error error = row_reader_checkpoints(
        reading->reader, build, reading->checkpoints, partitions, &reading->faults, &reading->fault);
    for (uint32_t i = 0; error == error_none && i < partitions; i++)
        reading->seqs[i] = reading->checkpoints[i].seq;
    if (error == error_none) {
        reading->build = build;
        reading->moment = moment;
    }
    return error;
}

/* ---- which read model ---- */

static bool model_is(const struct model *model, const struct request *request)
{
    return slice_equal(model->namespace, request->namespace) && slice_equal(model->name, request->resource);
}

/* The table of that name in a build of that state; false: there is none. */
static bool table_find(const struct builds *builds,
                       const struct request *request,
                       enum build_state state,
                       const struct build **build,
                       uint32_t *number)
{
    for (uint32_t i = 0; i < builds->count; i++) {
        *build = &builds->builds[i];
        for (*number = 0; (*build)->state == state && *number < (*build)->model_count; ++*number)
            if (model_is(&(*build)->models[*number], request))
                return true;
    }
    return false;
}

static void model_missing(const struct builds *builds, struct query_job *job)
{
    const struct build *build;
    uint32_t number;
    if (builds->count == 0)
        job_fail(job, status_unavailable, "no_read_model", "no projector has made a read model yet", BUILDING_RETRY_MS);
    else if (table_find(builds, &job->request, BUILD_BUILDING, &build, &number))
        job_fail(job, status_unavailable, "building", "the read model is being built; ask again", BUILDING_RETRY_MS);
    else
        job_fail(job, status_not_found, "unknown_query", "there is no read model of this name", 0);
}

/* ---- what the query says ---- */

static void faults_write(const struct data_faults *faults, struct buffer *out)
{
    uint32_t count = faults->count < DATA_FAULTS_MAX ? faults->count : DATA_FAULTS_MAX;
    buffer_clear(out);
    write_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct data_fault *fault = &faults->items[i];
        struct fault entry = {
            .path = slice_text(fault->path), .code = slice_text(fault->code), .message = slice_text(fault->message)};
        fault_encode(out, &entry);
    }
}

static void refuse_data(struct query_job *job, const struct data_faults *faults)
{
    faults_write(faults, &job->faults);
    job_fail(job, status_invalid, "invalid_query", "the query does not fit this read model", 0);
    job->reply.faults = buffer_slice(&job->faults);
}

static void refuse_field(struct query_job *job, const char *path, const char *code, const char *message)
{
    struct data_faults faults = {.count = 1, .items = {{.code = code}}};
    snprintf(faults.items[0].path, sizeof faults.items[0].path, "%s", path);
    snprintf(faults.items[0].message, sizeof faults.items[0].message, "%s", message);
    refuse_data(job, &faults);
    if (strcmp(code, "other_log") == 0)
        job->reply.code = slice_text(code);
}

/* What at_least wants of each partition; false: it is no position of this log, and the job is answered. */
static bool wanted_read(const struct reading *reading, struct query_job *job)
{
    uint32_t partitions = reading->config->partitions;
    if (job->at_least.size == 0 || job->wanted != NULL)
        return true;
    job->wanted = calloc(partitions, sizeof *job->wanted);
    if (job->wanted == NULL) {
        job_fail(job, status_busy, error_name(error_no_memory), error_text(error_no_memory), BUSY_RETRY_MS);
        return false;
    }
    enum error error = error_too_long;
    if (job->at_least.size <= limit_position_bytes)
        error = position_merge(job->at_least, reading->config->incarnation, job->wanted, partitions);
    if (error == error_fenced)
        refuse_field(job, "/at_least", "other_log", "a position of another log: this one was made anew since");
    else if (error != error_none)
        refuse_field(job, "/at_least", "bad_position", "not a position that a reply had");
    return error == error_none;
}

/* Is all that is wanted there? If not, the job is answered when it will not come, and BEHIND when it may. */
static bool covered(const struct reading *reading, struct query_job *job, const struct builds *builds, uint32_t build)
{
    bool same_log = builds->incarnation == reading->config->incarnation;
    bool behind = !same_log;
    if (job->wanted == NULL)
        return true;
    for (uint32_t i = 0; i < reading->config->partitions; i++) {
        if (reading->seqs[i] >= job->wanted[i])
            continue;
        behind = true;
        if (!reading->checkpoints[i].halted || !same_log)
            continue;
        job_fail(job,
                 status_unavailable,
                 "halted",
                 "a record before that position cannot be projected; somebody has to mend it",
                 BUILDING_RETRY_MS);
        return false;
    }
    if (behind) {
        job->outcome = JOB_BEHIND;
        job->build = build;
    }
    return !behind;
}

/* ---- the answer ---- */

/* What the checkpoints cover; empty when it is more than a token may have. */
static struct slice position_of(struct reading *reading, uint64_t incarnation)
{
    struct buffer *position = &reading->position;
    if (position->size == 0)
        position_write(incarnation, reading->seqs, reading->config->partitions, position);
    if (position->failed || position->size > limit_position_bytes)
        buffer_clear(position);
    return buffer_slice(position);
}

static void answer_page(struct reading *reading, struct query_job *job, const struct query *query, uint64_t incarnation)
{
    struct row_page *page = &reading->page;
    struct query_page data = {.rows = buffer_slice(&page->rows),
                              .limit = query->limit,
                              .page = page->cut ? 0 : query->page,
                              .has_total = page->total >= 0,
                              .has_pages = page->total >= 0 && !page->cut,
                              .next = buffer_slice(&page->next)};
    if (data.has_total) {
        data.total = (uint64_t)page->total;
        data.pages = (data.total + query->limit - 1) / query->limit;
    }
    job->rows = page->count;
    job->outcome = JOB_ANSWERED;
    job->reply = (struct reply){.status = status_ok, .position = position_of(reading, incarnation)};
    reply_begin(&job->encoded, &job->reply);
    query_page_encode(&job->encoded, &data);
    job->reply.position = (struct slice){0}; /* it is the reader's */
    if (!job->encoded.failed)
        return;
    buffer_clear(&job->encoded);
    job_fail(job, status_busy, error_name(error_no_memory), error_text(error_no_memory), BUSY_RETRY_MS);
}

static enum error rows_read(struct reading *reading,
                            struct query_job *job,
                            const struct build *build,
                            uint32_t number,
                            const struct query *query,
                            uint64_t incarnation)
{
    struct row_page *page = &reading->page;
    enum error error;
    if (job->identifier.size > 0)
        error = row_reader_item(reading->reader, build->id, number, query, job->identifier, page, &reading->fault);
    else
        error = row_reader_select(reading->reader, build->id, number, query, page, &reading->fault);
    if (error == error_too_long) {
        refuse_field(job,
                     "/page",
                     "page_too_large",
                     "its rows are too large for one answer; ask for fewer a page, or by cursors, not numbers");
        return error_none;
    }
    if (error != error_none)
        return error;
    if (job->identifier.size > 0 && page->count == 0)
        job_fail(job, status_not_found, "unknown_row", "the read model has no row with this identifier", 0);
    else
        answer_page(reading, job, query, incarnation);
    return error_none;
}

/* The part for which the builds must not change: what points into them is gone afterwards. */
static enum error query_run(struct reading *reading,
                            struct query_job *job,
                            const struct builds *builds,
                            const struct build *build,
                            uint32_t number)
{
    struct data_faults faults = {0};
    struct query query = {0};
    if (!wanted_read(reading, job))
        return error_none;
    enum error error = query_parse(job->request.data, &build->models[number], job->realm, other_keys, &query, &faults);
    if (error == error_invalid_data) {
        refuse_data(job, &faults);
        return error_none;
    }
    if (error == error_none)
        error = checkpoints_read(reading, build->id);
    if (error == error_none && covered(reading, job, builds, build->id))
        error = rows_read(reading, job, build, number, &query, builds->incarnation);
    query_fini(&query);
    return error;
}

static enum error query_try(struct reading *reading, struct query_job *job)
{
    const struct builds *builds;
    const struct build *build;
    uint32_t number;
    enum error error = reader_ensure(reading);
    if (error == error_none)
        error = row_reader_builds(reading->reader, &builds, &reading->fault);
    if (error != error_none)
        return error;
    if (table_find(builds, &job->request, BUILD_LIVE, &build, &number))
        return query_run(reading, job, builds, build, number);
    model_missing(builds, job);
    return error_none;
}

/* A build that went while it was read, or a connection that was lost: once more. */
static bool worth_another(enum error error)
{
    return error == error_not_found || error == error_unreachable || error == error_closed;
}

static void query_answer(struct reading *reading, struct query_job *job)
{
    enum error error = query_try(reading, job);
    if (worth_another(error)) {
        row_reader_close(&reading->reader);
        error = query_try(reading, job);
    }
    if (error == error_none)
        reading->failing = false;
    else
        fail(reading, job, error);
}

/* ---- looking at checkpoints for those who wait ---- */

static bool is_live(const struct builds *builds, uint32_t build)
{
    for (uint32_t i = 0; i < builds->count; i++)
        if (builds->builds[i].id == build)
            return builds->builds[i].state == BUILD_LIVE;
    return false;
}

static enum error look_try(struct reading *reading, struct query_job *look)
{
    const struct builds *builds = NULL;
    uint32_t partitions = reading->config->partitions;
    enum error error = reader_ensure(reading);
    if (error == error_none)
        error = row_reader_builds(reading->reader, &builds, &reading->fault);
    bool same_log = error == error_none && builds->incarnation == reading->config->incarnation;
    memset(look->seen, 0, (size_t)LOOK_BUILDS * partitions * sizeof *look->seen);
    memset(look->halted, 0, (size_t)LOOK_BUILDS * partitions * sizeof *look->halted);
    for (uint32_t i = 0; error == error_none && i < look->look_count; i++) {
        look->known[i] = is_live(builds, look->look_builds[i]);
        if (!look->known[i] || !same_log) /* of a log before a restore: nothing of this one is there yet */
            continue;
        error = checkpoints_read(reading, look->look_builds[i]);
        memcpy(look->seen + (size_t)i * partitions, reading->seqs, partitions * sizeof *look->seen);
        for (uint32_t p = 0; p < partitions; p++)
            look->halted[(size_t)i * partitions + p] = reading->checkpoints[p].halted != 0;
    }
    return error;
}

static void look_run(struct reading *reading, struct query_job *look)
{
    memset(look->known, 0, sizeof look->known);
    if (look_try(reading, look) == error_none)
        return;
    row_reader_close(&reading->reader);
    memset(look->known, 0, sizeof look->known); /* who waits asks anew, and is told why */
}

void reading_run(struct reading *reading, struct query_job *job)
{
    if (job->kind == JOB_LOOK)
        look_run(reading, job);
    else
        query_answer(reading, job);
}
