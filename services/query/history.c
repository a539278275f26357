/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See history.h. */
#include "services/query/history.h"

#include <pthread.h>
#include <stdlib.h>

#include "services/query/turns.h"

/* What the threads keep in memory to find where streams end, all together. */
enum { HISTORY_LOOK_BYTES = 64 << 20 };

struct history_thread {
    struct history *history;
    struct past_config past;
    struct store *store;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct turns turns; /* with the mutex, as what follows */
    bool stopping;
};

struct history {
    struct history_config config;
    pthread_rwlock_t folding; /* held by each step; alone by that of a suspect, past_suspected */
    struct history_thread threads[];
};

static struct query_job *job_take(struct history_thread *thread)
{
    struct query_job *job = NULL;
    pthread_mutex_lock(&thread->mutex);
    while (!thread->stopping && (job = turns_take(&thread->turns)) == NULL)
        pthread_cond_wait(&thread->wake, &thread->mutex);
    pthread_mutex_unlock(&thread->mutex);
    return job;
}

static void job_back(struct history_thread *thread, struct query_job *job)
{
    pthread_mutex_lock(&thread->mutex);
    turns_back(&thread->turns, job);
    pthread_mutex_unlock(&thread->mutex);
}

static bool past_turn(struct history_thread *thread, struct past *past)
{
    pthread_rwlock_t *folding = &thread->history->folding;
    if (past_suspected(past))
        pthread_rwlock_wrlock(folding);
    else
        pthread_rwlock_rdlock(folding);
    bool answered = past_step(past, thread->store);
    pthread_rwlock_unlock(folding);
    return answered;
}

/* True when the job is answered. */
static bool job_step(struct history_thread *thread, struct query_job *job)
{
    if (clock_monotonic_us() >= job->deadline_us) {
        job_fail(job, status_deadline, "deadline", "the request's time is up", 0);
        return true;
    }
    if (job->past == NULL)
        job->past = past_new(&thread->past, &job->request, job->realm);
    if (job->past == NULL) {
        job_fail(job, status_busy, error_name(error_no_memory), error_text(error_no_memory), 0);
        return true;
    }
    if (!past_turn(thread, job->past))
        return false;
    job->outcome = JOB_ANSWERED;
    job->reply = *past_reply(job->past);
    return true;
}

static void *thread_main(void *context)
{
    struct history_thread *thread = context;
    struct query_job *job;
    pthread_setname_np(pthread_self(), "history");
    while ((job = job_take(thread)) != NULL) {
        if (!job_step(thread, job)) {
            job_back(thread, job);
            continue;
        }
        job->node.kind = READERS_MAIL;
        inbox_push(thread->history->config.inbox, &job->node);
    }
    return NULL;
}

static enum error thread_start(struct history *history, uint32_t number, struct store_fault *fault)
{
    struct history_thread *thread = &history->threads[number];
    struct store_config opening = {.url = history->config.store,
                                   .holder = history->config.holder,
                                   .look_bytes = HISTORY_LOOK_BYTES / history->config.count};
    thread->history = history;
    thread->past = history->config.past[number];
    enum error error = store_open(&thread->store, &opening, fault);
    if (error == error_none && pthread_create(&thread->thread, NULL, thread_main, thread) != 0)
        error = error_no_memory;
    thread->started = error == error_none;
    return error;
}

/* A suspect's step waits for the others' and they for it: without that, readers could keep it waiting for ever. */
static void folding_init(pthread_rwlock_t *folding)
{
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(folding, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

enum error history_start(struct history **out, const struct history_config *config, struct store_fault *fault)
{
    struct history *history = calloc(1, sizeof *history + config->count * sizeof history->threads[0]);
    if (history == NULL)
        return error_no_memory;
    history->config = *config;
    folding_init(&history->folding);
    for (uint32_t i = 0; i < config->count; i++) {
        pthread_mutex_init(&history->threads[i].mutex, NULL);
        pthread_cond_init(&history->threads[i].wake, NULL);
    }
    enum error error = error_none;
    for (uint32_t i = 0; i < config->count && error == error_none; i++)
        error = thread_start(history, i, fault);
    if (error == error_none)
        *out = history;
    else
        history_stop(&history);
    return error;
}

static void thread_stop(struct history_thread *thread)
{
    if (thread->started)
        pthread_join(thread->thread, NULL);
    turns_fini(&thread->turns);
    store_close(&thread->store);
    pthread_cond_destroy(&thread->wake);
    pthread_mutex_destroy(&thread->mutex);
}

void history_stop(struct history **history)
{
    struct history *old = *history;
    if (old == NULL)
        return;
    for (uint32_t i = 0; i < old->config.count; i++) {
        pthread_mutex_lock(&old->threads[i].mutex);
        old->threads[i].stopping = true;
        pthread_cond_signal(&old->threads[i].wake);
        pthread_mutex_unlock(&old->threads[i].mutex);
    }
    for (uint32_t i = 0; i < old->config.count; i++)
        thread_stop(&old->threads[i]);
    pthread_rwlock_destroy(&old->folding);
    free(old);
    *history = NULL;
}

/* Whose partition it is. A partition that does not exist is anybody's. */
static struct history_thread *thread_of(struct history *history, const struct query_job *job)
{
    const struct request *request = &job->request;
    const struct stream stream = {.realm = job->realm,
                                  .namespace = request->namespace,
                                  .resource = request->resource,
                                  .identifier = request->identifier};
    uint64_t partition = request->operation == operation_log
                             ? (uint64_t)request->partition
                             : stream_partition(stream_hash(&stream), history->config.log.partitions);
    return &history->threads[partition % history->config.count];
}

void history_run(struct history *history, struct query_job *job)
{
    struct history_thread *thread = thread_of(history, job);
    pthread_mutex_lock(&thread->mutex);
    turns_add(&thread->turns, job);
    pthread_mutex_unlock(&thread->mutex);
    pthread_cond_signal(&thread->wake);
}
