/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See watch.h. */
#include "services/query/watch.h"

#include "proto/json.h"
#include "services/common/log.h"
#include "services/common/process.h"
#include "services/follow/groups.h"
#include "services/query/stalls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { EVERY_US = 1000000, PAGE_ROWS = 100 };

struct watch {
    struct watch_config config;
    pthread_t thread;
    bool started;
    atomic_bool stop;    /* looked at once a turn; nothing else depends on it */
    struct inbox *inbox; /* to wake it when it shall stop */
    struct store *store;
    struct row_reader *reader;
    struct store_info log;
    struct group_watch *groups;
    struct stalls *stalls;
    struct store_partition *heads;
    struct checkpoint *checkpoints;
    struct buffer faults; /* of the checkpoints */
    struct row_page page;
    pthread_mutex_t mutex;
    struct buffer alarms; /* with the mutex, as the two below */
    uint32_t alarm_count;
    struct watch_counts counts;
};

static enum error source_read(void *context,
                              uint32_t partition,
                              uint64_t after,
                              uint32_t limit,
                              store_visit visit,
                              void *visit_context,
                              struct store_fault *fault)
{
    struct watch *watch = context;
    return store_read_log(watch->store, partition, after, limit, visit, visit_context, fault);
}

static const struct follow_source source = {.read = source_read};

static enum error memory_make(struct watch *watch)
{
    store_info(watch->store, &watch->log);
    watch->groups = group_watch_new(&watch->log, &source, watch);
    watch->stalls = stalls_new(watch->log.partitions, watch->config.stall_ms);
    watch->heads = calloc(watch->log.partitions, sizeof watch->heads[0]);
    watch->checkpoints = calloc(watch->log.partitions, sizeof watch->checkpoints[0]);
    bool whole = watch->groups != NULL && watch->stalls != NULL && watch->heads != NULL && watch->checkpoints != NULL;
    return whole ? error_none : error_no_memory;
}

static void memory_free(struct watch *watch)
{
    group_watch_free(&watch->groups);
    stalls_free(&watch->stalls);
    free(watch->heads);
    free(watch->checkpoints);
    watch->heads = NULL;
    watch->checkpoints = NULL;
}

static enum error connect(struct watch *watch)
{
    struct store_fault fault;
    enum error error = error_none;
    if (watch->store == NULL) {
        struct store_config config = {.url = watch->config.store, .holder = watch->config.holder};
        error = store_open(&watch->store, &config, &fault);
    }
    if (error == error_none && watch->reader == NULL) {
        struct row_reader_config config = {.url = watch->config.readmodel, .holder = watch->config.holder};
        error = row_reader_open(&watch->reader, &config, &fault);
    }
    if (error == error_none && watch->groups == NULL) {
        error = memory_make(watch);
        if (error != error_none)
            memory_free(watch);
    }
    return error;
}

/* ---- consumer groups ---- */

/* The live table of groups; NULL: there is none yet. */
static const struct model *groups_find(struct watch *watch, uint32_t *build, uint32_t *number)
{
    const struct builds *builds;
    struct store_fault fault;
    if (row_reader_builds(watch->reader, &builds, &fault) != error_none)
        return NULL;
    for (uint32_t i = 0; i < builds->count; i++) {
        const struct build *one = &builds->builds[i];
        if (one->state != BUILD_LIVE || !slice_is(one->projection, PLATFORM_NAMESPACE))
            continue;
        *build = one->id;
        for (*number = 0; *number < one->model_count; ++*number)
            if (slice_is(one->models[*number].name, "group"))
                return &one->models[*number];
    }
    return NULL;
}

/* A page behind the one that was read last, or the first. Names are unique within a realm, and this is of all. */
static void question_write(struct buffer *out, struct slice cursor)
{
    struct buffer sort = {0};
    write_array(&sort, 1);
    write_string(&sort, "_realm.asc");
    struct query_data data = {
        .limit = PAGE_ROWS, .total = QUERY_TOTAL_NONE, .sort = buffer_slice(&sort), .cursor = cursor};
    buffer_clear(out);
    query_encode(out, &data);
    out->failed |= sort.failed;
    buffer_fini(&sort);
}

static enum error
page_read(struct watch *watch, const struct model *model, uint32_t build, uint32_t number, struct slice question)
{
    struct data_faults faults = {0};
    struct store_fault fault;
    struct query query = {0};
    const struct row_want want = {.build = build, .number = number, .query = &query};
    enum error error = query_parse(question, model, (struct slice){0}, NULL, &query, &faults);
    query.every_realm = true;
    query.bytes = SIZE_MAX;
    if (error == error_none)
        error = row_reader_read(watch->reader, &want, &watch->page, &fault);
    query_fini(&query);
    return error;
}

static enum error page_look(struct watch *watch)
{
    struct buffer rows = {0};
    uint32_t count;
    enum error error = json_to_msgpack(buffer_slice(&watch->page.rows), &rows, NULL);
    struct reader reader = reader_of(buffer_slice(&rows));
    if (error == error_none)
        error = reader_array(&reader, &count);
    if (error == error_none)
        group_watch_look(watch->groups,
                         slice_of(reader.at, (size_t)(reader.end - reader.at)),
                         count,
                         clock_wall_us(),
                         clock_monotonic_us());
    buffer_fini(&rows);
    return error;
}

