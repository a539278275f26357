/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data directory: made, locked, and free of orphans. */
#include "services/cli/data.h"
#include "services/cli/platform.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64], fault[DATA_FAULT_SIZE];

static void make(void)
{
    snprintf(directory, sizeof directory, "/tmp/fluvius-data-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
}

static void drop(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(data, .init = make, .fini = drop);

Test(data, the_directory_is_made_with_its_parents)
{
    char path[100];
    int lock;

    snprintf(path, sizeof path, "%s/a/b/", directory);
    cr_assert_eq(data_lock(path, &lock, fault), error_none, "%s", fault);
    close(lock);
}

Test(data, a_second_lock_is_refused_and_names_the_holder)
{
    char holder[32];
    int lock, second;

    cr_assert_eq(data_lock(directory, &lock, fault), error_none);
    cr_assert_eq(data_lock(directory, &second, fault), error_locked);
    snprintf(holder, sizeof holder, "pid %d", (int)getpid());
    cr_assert_not_null(strstr(fault, directory), "%s", fault);
    cr_assert_not_null(strstr(fault, holder), "%s", fault);
    close(lock);
    cr_assert_eq(data_lock(directory, &second, fault), error_none, "a lock ends with its holder");
    close(second);
}

Test(data, a_path_that_cannot_be_made_is_named)
{
    int lock;

    cr_assert_eq(data_lock("/proc/nowhere", &lock, fault), error_io);
    cr_assert_not_null(strstr(fault, "/proc/nowhere"), "%s", fault);
}

Test(data, without_an_earlier_run_there_is_nothing_to_wait_for)
{
    cr_assert_eq(data_wait_for_orphans(directory, 0, fault), error_none);
}

static void written_by_run(pid_t pid)
{
    struct platform platform = {.processes = {{"broker", pid}}, .count = 1};

    cr_assert_eq(platform_write(directory, &platform), error_none);
}

/* A process that bears a name until it is killed. */
static pid_t named(const char *name)
{
    int up[2];
    char byte;
    pid_t pid;

    cr_assert_eq(pipe(up), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, name);
        (void)!write(up[1], "x", 1);
        for (;;) {
            pause();
        }
    }
    cr_assert_eq(read(up[0], &byte, 1), 1);
    return pid;
}

Test(data, a_service_of_an_earlier_run_is_waited_for_and_named)
{
    char name[32];
    pid_t pid = named("fluvius-broker");

    written_by_run(pid);
    cr_assert_eq(data_wait_for_orphans(directory, 40, fault), error_locked);
    snprintf(name, sizeof name, "pid %d", (int)pid);
    cr_assert_not_null(strstr(fault, name), "%s", fault);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    cr_assert_eq(data_wait_for_orphans(directory, 10000, fault), error_none);
}

Test(data, a_dead_service_that_nobody_has_waited_for_is_gone)
{
    pid_t pid = named("fluvius-broker");
    siginfo_t ended;

    written_by_run(pid);
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT);
    cr_assert_eq(data_wait_for_orphans(directory, 0, fault), error_none, "%s", fault);
    waitpid(pid, NULL, 0);
}

Test(data, a_stranger_with_the_old_number_is_left_alone)
{
    pid_t pid = named("somebody");

    written_by_run(pid);
    cr_assert_eq(data_wait_for_orphans(directory, 0, fault), error_none);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
