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

enum { BUSY_RETRY_MS = 500, BUILDING_RETRY_MS = 1000 };

static const char *const other_keys[] = {"at_least", "id", NULL};

struct reading {
    struct reading_config config;
    struct row_reader *reader;
    uint64_t incarnation; /* of the log; 0: not known yet, as partitions */
    uint32_t partitions;
    struct checkpoint *checkpoints; /* of a build at a moment of the reader; moment 0: of none */
    uint32_t build;
    uint64_t moment;
    uint64_t *seqs;         /* of the checkpoints */
    struct buffer position; /* the same as a token; empty: not written yet */
    struct buffer faults;   /* of the checkpoints */
    struct row_page page;
    struct store_fault fault; /* of the last failure */
    bool failing;
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
    struct checkpoint *checkpoints = calloc(partitions + 1, sizeof *checkpoints);
    uint64_t *seqs = calloc(partitions + 1, sizeof *seqs);
    if (checkpoints == NULL || seqs == NULL) {
        free(checkpoints);
        free(seqs);
        return error_no_memory;
    }
    free(reading->checkpoints);
    free(reading->seqs);
    reading->checkpoints = checkpoints;
    reading->seqs = seqs;
    reading->partitions = partitions;
    reading->moment = 0;
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

void reading_free(struct reading **reading)
{
    struct reading *old = *reading;
    *reading = NULL;
    if (old == NULL)
        return;
    row_reader_close(&old->reader);
    row_page_fini(&old->page);
    buffer_fini(&old->faults);
    buffer_fini(&old->position);
    free(old->checkpoints);
    free(old->seqs);
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
    row_reader_close(&reading->reader);
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
    reading->moment = 0; /* another reader counts anew */
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

/* From here to row_reader_end all is of one moment, where the database can do so. */
static enum error moment_begin(struct reading *reading, const struct builds **out)
{
    enum error error = reader_ensure(reading);
    if (error == error_none)
        error = row_reader_begin(reading->reader, &reading->fault);
    if (error == error_none)
        error = row_reader_builds(reading->reader, out, &reading->fault);
    return error == error_none ? log_take(reading, *out) : error;
}

/* Only when they can have moved since the builds were read last. */
static enum error checkpoints_read(struct reading *reading, uint32_t build)
{
    uint32_t partitions = reading->partitions;
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

static void refuse_data(struct ask *ask, const struct data_faults *faults)
{
    faults_write(faults, &ask->faults);
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
        if (reading->seqs[i] >= ask->wanted[i])
            continue;
        behind = true;
        if (!reading->checkpoints[i].halted || !same_log)
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

/* What the checkpoints cover; empty when it is more than a token may have. */
static struct slice position_token(struct reading *reading, uint64_t incarnation)
{
    struct buffer *position = &reading->position;
    if (position->size == 0)
        position_write(incarnation, reading->seqs, reading->partitions, position);
    if (position->failed || position->size > limit_position_bytes)
        buffer_clear(position);
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

static enum error rows_read(struct reading *reading,
                            struct ask *ask,
                            const struct build *build,
                            uint32_t number,
                            const struct query *query,
                            uint64_t incarnation)
{
    struct row_page *page = &reading->page;
    struct row_reader *reader = reading->reader;
    enum error error;
    if (ask->identifier.size > 0)
        error = row_reader_item(reader, build->id, number, query, ask->identifier, page, &reading->fault);
    else
        error = row_reader_select(reader, build->id, number, query, page, &reading->fault);
    if (error == error_too_long) {
        refuse_field(ask,
                     "/page",
                     "page_too_large",
                     "its rows are too large for one answer; ask for fewer a page, or by cursors, not numbers");
        return error_none;
    }
    if (error == error_none)
        rows_give(reading, ask, query, incarnation);
    return error;
}

/* The part for which the builds must not change: what points into them is gone afterwards. */
static enum error query_run(
    struct reading *reading, struct ask *ask, const struct builds *builds, const struct build *build, uint32_t number)
{
    struct data_faults faults = {0};
    struct query query = {0};
    if (!wanted_read(reading, ask))
        return error_none;
    enum error error = query_parse(ask->request->data, &build->models[number], ask->realm, other_keys, &query, &faults);
    if (error == error_invalid_data) {
        refuse_data(ask, &faults);
        return error_none;
    }
    if (error == error_none && reading->config.bytes_max > 0)
        query.bytes = reading->config.bytes_max;
    if (error == error_none)
        error = checkpoints_read(reading, build->id);
    if (error == error_none && covered(reading, ask, builds, build->id))
        error = rows_read(reading, ask, build, number, &query, builds->incarnation);
    query_fini(&query);
    return error;
}

static enum error ask_try(struct reading *reading, struct ask *ask)
{
    const struct builds *builds;
    const struct build *build;
    uint32_t number;
    enum error error = moment_begin(reading, &builds);
    if (error == error_none && table_find(builds, ask->request, BUILD_LIVE, &build, &number))
        error = query_run(reading, ask, builds, build, number);
    else if (error == error_none)
        model_missing(builds, ask);
    row_reader_end(reading->reader);
    return error;
}

/* A build that went while it was read, or a connection that was lost: once more. */
static bool worth_another(enum error error)
{
    return error == error_not_found || error == error_unreachable || error == error_closed;
}

void reading_ask(struct reading *reading, struct ask *ask)
{
    enum error error = ask_try(reading, ask);
    if (worth_another(error)) {
        if (reading->config.partitions == 0) { /* a file that was made anew may be of another log */
            free(ask->wanted);
            ask->wanted = NULL;
        }
        row_reader_close(&reading->reader);
        error = ask_try(reading, ask);
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

enum error reading_look(struct reading *reading, uint32_t build, bool *live, const struct checkpoint **checkpoints)
{
    const struct builds *builds;
    enum error error = moment_begin(reading, &builds);
    if (error == error_none) {
        *live = is_live(builds, build);
        *checkpoints = NULL;
        if (*live && builds->incarnation == reading->incarnation) {
            error = checkpoints_read(reading, build);
            *checkpoints = reading->checkpoints;
        }
    }
    row_reader_end(reading->reader);
    if (error != error_none)
        row_reader_close(&reading->reader);
    return error;
}
