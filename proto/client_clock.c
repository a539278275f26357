/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The client's own thread: ends requests whose deadline has passed, wakes those whose pause is over, sends what was
 * held back for a moment, and ends everything when the client closes. It sleeps until the earliest of these. */
#include <time.h>

#include "proto/client_core.h"
#include "proto/clock_step.h"

int64_t client_now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Ends or wakes one entry; returns when it has to be looked at again. */
static int64_t entry_sweep(struct client *client, struct entry *entry, int64_t now, uint32_t *count)
{
    if (client->closing) {
        entry_end_with(client, entry, status_unavailable, "closed", count);
    } else if (entry->state == ENTRY_BAD) {
        entry_end_with(client, entry, status_invalid, "too_long", count);
    } else if (entry->deadline_us <= now) {
        entry_end_with(client, entry, status_deadline, "deadline", count);
    } else if (entry->state == ENTRY_RESTING && entry->due_us > now) {
        return earlier(entry->due_us, entry->deadline_us);
    } else {
        if (entry->state == ENTRY_RESTING)
            entry_ready(client, entry);
        return entry->deadline_us;
    }
    return INT64_MAX;
}

static uint32_t entries_sweep(struct client *client, int64_t now)
{
    uint32_t count = 0;
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < client->used; i++) {
        if (client->entries[i].state == ENTRY_FREE)
            continue;
        if (count == ENDINGS_MAX) {
            next = now; /* the rest in the next round */
            break;
        }
        next = earlier(next, entry_sweep(client, &client->entries[i], now, &count));
    }
    client->sweep_at_us = next;
    return count;
}

/* Waits on `wake` until then. */
static void clock_wait(struct client *client, int64_t until_us)
{
    struct timespec time = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    if (until_us == INT64_MAX)
        pthread_cond_wait(&client->wake, &client->lock);
    else
        pthread_cond_timedwait(&client->wake, &client->lock, &time);
}

static bool links_all_there(const struct client *client)
{
    for (uint32_t i = 0; i < client->link_count; i++)
        if (!link_connected(client->links[i]))
            return false;
    return true;
}

/* With both locks held; gives both back and takes them again, as links call back. */
static void links_tend(struct client *client, bool set_back)
{
    pthread_mutex_unlock(&client->lock);
    pthread_mutex_unlock(&client->calling);
    for (uint32_t i = 0; i < client->link_count; i++)
        link_tend(client->links[i], set_back);
    pthread_mutex_lock(&client->calling);
    pthread_mutex_lock(&client->lock);
}

/* With both locks held; gives both back and takes them again. */
static void clock_sweep(struct client *client, int64_t now)
{
    uint32_t count = entries_sweep(client, now);
    client->gathering = true;
    client->gatherer = pthread_self();
    pthread_mutex_unlock(&client->lock);
    endings_run(client, count);
    pthread_mutex_unlock(&client->calling);
    pthread_mutex_lock(&client->calling);
    pthread_mutex_lock(&client->lock);
}

void *clock_run(void *context)
{
    struct client *client = context;
    int64_t swept = 0, tended = 0;
    struct clock_step clock = {0};
    pthread_mutex_lock(&client->calling);
    pthread_mutex_lock(&client->lock);
    while (!client->closing || client->unfinished > 0) {
        int64_t now = client_now_us();
        int64_t at = client->closing ? now : client->sweep_at_us;
        at = at == INT64_MAX || at > swept + SWEEP_MIN_US ? at : swept + SWEEP_MIN_US;
        if (at <= now) {
            swept = now;
            clock_sweep(client, now);
            continue;
        }
        bool set_back = clock_set_back(&clock);
        if (!client->closing && (set_back || (now >= tended + TEND_US && !links_all_there(client)))) {
            tended = now;
            links_tend(client, set_back);
            continue;
        }
        frames_flush(client);
        if (client->hold_until_us > now) /* else it goes with the next frame that comes back */
            at = earlier(at, client->hold_until_us);
        if (!client->closing && !links_all_there(client))
            at = earlier(at, tended + TEND_US);
        pthread_mutex_unlock(&client->calling);
        clock_wait(client, at);
        pthread_mutex_unlock(&client->lock);
        pthread_mutex_lock(&client->calling);
        pthread_mutex_lock(&client->lock);
    }
    pthread_mutex_unlock(&client->lock);
    pthread_mutex_unlock(&client->calling);
    return NULL;
}
