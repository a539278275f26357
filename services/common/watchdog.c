/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See watchdog.h. */
#include "services/common/watchdog.h"

#include "services/common/log.h"
#include "services/common/process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct watched {
    uint64_t seen, since_us; /* a lane's generation, and since when it stands */
};

struct watchdog {
    const struct journal *journal;
    struct watched lanes[JOURNAL_LANES];
    uint64_t decide_us;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop;
};

/* Waits a part of the limit; false when it is to stop. */
static bool watchdog_wait(struct watchdog *watchdog)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t nanoseconds = (uint64_t)until.tv_nsec + watchdog->decide_us * 1000 / 4;
    until.tv_sec += (time_t)(nanoseconds / 1000000000u);
    until.tv_nsec = (long)(nanoseconds % 1000000000u);
    pthread_mutex_lock(&watchdog->mutex);
    if (!watchdog->stop)
        pthread_cond_timedwait(&watchdog->wake, &watchdog->mutex, &until);
    bool go_on = !watchdog->stop;
    pthread_mutex_unlock(&watchdog->mutex);
    return go_on;
}

static bool lane_spins(struct watchdog *watchdog, uint32_t lane, uint64_t now_us)
{
    struct watched *watched = &watchdog->lanes[lane];
    uint64_t generation = atomic_load_explicit(&watchdog->journal->lanes[lane].generation, memory_order_acquire);
    if (generation == watched->seen)
        return generation % 2 == 1 && now_us - watched->since_us >= watchdog->decide_us;
    *watched = (struct watched){.seen = generation, .since_us = now_us};
    return false;
}

static void *watchdog_main(void *argument)
{
    struct watchdog *watchdog = argument;
    while (watchdog_wait(watchdog)) {
        uint64_t now_us = clock_monotonic_us();
        for (uint32_t lane = 0; lane < JOURNAL_LANES; lane++)
            if (lane_spins(watchdog, lane, now_us)) {
                LOG(error, "domain code runs too long, leaving", LOG_INTEGER("decide_ms", watchdog->decide_us / 1000));
                _exit(EXIT_DOMAIN_SPINS);
            }
    }
    return NULL;
}

enum error watchdog_start(struct watchdog **out, const struct journal *journal, uint32_t decide_ms)
{
    struct watchdog *watchdog = calloc(1, sizeof *watchdog);
    if (watchdog == NULL)
        return error_no_memory;
    watchdog->journal = journal;
    watchdog->decide_us = decide_ms * 1000ull;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&watchdog->mutex, NULL);
    pthread_cond_init(&watchdog->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&watchdog->thread, NULL, watchdog_main, watchdog) != 0) {
        free(watchdog);
        return error_no_memory;
    }
    *out = watchdog;
    return error_none;
}

void watchdog_stop(struct watchdog **watchdog)
{
    if (*watchdog == NULL)
        return;
    pthread_mutex_lock(&(*watchdog)->mutex);
    (*watchdog)->stop = true;
    pthread_cond_signal(&(*watchdog)->wake);
    pthread_mutex_unlock(&(*watchdog)->mutex);
    pthread_join((*watchdog)->thread, NULL);
    free(*watchdog);
    *watchdog = NULL;
}
