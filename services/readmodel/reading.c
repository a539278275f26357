/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See reading.h. */
#include "services/readmodel/reading.h"

#include "proto/position.h"
#include "services/readmodel/reader.h"
#include "services/store/backend.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUSY_RETRY_MS = 500, BUILDING_RETRY_MS = 1000, CHANGES_MAX = 4 };

static const char *const other_keys[] = {"at_least", "id", NULL};

struct reading {
    struct reading_config config;
    struct row_reader *reader;
    uint64_t incarnation; /* of the log; 0: not known yet, as partitions */
    uint32_t partitions;
    struct row_progress progress; /* of the build that was read last */
    struct buffer position;       /* the same as a token */
    uint32_t position_build;
    uint64_t position_moment; /* when the progress was so; 0: not written yet */
    bool sure;                /* the builds are those that there are: what was read says so */
    struct row_page page;
    struct store_fault fault; /* of the last failure */
    bool failing, held;
};

/* ---- one query ---- */

/* A text in the request's data, empty when it is none; what is wrong with it the query's own check will say. */
static struct slice text_in(struct slice data, const char *key)
{
    struct slice raw, text = {0};
    if (msgpack_find(data, key, &raw) != error_none)
        return text;
    struct reader reader = reader_of(raw);
    return reader_text(&reader, &text) == error_none ? text : (struct slice){0};
}

void ask_begin(struct ask *ask, const struct request *request, struct slice realm)
{
    ask->request = request;
    ask->realm = realm;
    ask->at_least = text_in(request->data, "at_least");
    ask->identifier = text_in(request->data, "id");
}

void ask_fini(struct ask *ask)
{
    free(ask->wanted);
    buffer_fini(&ask->faults);
    *ask = (struct ask){0};
}

/* The texts are literals. */
static void refuse(struct ask *ask, enum status status, const char *code, const char *message, uint32_t retry_ms)
{
    ask->outcome = ASK_REFUSED;
    ask->reply = (struct reply){
        .status = status, .code = slice_text(code), .message = slice_text(message), .retry_ms = retry_ms};
}

static void refuse_error(struct ask *ask, enum status status, enum error error)
{
    refuse(ask, status, error_name(error), error_text(error), BUSY_RETRY_MS);
}

/* ---- a reading ---- */

/* How many partitions the log has is known from the start, or when the builds are read. */
static enum error partitions_set(struct reading *reading, uint32_t partitions)
{
    uint64_t *seqs = calloc(partitions + 1, sizeof *seqs);
    uint64_t *halted = calloc(partitions + 1, sizeof *halted);
    if (seqs == NULL || halted == NULL) {
        free(seqs);
        free(halted);
        return error_no_memory;
    }
    free(reading->progress.seqs);
    free(reading->progress.halted);
    reading->progress = (struct row_progress){.partitions = partitions, .seqs = seqs, .halted = halted};
    reading->partitions = partitions;
    reading->position_moment = 0;
    return error_none;
}

enum error reading_new(struct reading **out, const struct reading_config *config)
{
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL)
        return error_no_memory;
    reading->config = *config;
    reading->incarnation = config->incarnation;
    enum error error = partitions_set(reading, config->partitions);
    if (error == error_none)
        *out = reading;
    else
        reading_free(&reading);
    return error;
}

void reading_rest(struct reading *reading)
{
    if (reading->held)
        row_reader_end(reading->reader);
    reading->held = false;
}

static void reader_close(struct reading *reading)
{
    reading_rest(reading);
    row_reader_close(&reading->reader);
}

void reading_free(struct reading **reading)
{
    struct reading *old = *reading;
    *reading = NULL;
    if (old == NULL)
        return;
    reader_close(old);
    row_page_fini(&old->page);
    buffer_fini(&old->position);
    free(old->progress.seqs);
    free(old->progress.halted);
    free(old);
}

bool reading_is_open(const struct reading *reading)
{
    return reading->reader != NULL;
}

const char *reading_fault(const struct reading *reading)
{
    return reading->failing ? reading->fault.text : NULL;
}

/* The database said no: what that means to whoever asked. The connection is made anew with the next query when it may
 * be the connection's fault. */
