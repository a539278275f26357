/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See readers.h. */
#include "services/query/readers.h"

#include "services/common/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct reader_thread {
    struct readers *readers;
    pthread_t thread;
    bool started;
    struct reading *reading;
};

struct readers {
    struct readers_config config;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct job_queue queue; /* with the mutex, as all that follows */
    uint32_t idle;          /* readers that wait */
    bool stopping, failing;
    char fault[256];
    struct reader_thread threads[];
};

static struct query_job *job_take(struct readers *readers)
{
    pthread_mutex_lock(&readers->mutex);
    while (readers->queue.first == NULL && !readers->stopping) {
        readers->idle++;
        pthread_cond_wait(&readers->wake, &readers->mutex);
        readers->idle--;
    }
    struct query_job *job = readers->stopping ? NULL : job_queue_take(&readers->queue);
    pthread_mutex_unlock(&readers->mutex);
    return job;
}

static void fault_note(struct readers *readers, const struct reading *reading)
{
    pthread_mutex_lock(&readers->mutex);
    const char *fault = reading_fault(reading);
    bool changed = readers->failing != (fault != NULL);
    readers->failing = fault != NULL;
    if (fault != NULL)
        snprintf(readers->fault, sizeof readers->fault, "%s", fault);
    pthread_mutex_unlock(&readers->mutex);
    if (changed && fault != NULL)
        LOG(warning, "read models cannot be read", LOG_TEXT("fault", fault));
    else if (changed)
        LOG(info, "read models can be read again");
}

static void *thread_main(void *context)
{
    struct reader_thread *thread = context;
    struct query_job *job;
    while ((job = job_take(thread->readers)) != NULL) {
        if (!job_expire(job, clock_monotonic_us())) {
            job_read(thread->reading, job, thread->readers->config.partitions);
            fault_note(thread->readers, thread->reading);
        }
        job->node.kind = READERS_MAIL;
        inbox_push(thread->readers->config.inbox, &job->node);
    }
    return NULL;
}

static enum error thread_start(struct readers *readers, uint32_t number)
{
    struct reader_thread *thread = &readers->threads[number];
    thread->readers = readers;
    const struct readers_config *config = &readers->config;
    enum error error = reading_new(&thread->reading,
                                   &(struct reading_config){.url = config->url,
                                                            .holder = config->holder,
                                                            .statement_ms = config->statement_ms,
                                                            .incarnation = config->incarnation,
                                                            .partitions = config->partitions});
    if (error == error_none && pthread_create(&thread->thread, NULL, thread_main, thread) != 0)
        error = error_no_memory;
    thread->started = error == error_none;
    return error;
}

enum error readers_start(struct readers **out, const struct readers_config *config)
{
    struct readers *readers = calloc(1, sizeof *readers + config->count * sizeof readers->threads[0]);
    if (readers == NULL)
        return error_no_memory;
    readers->config = *config;
    pthread_mutex_init(&readers->mutex, NULL);
    pthread_cond_init(&readers->wake, NULL);
    enum error error = error_none;
    for (uint32_t i = 0; i < config->count && error == error_none; i++)
        error = thread_start(readers, i);
    if (error == error_none)
        *out = readers;
    else
        readers_stop(&readers);
    return error;
}

void readers_stop(struct readers **readers)
{
    struct readers *old = *readers;
    if (old == NULL)
        return;
    pthread_mutex_lock(&old->mutex);
    old->stopping = true;
    pthread_cond_broadcast(&old->wake);
    pthread_mutex_unlock(&old->mutex);
    for (uint32_t i = 0; i < old->config.count; i++) {
        if (old->threads[i].started)
            pthread_join(old->threads[i].thread, NULL);
        reading_free(&old->threads[i].reading);
    }
    struct query_job *job;
    while ((job = job_queue_take(&old->queue)) != NULL)
        job_free(&job);
    pthread_cond_destroy(&old->wake);
    pthread_mutex_destroy(&old->mutex);
    free(old);
    *readers = NULL;
}

void readers_run(struct readers *readers, struct job_queue *jobs, bool first)
{
    uint32_t wakes = 0;
    if (jobs->first == NULL)
        return;
    pthread_mutex_lock(&readers->mutex);
    for (struct query_job *job = jobs->first; job != NULL; job = job->next)
        wakes += wakes < readers->idle;
    job_queue_join(&readers->queue, jobs, first);
    pthread_mutex_unlock(&readers->mutex);
    while (wakes-- > 0) /* not with the mutex: who wakes wants it */
        pthread_cond_signal(&readers->wake);
}

bool readers_fault(struct readers *readers, char *out, size_t size)
{
    pthread_mutex_lock(&readers->mutex);
    bool failing = readers->failing;
    if (failing)
        snprintf(out, size, "%s", readers->fault);
    pthread_mutex_unlock(&readers->mutex);
    return failing;
}
