/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See history.h. */
#include "services/query/history.h"

#include <pthread.h>
#include <stdlib.h>

struct history {
    struct history_config config;
    struct store *store;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct query_job *first, **last; /* with the mutex, as all that follows */
    bool stopping;
};

static void job_put(struct history *history, struct query_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&history->mutex);
    *history->last = job;
    history->last = &job->next;
    pthread_mutex_unlock(&history->mutex);
}

static struct query_job *job_take(struct history *history)
{
    pthread_mutex_lock(&history->mutex);
    while (history->first == NULL && !history->stopping)
        pthread_cond_wait(&history->wake, &history->mutex);
    struct query_job *job = history->stopping ? NULL : history->first;
    if (job != NULL) {
        history->first = job->next;
        if (history->first == NULL)
            history->last = &history->first;
    }
    pthread_mutex_unlock(&history->mutex);
    return job;
}

/* True when the job is answered. */
static bool job_step(struct history *history, struct query_job *job)
{
    if (clock_monotonic_us() >= job->deadline_us) {
        job_fail(job, status_deadline, "deadline", "the request's time is up", 0);
        return true;
    }
    if (job->past == NULL)
        job->past = past_new(&history->config.past, &job->request, job->realm);
    if (job->past == NULL) {
        job_fail(job, status_busy, error_name(error_no_memory), error_text(error_no_memory), 0);
        return true;
    }
    if (!past_step(job->past, history->store))
        return false;
    job->outcome = JOB_ANSWERED;
    job->reply = *past_reply(job->past);
    return true;
}

static void *thread_main(void *context)
{
    struct history *history = context;
    struct query_job *job;
    pthread_setname_np(pthread_self(), "history");
    while ((job = job_take(history)) != NULL) {
        if (!job_step(history, job)) {
            job_put(history, job);
            continue;
        }
        job->node.kind = READERS_MAIL;
        inbox_push(history->config.inbox, &job->node);
    }
    return NULL;
}

enum error history_start(struct history **out, const struct history_config *config, struct store_fault *fault)
{
    struct store_config opening = {.url = config->store, .holder = config->holder};
    struct history *history = calloc(1, sizeof *history);
    if (history == NULL)
        return error_no_memory;
    history->config = *config;
    history->last = &history->first;
    pthread_mutex_init(&history->mutex, NULL);
    pthread_cond_init(&history->wake, NULL);
    enum error error = store_open(&history->store, &opening, fault);
    if (error == error_none && pthread_create(&history->thread, NULL, thread_main, history) != 0)
        error = error_no_memory;
    history->started = error == error_none;
    if (error == error_none)
        *out = history;
    else
        history_stop(&history);
    return error;
}

void history_stop(struct history **history)
{
    struct history *old = *history;
    if (old == NULL)
        return;
    pthread_mutex_lock(&old->mutex);
    old->stopping = true;
    pthread_cond_signal(&old->wake);
    pthread_mutex_unlock(&old->mutex);
    if (old->started)
        pthread_join(old->thread, NULL);
    while (old->first != NULL) {
        struct query_job *job = old->first;
        old->first = job->next;
        job_free(&job);
    }
    store_close(&old->store);
    pthread_cond_destroy(&old->wake);
    pthread_mutex_destroy(&old->mutex);
    free(old);
    *history = NULL;
}

void history_run(struct history *history, struct query_job *job)
{
    job_put(history, job);
    pthread_cond_signal(&history->wake);
}
