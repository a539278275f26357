/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See watch.h. */
#include "services/query/watch.h"

#include "proto/json.h"
#include "services/common/process.h"
#include "services/follow/groups.h"

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
    struct group_watch *groups;
    struct row_page page;
    pthread_mutex_t mutex;
    struct buffer alarms; /* with the mutex, as the two below */
    uint32_t alarm_count, group_count;
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

static enum error connect(struct watch *watch)
{
    struct store_fault fault;
    struct store_info log;
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
        store_info(watch->store, &log);
        watch->groups = group_watch_new(&log, &source, watch);
        error = watch->groups == NULL ? error_no_memory : error_none;
    }
    return error;
}

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
    struct query_data data = {.limit = PAGE_ROWS, .no_total = true, .sort = buffer_slice(&sort), .cursor = cursor};
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
    enum error error = query_parse(question, model, (struct slice){0}, NULL, &query, &faults);
    query.every_realm = true;
    query.bytes = SIZE_MAX;
    if (error == error_none)
        error = row_reader_select(watch->reader, build, number, &query, &watch->page, &fault);
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
    return error;
}

static void alarms_keep(struct watch *watch)
{
    struct buffer alarms = {0};
    uint32_t count = group_watch_alarms(watch->groups, &alarms);
    pthread_mutex_lock(&watch->mutex);
    struct buffer old = watch->alarms;
    watch->alarms = alarms;
    watch->alarm_count = alarms.failed ? 0 : count;
    watch->group_count = group_watch_count(watch->groups);
    pthread_mutex_unlock(&watch->mutex);
    buffer_fini(&old);
}

static void look(struct watch *watch)
{
    if (connect(watch) != error_none)
        return;
    enum error error = groups_look(watch);
    if (error != error_none && error != error_not_found)
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
    group_watch_free(&(*watch)->groups);
    row_reader_close(&(*watch)->reader);
    row_page_fini(&(*watch)->page);
    store_close(&(*watch)->store);
    buffer_fini(&(*watch)->alarms);
    pthread_mutex_destroy(&(*watch)->mutex);
    free(*watch);
    *watch = NULL;
}

uint32_t watch_alarms(struct watch *watch, struct buffer *out, uint32_t *groups)
{
    pthread_mutex_lock(&watch->mutex);
    uint32_t count = watch->alarm_count;
    buffer_append(out, watch->alarms.data, watch->alarms.size);
    *groups = watch->group_count;
    pthread_mutex_unlock(&watch->mutex);
    return count;
}
