/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See unit_thread.h: the reader. */
#include "services/shard/unit_thread.h"

#include <pthread.h>
#include <stdlib.h>

struct read_thread {
    struct store *store;
    struct inbox *inbox;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop;
    struct fetch *first, **last;
};

static struct fetch *queue_take(struct read_thread *thread)
{
    struct fetch *fetch = thread->first;
    if (fetch == NULL)
        return NULL;
    thread->first = fetch->next;
    if (thread->first == NULL)
        thread->last = &thread->first;
    return fetch;
}

static struct fetch *fetch_take(struct read_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    while (!thread->stop && thread->first == NULL)
        pthread_cond_wait(&thread->wake, &thread->mutex);
    struct fetch *fetch = thread->stop ? NULL : queue_take(thread);
    pthread_mutex_unlock(&thread->mutex);
    return fetch;
}

static void *reader_main(void *argument)
{
    struct read_thread *thread = argument;
    struct fetch *fetch;
    pthread_setname_np(pthread_self(), "reader");
    while ((fetch = fetch_take(thread)) != NULL) {
        fetch_run(fetch, thread->store);
        mail_send(thread->inbox, MAIL_FETCHED, &(struct mail){.fetch = fetch});
    }
    return NULL;
}

enum error read_thread_start(struct read_thread **out, struct store *store, struct inbox *inbox)
{
    struct read_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return error_no_memory;
    thread->store = store;
    thread->inbox = inbox;
    thread->last = &thread->first;
    pthread_mutex_init(&thread->mutex, NULL);
    pthread_cond_init(&thread->wake, NULL);
    if (pthread_create(&thread->thread, NULL, reader_main, thread) != 0) {
        free(thread);
        return error_no_memory;
    }
    *out = thread;
    return error_none;
}

void read_thread_fetch(struct read_thread *thread, struct fetch *fetch)
{
    pthread_mutex_lock(&thread->mutex);
    fetch->next = NULL;
    *thread->last = fetch;
    thread->last = &fetch->next;
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->mutex);
}

void read_thread_stop(struct read_thread **thread)
{
    if (*thread == NULL)
        return;
    pthread_mutex_lock(&(*thread)->mutex);
    (*thread)->stop = true;
    pthread_cond_signal(&(*thread)->wake);
    pthread_mutex_unlock(&(*thread)->mutex);
    pthread_join((*thread)->thread, NULL);
    for (struct fetch *fetch = queue_take(*thread); fetch != NULL; fetch = queue_take(*thread))
        fetch_free(&fetch);
    pthread_mutex_destroy(&(*thread)->mutex);
    pthread_cond_destroy(&(*thread)->wake);
    free(*thread);
    *thread = NULL;
}
