/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See unit_thread.h: the reader. What commands wait for goes first: pages and the past are asked for by the thousand,
 * and an aggregate that is to be loaded must not stand behind them. */
#include "services/shard/unit_thread.h"

#include <pthread.h>
#include <stdlib.h>

struct fetch_queue {
    struct fetch *first, **last;
};

struct read_thread {
    struct store *store;
    struct inbox *inbox;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop;
    struct fetch_queue urgent, pages;
};

static void queue_init(struct fetch_queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_put(struct fetch_queue *queue, struct fetch *fetch)
{
    fetch->next = NULL;
    *queue->last = fetch;
    queue->last = &fetch->next;
}

static struct fetch *queue_take(struct fetch_queue *queue)
{
    struct fetch *fetch = queue->first;
    if (fetch == NULL)
        return NULL;
    queue->first = fetch->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    return fetch;
}

static void queue_free(struct fetch_queue *queue)
{
    struct fetch *fetch;
    while ((fetch = queue_take(queue)) != NULL)
        fetch_free(&fetch);
}

static bool is_urgent(const struct fetch *fetch)
{
    return fetch->kind == FETCH_LOAD || fetch->kind == FETCH_RECEIPT || fetch->kind == FETCH_REPLY ||
           fetch->kind == FETCH_HEADS;
}

static struct fetch *fetch_take(struct read_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    while (!thread->stop && thread->urgent.first == NULL && thread->pages.first == NULL)
        pthread_cond_wait(&thread->wake, &thread->mutex);
    struct fetch *fetch = thread->stop ? NULL : queue_take(&thread->urgent);
    if (fetch == NULL && !thread->stop)
        fetch = queue_take(&thread->pages);
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
    queue_init(&thread->urgent);
    queue_init(&thread->pages);
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
    queue_put(is_urgent(fetch) ? &thread->urgent : &thread->pages, fetch);
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
    queue_free(&(*thread)->urgent);
    queue_free(&(*thread)->pages);
    pthread_mutex_destroy(&(*thread)->mutex);
    pthread_cond_destroy(&(*thread)->wake);
    free(*thread);
    *thread = NULL;
}