static void fail(struct reading *reading, struct ask *ask, enum error error)
{
    if (error == error_timed_out) {
        refuse(ask, status_deadline, "query_time", "the query takes too long; ask for less", 0);
        return;
    }
    if (error == error_no_memory) {
        refuse_error(ask, status_busy, error);
        return;
    }
    reader_close(reading);
    if (error == error_missing_schema || error == error_not_found) {
        refuse(ask, status_unavailable, "no_read_model", "no projector has made a read model yet", BUILDING_RETRY_MS);
        return;
    }
    reading->failing = true;
    refuse_error(ask, status_unavailable, error);
}

static enum error reader_ensure(struct reading *reading)
{
    struct row_reader_config config = {.url = reading->config.url,
                                       .holder = reading->config.holder,
                                       .time_limit_ms = reading->config.statement_ms,
                                       .steps_max = reading->config.steps_max};
    if (reading->reader != NULL)
        return error_none;
    reading->progress.moment = reading->position_moment = 0; /* another reader counts anew */
    return row_reader_open(&reading->reader, &config, &reading->fault);
}

/* Which log it is, for who has none; error_missing_schema when nobody has written that. */
static enum error log_take(struct reading *reading, const struct builds *builds)
{
    if (reading->config.partitions > 0)
        return error_none;
    if (builds->partitions == 0)
        return fault_set(&reading->fault, error_missing_schema, "no projector has told its log");
    reading->incarnation = builds->log;
    return builds->partitions == reading->partitions ? error_none : partitions_set(reading, builds->partitions);
}

