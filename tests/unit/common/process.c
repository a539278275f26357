/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Stop signals, readiness, clocks and random bytes. Criterion gives each test a process of its own. */
#include "services/common/process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOREVER_US (60 * UINT64_C(1000000))

static void stops_on(int signal)
{
    struct inbox *inbox = inbox_new();

    process_init(inbox, false);
    cr_assert_not(process_stopping());
    kill(getpid(), signal);
    while (!process_stopping()) {
        inbox_take(inbox, FOREVER_US);
    }
    process_fini();
    inbox_free(&inbox);
}

Test(process, sigterm_sets_the_flag_and_wakes_the_inbox, .timeout = 30)
{
    stops_on(SIGTERM);
}

Test(process, sigint_sets_the_flag_and_wakes_the_inbox, .timeout = 30)
{
    stops_on(SIGINT);
}

Test(process, sighup_sets_the_flag_and_wakes_the_inbox, .timeout = 30)
{
    stops_on(SIGHUP);
}

Test(process, sigpipe_does_not_end_it)
{
    int pipes[2];

    process_init(NULL, false);
    cr_assert_eq(pipe(pipes), 0);
    close(pipes[0]);
    cr_assert_eq(write(pipes[1], "x", 1), -1);
    cr_assert_not(process_stopping());
}

#ifndef __SANITIZE_ADDRESS__ /* its allocator keeps what is freed from being used again, to find who uses it */
/* So many frames at once, made and given back. */
static void frames_use(void)
{
    enum { FRAMES = 12, FRAME_BYTES = 1024 * 1024 };
    char *frames[FRAMES];

    for (int i = 0; i < FRAMES; i++) {
        frames[i] = malloc(FRAME_BYTES);
        cr_assert_not_null(frames[i]);
        memset(frames[i], i, FRAME_BYTES);
    }
    for (int i = 0; i < FRAMES; i++) {
        free(frames[i]);
    }
}

static long pages_taken(void)
{
    struct rusage usage;

    cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

Test(process, memory_of_frames_is_not_taken_from_the_system_again_and_again)
{
    enum { TIMES = 20, A_FRAME_S_PAGES = 256 };

    process_init(NULL, false);
    frames_use();
    long before = pages_taken();
    for (int i = 0; i < TIMES; i++) {
        frames_use();
    }
    cr_assert_lt(pages_taken() - before, A_FRAME_S_PAGES);
}
#endif

/* Runs in a child of a child: reports on the pipe when it was told to stop. */
static void follow_parent(int report, const char *supervisor)
{
    struct inbox *inbox = inbox_new();

    setenv("FLUVIUS_SUPERVISOR", supervisor, 1);
    process_init(inbox, true);
    dprintf(report, "up");
    while (!process_stopping()) {
        inbox_take(inbox, FOREVER_US);
    }
    dprintf(report, "stopped");
    _exit(0);
}

static void read_until_closed(int pipe, char *out, size_t size)
{
    size_t used = 0;
    ssize_t got;

    while ((got = read(pipe, out + used, size - 1 - used)) > 0) {
        used += (size_t)got;
    }
    out[used] = '\0';
}

Test(process, a_supervised_process_stops_when_its_supervisor_dies, .timeout = 30)
{
    char said[32], byte;
    int report[2], up[2];
    pid_t supervisor;

    cr_assert_eq(pipe(report), 0);
    cr_assert_eq(pipe(up), 0);
    supervisor = fork();
    if (supervisor == 0) {
        char own[16];

        snprintf(own, sizeof own, "%d", (int)getpid());
        if (fork() == 0) {
            close(up[1]);
            follow_parent(report[1], own);
        }
        close(report[1]);
        (void)!read(up[0], &byte, 1); /* until it is killed */
        _exit(0);
    }
    close(report[1]);
    cr_assert_eq(read(report[0], said, 2), 2);
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    read_until_closed(report[0], said, sizeof said);
    cr_assert_str_eq(said, "stopped");
}

Test(process, a_supervisor_that_is_gone_already_is_noticed, .timeout = 30)
{
    setenv("FLUVIUS_SUPERVISOR", "999999999", 1);
    process_init(NULL, true);
    cr_assert(process_stopping());
}

Test(process, an_unsupervised_process_is_not_told_to_stop)
{
    unsetenv("FLUVIUS_SUPERVISOR");
    process_init(NULL, true);
    cr_assert_not(process_stopping());
}

static void ready_line_is(const char *text, const char *expected)
{
    char number[16], said[64];
    int pipes[2];

    cr_assert_eq(pipe(pipes), 0);
    snprintf(number, sizeof number, "%d", pipes[1]);
    setenv("FLUVIUS_READY_FD", number, 1);
    process_ready(text);
    process_ready(text); /* a second time does nothing */
    cr_assert_eq(fcntl(pipes[1], F_GETFD), FD_CLOEXEC, "it stays open, for this process alone");
    close(pipes[1]);
    read_until_closed(pipes[0], said, sizeof said);
    cr_assert_str_eq(said, expected);
}

Test(process, ready_writes_a_line_once)
{
    ready_line_is(NULL, "ready\n");
    ready_line_is("http://127.0.0.1:8080", "ready http://127.0.0.1:8080\n");
}

Test(process, ready_without_a_supervisor_does_nothing)
{
    unsetenv("FLUVIUS_READY_FD");
    process_ready("x");
}

Test(process, clocks_go_forward)
{
    uint64_t before = clock_monotonic_us();

    cr_assert_gt(clock_wall_us(), INT64_C(1700000000000000));
    cr_assert_geq(clock_monotonic_us(), before);
}

Test(process, random_bytes_fill_all_and_differ)
{
    uint8_t a[1000] = {0}, b[1000] = {0}, zero[32] = {0};

    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
    cr_assert_neq(memcmp(a + sizeof a - sizeof zero, zero, sizeof zero), 0);
}
