/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See pool_thread.h. */
#include "services/shard/pool_thread.h"

#include "services/common/log.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    MOVING_US = 50000,    /* between beats while units change hands: a part of the pause that clients see */
    FAILED_US = 250000,   /* after a beat that failed */
    LEAST_US = 10000,     /* between any two */
    SMOOTH_US = 10000000, /* loads are averages over about this long, so that a moment's crowd moves nothing */
    VIEWS_MAX = 8,        /* in the inbox; more are dropped, which costs at most the lease */
};

struct pool_thread {
    struct pool_thread_config config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    /* with the mutex */
    bool stop, leaving, moving, hurry;
    uint32_t views; /* in the inbox */
    uint64_t requests[POOL_UNITS_MAX];
    /* the thread's own */
    uint64_t counted[POOL_UNITS_MAX], counted_us;
    double loads[POOL_UNITS_MAX]; /* requests a second; of units of others, as they said last */
    uint64_t owned;               /* bit u: unit u was ours at the last beat */
    enum error error;             /* of the last beat */
    bool joined;
    uint64_t unreadable; /* units, as was logged last */
};

/* ---- loads ---- */

static void loads_count(struct pool_thread *thread, const uint64_t *requests, uint64_t now_us)
{
    uint64_t passed_us = now_us - thread->counted_us;
    if (thread->counted_us == 0 || passed_us >= 200000) {
        double weight = (double)passed_us / (double)(passed_us + SMOOTH_US);
        for (uint32_t i = 0; i < thread->config.units && thread->counted_us != 0; i++) {
            double rate = (double)(requests[i] - thread->counted[i]) * 1e6 / (double)passed_us;
            if (thread->owned >> i & 1)
                thread->loads[i] += (rate - thread->loads[i]) * weight;
        }
        memcpy(thread->counted, requests, sizeof thread->counted);
        thread->counted_us = now_us;
    }
}

/* A unit that has just come is as busy as its owner before said. */
static void loads_take_over(struct pool_thread *thread, const struct store_pool *pool)
{
    for (uint32_t i = 0; i < pool->unit_count && i < POOL_UNITS_MAX; i++) {
        bool ours = pool->units[i].member == (int32_t)pool->self;
        if (!ours && pool->units[i].member >= 0)
            thread->loads[i] = (double)pool->units[i].load;
        thread->owned = (thread->owned & ~(1ull << i)) | (uint64_t)ours << i;
    }
}

/* ---- a beat ---- */

static void post(struct pool_thread *thread, const struct mail *mail, struct store_pool **pool)
{
    pthread_mutex_lock(&thread->mutex);
    bool room = thread->views < VIEWS_MAX;
    thread->views += room;
    pthread_mutex_unlock(&thread->mutex);
    if (room)
        mail_send(thread->config.inbox, MAIL_POOL, mail);
    else
        store_pool_free(pool);
}

/* Once for each change. */
static void log_change(struct pool_thread *thread, enum error error, const struct store_pool *pool, const char *fault)
{
    if (error != error_none && error != thread->error)
        LOG(warning, "pool not reached", LOG_TEXT("fault", fault));
    if (error == error_none && !thread->joined)
        LOG(info, "joined the pool", LOG_INTEGER("members", pool->member_count));
    else if (error == error_none && thread->error != error_none)
        LOG(info, "pool reached again", LOG_INTEGER("members", pool->member_count));
    thread->error = error;
    thread->joined |= error == error_none;
}

static void log_unreadable(struct pool_thread *thread, const struct store_pool *pool)
{
    uint64_t units = pool->self < pool->member_count ? pool->members[pool->self].unreadable : 0;
    if (units != thread->unreadable)
        LOG(warning,
            "units cannot be read",
            LOG_INTEGER("units", __builtin_popcountll(units)),
            LOG_TEXT("fault", pool->unreadable));
    thread->unreadable = units;
}

static void beat_fill(struct pool_thread *thread, struct store_beat *beat, uint64_t *unit_loads)
{
    uint64_t requests[POOL_UNITS_MAX];
    pthread_mutex_lock(&thread->mutex);
    memcpy(requests, thread->requests, sizeof requests);
    beat->leaving = thread->leaving;
    thread->hurry = false;
    pthread_mutex_unlock(&thread->mutex);
    loads_count(thread, requests, clock_monotonic_us());
    beat->load = 0;
    beat->unit_loads = unit_loads;
    for (uint32_t i = 0; i < thread->config.units; i++) {
        unit_loads[i] = (uint64_t)thread->loads[i];
        beat->load += thread->owned >> i & 1 ? unit_loads[i] : 0;
    }
}

