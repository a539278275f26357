/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A wall clock that can be set for one process: preloaded (LD_PRELOAD), it adds to the time of day the seconds that
 * stand in the file FLUVIUS_CLOCK, eight bytes that may change at any time. Clocks that only count on are left alone,
 * as they are when somebody sets a machine's clock. Waits until a time of day end when this clock shows it, as they do
 * on a machine whose clock was set: nng waits so, and would spin. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t none;
static const volatile int64_t *shift = &none;
static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    const char *path = getenv("FLUVIUS_CLOCK");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *map = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real_wait = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlvsym(
        RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"); /* without its version it is one of long ago */
    if (real_wait == NULL)                                   /* another machine's library has but one */
        real_wait = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlsym(
            RTLD_NEXT, "pthread_cond_timedwait");
    if (map != MAP_FAILED)
        shift = map;
    if (file >= 0)
        close(file);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    pthread_once(&once, prepare);
    int result = real_clock(clock, out);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += *shift;
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* Of two clocks a condition may wait by, only the time of day is decades past its zero. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition,
                           pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    enum { YEARS_30_S = 1000000000 };
    struct timespec real = *until;
    pthread_once(&once, prepare);
    if (real.tv_sec > YEARS_30_S)
        real.tv_sec -= *shift;
    return real_wait(condition, mutex, &real);
}