static enum error groups_look(struct watch *watch)
{
    struct buffer question = {0};
    uint32_t build, number;
    const struct model *model = groups_find(watch, &build, &number);
    enum error error = model == NULL ? error_not_found : error_none;
    bool more = true;
    buffer_clear(&watch->page.next);
    group_watch_begin(watch->groups);
    while (more && error == error_none) {
        question_write(&question, buffer_slice(&watch->page.next));
        error = question.failed ? error_no_memory : page_read(watch, model, build, number, buffer_slice(&question));
        if (error == error_none)
            error = page_look(watch);
        more = watch->page.next.size > 0;
    }
    if (error == error_none)
        group_watch_end(watch->groups);
    buffer_fini(&question);
    return error == error_not_found ? error_none : error;
}

/* ---- read models ---- */

static enum error build_look(struct watch *watch, const struct build *build, struct store_fault *fault)
{
    if (build->state == BUILD_RETIRED || build->incarnation != watch->log.incarnation)
        return error_none;
    enum error error = row_reader_checkpoints(
        watch->reader, build->id, watch->checkpoints, watch->log.partitions, &watch->faults, fault);
    if (error == error_none)
        stalls_look(watch->stalls, build, watch->checkpoints, watch->heads);
    return error;
}

static void stalls_tell(const struct stalls *stalls)
{
    if (stalls->alone_changed && stalls->alone)
        LOG(warning, "no projector holds the read models");
    else if (stalls->alone_changed)
        LOG(info, "a projector holds the read models again");
    for (uint32_t i = 0; i < stalls->count; i++) {
        const struct stall_build *build = &stalls->builds[i];
        if (build->changed && build->still)
            LOG(warning,
                "read model stands still",
                LOG_TEXT("projection", build->projection),
                LOG_INTEGER("build", build->id),
                LOG_INTEGER("partitions", build->stalled));
        else if (build->changed)
            LOG(info,
                "read model moves again",
                LOG_TEXT("projection", build->projection),
                LOG_INTEGER("build", build->id));
    }
}

static enum error projections_look(struct watch *watch)
{
    const struct builds *builds;
    struct store_fault fault;
    bool held = false;
    enum error error = store_read_heads(watch->store, watch->heads, &fault);
    if (error == error_none)
        error = row_reader_builds(watch->reader, &builds, &fault);
    stalls_begin(watch->stalls, clock_monotonic_us());
    for (uint32_t i = 0; error == error_none && i < builds->count; i++)
        error = build_look(watch, &builds->builds[i], &fault);
    if (error == error_none)
        error = row_reader_has_writer(watch->reader, &held, &fault);
    if (error != error_none)
        return error;
    stalls_end(watch->stalls, held);
    stalls_tell(watch->stalls);
    return error_none;
}

/* ---- the thread ---- */

static void alarms_keep(struct watch *watch)
{
    struct buffer alarms = {0};
    struct watch_counts counts = {.groups = group_watch_count(watch->groups),
                                  .groups_stalled = group_watch_alarms(watch->groups, &alarms),
                                  .projections_stalled = stalls_count(watch->stalls)};
    uint32_t count = counts.groups_stalled + stalls_alarms(watch->stalls, &alarms);
    pthread_mutex_lock(&watch->mutex);
    struct buffer old = watch->alarms;
    watch->alarms = alarms;
    watch->alarm_count = alarms.failed ? 0 : count;
    watch->counts = counts;
    pthread_mutex_unlock(&watch->mutex);
    buffer_fini(&old);
}

static void look(struct watch *watch)
{
    if (connect(watch) != error_none)
        return;
    enum error error = groups_look(watch), other = projections_look(watch);
    if (error != error_none || other != error_none)
        row_reader_close(&watch->reader); /* a new connection next time */
    alarms_keep(watch);
}

static void *thread_main(void *context)
{
    struct watch *watch = context;
    while (!atomic_load_explicit(&watch->stop, memory_order_relaxed)) {
        look(watch);
        inbox_take(watch->inbox, EVERY_US);
    }
    return NULL;
}

enum error watch_start(struct watch **out, const struct watch_config *config)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return error_no_memory;
    watch->config = *config;
    pthread_mutex_init(&watch->mutex, NULL);
    watch->inbox = inbox_new();
    watch->started = watch->inbox != NULL && pthread_create(&watch->thread, NULL, thread_main, watch) == 0;
    if (!watch->started) {
        watch_stop(&watch);
        return error_no_memory;
    }
    *out = watch;
    return error_none;
}

void watch_stop(struct watch **watch)
{
    if (*watch == NULL)
        return;
    if ((*watch)->started) {
        atomic_store_explicit(&(*watch)->stop, true, memory_order_relaxed);
        inbox_wake((*watch)->inbox);
        pthread_join((*watch)->thread, NULL);
    }
    inbox_free(&(*watch)->inbox);
    memory_free(*watch);
    row_reader_close(&(*watch)->reader);
    row_page_fini(&(*watch)->page);
    store_close(&(*watch)->store);
    buffer_fini(&(*watch)->faults);
    buffer_fini(&(*watch)->alarms);
    pthread_mutex_destroy(&(*watch)->mutex);
    free(*watch);
    *watch = NULL;
}

uint32_t watch_alarms(struct watch *watch, struct buffer *out)
{
    pthread_mutex_lock(&watch->mutex);
    uint32_t count = watch->alarm_count;
    if (count > 0)
        buffer_append(out, watch->alarms.data, watch->alarms.size);
    pthread_mutex_unlock(&watch->mutex);
    return count;
}

void watch_counts(struct watch *watch, struct watch_counts *out)
{
    pthread_mutex_lock(&watch->mutex);
    *out = watch->counts;
    pthread_mutex_unlock(&watch->mutex);
}
