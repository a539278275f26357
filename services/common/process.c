/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Clocks, random bytes, stop signals and readiness. The stop flag is the process's own, as the signals are. */
#include "services/common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { KEEP_BLOCK_BYTES = 4 << 20, KEEP_BYTES = 16 << 20 };

/* Sequentially consistent by default: set once, read now and then, so the cost does not matter. */
static atomic_bool stopping;

/* Guards the inbox against being freed while the signal thread wakes it. */
static pthread_mutex_t inbox_lock = PTHREAD_MUTEX_INITIALIZER;
static struct inbox *inbox_to_wake;

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return (int64_t)clock_us(CLOCK_REALTIME);
}

uint64_t clock_monotonic_us(void)
{
    return clock_us(CLOCK_BOOTTIME);
}

void random_bytes(void *out, size_t size)
{
    uint8_t *at = out;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got < 0 && errno != EINTR) {
            abort(); /* no kernel that we run on lacks it; going on with guessable bytes would be worse */
        }
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

static void stop_request(void)
{
    atomic_store(&stopping, true);
    pthread_mutex_lock(&inbox_lock);
    if (inbox_to_wake != NULL) {
        inbox_wake(inbox_to_wake);
    }
    pthread_mutex_unlock(&inbox_lock);
}

static void *signals_wait(void *argument)
{
    sigset_t *set = argument;
    int signal;

    while (sigwait(set, &signal) == 0) {
        stop_request();
    }
    return NULL;
}

static void signals_start(void)
{
    static sigset_t asked; /* the thread's, for the life of the process */
    sigset_t blocked;
    pthread_t thread;

    sigemptyset(&asked);
    sigaddset(&asked, SIGTERM);
    sigaddset(&asked, SIGINT);
    sigaddset(&asked, SIGHUP);
    blocked = asked;
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    if (pthread_create(&thread, NULL, signals_wait, &asked) != 0) {
        abort(); /* at start, before anything was promised */
    }
    pthread_detach(thread);
}

static void parent_follow(void)
{
    const char *supervisor = getenv("FLUVIUS_SUPERVISOR");

    if (supervisor == NULL) {
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (strtol(supervisor, NULL, 10) != (long)getppid()) {
        stop_request(); /* it died before we asked to be told */
    }
}

/* Frames are made and freed all the time, and can be a MiB: memory for them stays with the process. Given back and
 * taken again each time, every page of it would be cleared anew, which cost the broker more than all it does with it.
 */
static void memory_keep(void)
{
    mallopt(M_MMAP_THRESHOLD, KEEP_BLOCK_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
}

void process_init(struct inbox *inbox, bool parent_death)
{
    memory_keep();
    pthread_mutex_lock(&inbox_lock);
    inbox_to_wake = inbox;
    pthread_mutex_unlock(&inbox_lock);
    signals_start();
    if (parent_death) {
        parent_follow();
    }
}

void process_fini(void)
{
    pthread_mutex_lock(&inbox_lock);
    inbox_to_wake = NULL;
    pthread_mutex_unlock(&inbox_lock);
}

bool process_stopping(void)
{
    return atomic_load(&stopping);
}

void process_ready(const char *text)
{
    const char *number = getenv("FLUVIUS_READY_FD");
    int descriptor = number == NULL ? -1 : (int)strtol(number, NULL, 10);

    if (descriptor < 0) {
        return;
    }
    dprintf(descriptor, "ready%s%s\n", text == NULL ? "" : " ", text == NULL ? "" : text);
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    unsetenv("FLUVIUS_READY_FD");
}