static void run_beat(struct pool_thread *thread)
{
    uint64_t unit_loads[POOL_UNITS_MAX];
    struct store_beat beat;
    struct store_fault fault = {0};
    struct store_pool *pool = NULL;
    beat_fill(thread, &beat, unit_loads);
    struct mail mail = {.asked_us = clock_monotonic_us()};
    mail.error = store_beat(thread->config.store, &beat, &pool, &fault);
    log_change(thread, mail.error, pool, fault.text);
    if (mail.error == error_none) {
        log_unreadable(thread, pool);
        loads_take_over(thread, pool);
        mail.pool = pool;
        mail.lease_until_us = store_lease_until(thread->config.store);
    }
    post(thread, &mail, &pool);
}

/* ---- the thread ---- */

static uint64_t interval_us(const struct pool_thread *thread)
{
    uint64_t regular_us = thread->config.lease_ms * 1000ull / 3;
    uint64_t wanted_us = thread->hurry                 ? LEAST_US
                         : thread->moving              ? MOVING_US
                         : thread->error != error_none ? FAILED_US
                                                       : regular_us;
    return wanted_us < regular_us ? wanted_us : regular_us;
}

static void wait_us(struct pool_thread *thread, uint64_t time_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t nanoseconds = (uint64_t)until.tv_nsec + time_us * 1000;
    until.tv_sec += (time_t)(nanoseconds / 1000000000u);
    until.tv_nsec = (long)(nanoseconds % 1000000000u);
    pthread_cond_timedwait(&thread->wake, &thread->mutex, &until);
}

/* False when it is to stop. */
static bool wait_for_turn(struct pool_thread *thread, uint64_t beaten_us)
{
    pthread_mutex_lock(&thread->mutex);
    while (!thread->stop) {
        uint64_t passed_us = clock_monotonic_us() - beaten_us, interval = interval_us(thread);
        if (passed_us >= interval)
            break;
        wait_us(thread, interval - passed_us);
    }
    bool go_on = !thread->stop;
    pthread_mutex_unlock(&thread->mutex);
    return go_on;
}

static void *pool_main(void *argument)
{
    struct pool_thread *thread = argument;
    uint64_t beaten_us;
    pthread_setname_np(pthread_self(), "pool");
    do {
        run_beat(thread);
        beaten_us = clock_monotonic_us();
    } while (wait_for_turn(thread, beaten_us));
    return NULL;
}

enum error pool_thread_start(struct pool_thread **out, const struct pool_thread_config *config)
{
    assert(config->units <= POOL_UNITS_MAX);
    struct pool_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return error_no_memory;
    thread->config = *config;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&thread->mutex, NULL);
    pthread_cond_init(&thread->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&thread->thread, NULL, pool_main, thread) != 0) {
        free(thread);
        return error_no_memory;
    }
    *out = thread;
    return error_none;
}

/* ---- from the main loop ---- */

void pool_thread_requests(struct pool_thread *thread, const uint64_t *requests)
{
    pthread_mutex_lock(&thread->mutex);
    memcpy(thread->requests, requests, thread->config.units * sizeof *requests);
    pthread_mutex_unlock(&thread->mutex);
}

void pool_thread_seen(struct pool_thread *thread, bool moving)
{
    pthread_mutex_lock(&thread->mutex);
    thread->views--;
    thread->moving = moving;
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->mutex);
}

void pool_thread_hurry(struct pool_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    thread->hurry = true;
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->mutex);
}

void pool_thread_leave(struct pool_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    thread->leaving = thread->hurry = true;
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->mutex);
}

void pool_thread_stop(struct pool_thread **thread)
{
    if (*thread == NULL)
        return;
    pthread_mutex_lock(&(*thread)->mutex);
    (*thread)->stop = true;
    pthread_cond_signal(&(*thread)->wake);
    pthread_mutex_unlock(&(*thread)->mutex);
    pthread_join((*thread)->thread, NULL);
    pthread_mutex_destroy(&(*thread)->mutex);
    pthread_cond_destroy(&(*thread)->wake);
    free(*thread);
    *thread = NULL;
}