/* From here to reading_rest all is of one moment, where the database can do so. */
static enum error moment_begin(struct reading *reading)
{
    enum error error = reader_ensure(reading);
    if (error == error_none && !reading->held)
        error = row_reader_begin(reading->reader, &reading->fault);
    reading->held = error == error_none;
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

static void model_missing(const struct builds *builds, struct ask *ask)
{
    const struct build *build;
    uint32_t number;
    if (builds->count == 0)
        refuse(ask, status_unavailable, "no_read_model", "no projector has made a read model yet", BUILDING_RETRY_MS);
    else if (table_find(builds, ask->request, BUILD_BUILDING, &build, &number))
        refuse(ask, status_unavailable, "building", "the read model is being built; ask again", BUILDING_RETRY_MS);
    else
        refuse(ask, status_not_found, "unknown_query", "there is no read model of this name", 0);
}

/* ---- what the query says ---- */

static void refuse_data(struct ask *ask, const struct data_faults *faults)
{
    buffer_clear(&ask->faults);
    faults_encode(&ask->faults, faults);
    refuse(ask, status_invalid, "invalid_query", "the query does not fit this read model", 0);
    ask->reply.faults = buffer_slice(&ask->faults);
}

static void refuse_field(struct ask *ask, const char *path, const char *code, const char *message)
{
    struct data_faults faults = {.count = 1, .items = {{.code = code}}};
    snprintf(faults.items[0].path, sizeof faults.items[0].path, "%s", path);
    snprintf(faults.items[0].message, sizeof faults.items[0].message, "%s", message);
    refuse_data(ask, &faults);
    if (strcmp(code, "other_log") == 0)
        ask->reply.code = slice_text(code);
}

/* What at_least wants of each partition; false: it is no position of this log, and the ask is refused. */
static bool wanted_read(const struct reading *reading, struct ask *ask)
{
    if (ask->at_least.size == 0 || ask->wanted != NULL)
        return true;
    ask->wanted = calloc(reading->partitions, sizeof *ask->wanted);
    if (ask->wanted == NULL) {
        refuse_error(ask, status_busy, error_no_memory);
        return false;
    }
    enum error error = error_too_long;
    if (ask->at_least.size <= limit_position_bytes)
        error = position_merge(ask->at_least, reading->incarnation, ask->wanted, reading->partitions);
    if (error == error_fenced)
        refuse_field(ask, "/at_least", "other_log", "a position of another log: this one was made anew since");
    else if (error != error_none)
        refuse_field(ask, "/at_least", "bad_position", "not a position that a reply had");
    return error == error_none;
}

/* Is all that is wanted there? If not, the ask is refused when it will not come, and BEHIND when it may. */
static bool covered(const struct reading *reading, struct ask *ask, const struct builds *builds, uint32_t build)
{
    bool same_log = builds->incarnation == reading->incarnation;
    bool behind = !same_log;
    if (ask->wanted == NULL)
        return true;
    for (uint32_t i = 0; i < reading->partitions; i++) {
        if (reading->progress.seqs[i] >= ask->wanted[i])
            continue;
        behind = true;
        if (reading->progress.halted[i] == 0 || !same_log)
            continue;
        refuse(ask,
               status_unavailable,
               "halted",
               "a record before that position cannot be projected; somebody has to mend it",
               BUILDING_RETRY_MS);
        return false;
    }
    if (behind) {
        ask->outcome = ASK_BEHIND;
        ask->build = build;
    }
    return !behind;
}

/* ---- the answer ---- */

/* What the progress covers; empty when it is more than a token may have. */
static struct slice position_token(struct reading *reading, uint64_t incarnation)
{
    const struct row_progress *progress = &reading->progress;
    struct buffer *position = &reading->position;
    if (reading->position_moment == progress->moment && reading->position_build == progress->build)
        return buffer_slice(position);
    buffer_clear(position);
    position_write(incarnation, progress->seqs, progress->partitions, position);
    if (position->failed || position->size > limit_position_bytes)
        buffer_clear(position);
    reading->position_moment = progress->moment;
    reading->position_build = progress->build;
    return buffer_slice(position);
}

static void page_give(struct reading *reading, struct ask *ask, const struct query *query, uint64_t incarnation)
{
    struct row_page *page = &reading->page;
    struct query_page *out = &ask->page;
    *out = (struct query_page){.rows = buffer_slice(&page->rows),
                               .limit = query->limit,
                               .page = page->cut ? 0 : query->page,
                               .has_total = page->total >= 0,
                               .has_pages = page->total >= 0 && !page->cut,
                               .next = buffer_slice(&page->next)};
    if (out->has_total) {
        out->total = (uint64_t)page->total;
        out->pages = (out->total + query->limit - 1) / query->limit;
    }
    ask->rows = page->count;
    ask->position = position_token(reading, incarnation);
    ask->outcome = ASK_PAGE;
}

static void rows_give(struct reading *reading, struct ask *ask, const struct query *query, uint64_t incarnation)
{
    struct row_page *page = &reading->page;
    if (ask->identifier.size > 0 && page->count == 0)
        refuse(ask, status_not_found, "unknown_row", "the read model has no row with this identifier", 0);
    else if (reading->config.bytes_max > 0 && page->cut)
        refuse(ask, status_deadline, "query_bytes", "its rows are more than are read here", 0);
    else
        page_give(reading, ask, query, incarnation);
}

/* Reads, and gives the rows if what is wanted is covered. */
static enum error
want_read(struct reading *reading, struct ask *ask, const struct builds *builds, const struct row_want *want)
{
    enum error error = row_reader_read(reading->reader, want, &reading->page, &reading->fault);
    if (error != error_none && error != error_too_long)
        return error;
    reading->sure = true;
    if (!covered(reading, ask, builds, want->build) || want->query == NULL)
        return error_none;
    if (error == error_none)
        rows_give(reading, ask, want->query, builds->incarnation);
    else
        refuse_field(ask,
                     "/page",
                     "page_too_large",
                     "its rows are too large for one answer; ask for fewer a page, or by cursors, not numbers");
    return error_none;
}

/* Who names a position is asked for first whether it is there: rows that come too early would be read in vain. */
static enum error position_look(struct reading *reading, struct ask *ask, const struct builds *builds, uint32_t build)
{
    const struct row_want want = {.build = build, .progress = &reading->progress};
    return ask->wanted == NULL ? error_none : want_read(reading, ask, builds, &want);
}

/* The part for which the builds must not change: what points into them is gone afterwards. */
static enum error query_run(
    struct reading *reading, struct ask *ask, const struct builds *builds, const struct build *build, uint32_t number)
{
    struct data_faults faults; /* of many kilobytes, which nobody needs to be zero */
    struct query query = {0};
    struct row_want want = {.build = build->id,
                            .number = number,
                            .query = &query,
                            .id = ask->identifier.size > 0 ? &ask->identifier : NULL,
                            .progress = &reading->progress};
    bool waited = ask->wanted != NULL; /* until its position was there */
    if (!wanted_read(reading, ask))
        return error_none;
    enum error error = query_parse(ask->request->data, &build->models[number], ask->realm, other_keys, &query, &faults);
    if (error == error_invalid_data) {
        refuse_data(ask, &faults);
        return error_none;
    }
    if (error == error_none && reading->config.bytes_max > 0)
        query.bytes = reading->config.bytes_max;
    if (error == error_none && !waited)
        error = position_look(reading, ask, builds, build->id);
    if (error == error_none && ask->outcome == 0)
        error = want_read(reading, ask, builds, &want);
    query_fini(&query);
    return error;
}

/* A refusal is of the builds that there are, not of some that there were. */
static enum error refusal_check(struct reading *reading, const struct ask *ask, uint64_t change)
{
    const struct builds *builds;
    if (ask->outcome != ASK_REFUSED || reading->sure)
        return error_none;
    enum error error = row_reader_builds(reading->reader, &builds, &reading->fault);
    return error == error_none && builds->change != change ? error_not_found : error;
}

static enum error ask_try(struct reading *reading, struct ask *ask)
{
    const struct builds *builds = NULL;
    const struct build *build;
    uint32_t number;
    ask->outcome = 0;
    reading->sure = false;
    enum error error = moment_begin(reading);
    if (error == error_none)
        error = row_reader_builds_known(reading->reader, &builds, &reading->fault);
    if (error == error_none)
        error = log_take(reading, builds);
    uint64_t change = error == error_none ? builds->change : 0;
    if (error == error_none && table_find(builds, ask->request, BUILD_LIVE, &build, &number))
        error = query_run(reading, ask, builds, build, number);
    else if (error == error_none)
        model_missing(builds, ask);
    if (error == error_none)
        error = refusal_check(reading, ask, change);
    if (error != error_none || !reading->config.holds)
        reading_rest(reading);
    return error;
}

/* A file that went, or a connection that was lost. */
static bool worth_another(enum error error)
{
    return error == error_not_found || error == error_unreachable || error == error_closed;
}

/* Of who has no log of its own, which one it is may have changed meanwhile. */
static enum error ask_again(struct reading *reading, struct ask *ask)
{
    if (reading->config.partitions == 0) {
        free(ask->wanted);
        ask->wanted = NULL;
    }
    return ask_try(reading, ask);
}

void reading_ask(struct reading *reading, struct ask *ask)
{
    enum error error = ask_try(reading, ask);
    for (int changes = 0; error == error_not_found && changes < CHANGES_MAX; changes++)
        error = ask_again(reading, ask); /* the builds have changed */
    if (worth_another(error)) {
        reader_close(reading);
        error = ask_again(reading, ask);
    }
    if (error == error_none)
        reading->failing = false;
    else
        fail(reading, ask, error);
}

/* ---- how far builds are ---- */

static bool is_live(const struct builds *builds, uint32_t build)
{
    for (uint32_t i = 0; i < builds->count; i++)
        if (builds->builds[i].id == build)
            return builds->builds[i].state == BUILD_LIVE;
    return false;
}

static enum error look_try(struct reading *reading, uint32_t build, bool *live, const struct row_progress **progress)
{
    const struct builds *builds;
    const struct row_want want = {.build = build, .progress = &reading->progress};
    enum error error = row_reader_builds(reading->reader, &builds, &reading->fault);
    if (error == error_none)
        error = log_take(reading, builds);
    if (error != error_none)
        return error;
    *live = is_live(builds, build);
    *progress = NULL;
    if (!*live || builds->incarnation != reading->incarnation)
        return error_none;
    *progress = &reading->progress;
    return row_reader_read(reading->reader, &want, &reading->page, &reading->fault);
}

enum error reading_look(struct reading *reading, uint32_t build, bool *live, const struct row_progress **progress)
{
    enum error error = moment_begin(reading);
    if (error == error_none)
        error = look_try(reading, build, live, progress);
    reading_rest(reading);
    if (error != error_none && error != error_not_found) /* builds may have changed just now */
        reader_close(reading);
    return error;
}
