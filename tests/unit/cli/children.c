/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Supervision, with shell scripts as services: ready, ended, started again, stopped in order. */
#include "services/cli/children.h"
#include "services/common/log.h"
#include "services/common/process.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOREVER_US (30 * UINT64_C(1000000)) /* longer than this is a failure */

static struct children children;
static char said[64]; /* a file to which scripts write */

static void prepare(void)
{
    int file;

    log_init("test", log_error);
    snprintf(said, sizeof said, "/tmp/fluvius-children-XXXXXX");
    file = mkstemp(said);
    cr_assert_geq(file, 0);
    close(file);
    setenv("SAID", said, 1);
}

static void finish(void)
{
    children_fini(&children);
    unlink(said);
}

TestSuite(children, .init = prepare, .fini = finish, .timeout = 60);

static struct child *script(const char *name, int stop_stage, const char *text)
{
    struct child *child = children_add(&children, name, stop_stage, "/bin/sh");

    cr_assert_not_null(child);
    child_argument(child, "-c");
    child_argument(child, text);
    return child;
}

#define READY "echo ready >&3; "
#define UNTIL_TOLD "while :; do sleep 0.01; done"

/* Turns until the condition holds. */
#define TURN_UNTIL(CONDITION)                                                                                          \
    for (uint64_t until_us = clock_monotonic_us() + FOREVER_US; !(CONDITION);) {                                       \
        cr_assert_lt(clock_monotonic_us(), until_us, #CONDITION);                                                      \
        children_turn(&children, -1, 100000);                                                                          \
    }

static const char *said_text(void)
{
    static char text[256];
    FILE *file = fopen(said, "r");

    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

Test(children, all_are_ready_when_each_said_so)
{
    script("a", 0, READY UNTIL_TOLD);
    script("b", 0, READY UNTIL_TOLD);
    cr_assert_not(children_ready(&children));
    TURN_UNTIL(children_ready(&children));
    cr_assert_gt(children.items[0].pid, 0);
}

Test(children, one_that_ends_is_started_again)
{
    struct platform platform;
    pid_t before;

    script("a", 0, READY UNTIL_TOLD);
    TURN_UNTIL(children_ready(&children));
    before = children.items[0].pid;
    kill(before, SIGKILL);
    TURN_UNTIL(!children_ready(&children));
    TURN_UNTIL(children_ready(&children));
    children_list(&children, &platform);
    cr_assert_eq(platform.count, 1);
    cr_assert_str_eq(platform.processes[0].name, "a");
    cr_assert_neq(platform.processes[0].pid, before);
    cr_assert_gt(platform.processes[0].pid, 0);
}

Test(children, one_that_fails_at_once_is_started_again_and_again)
{
    script("a", 0, "echo x >>$SAID; exit 1");
    TURN_UNTIL(strlen(said_text()) >= 6);
    cr_assert_null(children.useless);
}

Test(children, bad_settings_before_ready_end_it_for_good)
{
    script("a", 0, "exit 2");
    TURN_UNTIL(children.useless != NULL);
    cr_assert_str_eq(children.useless->name, "a");
    cr_assert_eq(children.useless_code, 2);
    cr_assert(children_ended(&children));
}

Test(children, a_program_that_is_not_there_is_tried_later)
{
    children_add(&children, "a", 0, "/nowhere/fluvius-broker");
    for (int i = 0; i < 3; i++) {
        children_turn(&children, -1, 1000);
    }
    cr_assert_eq(children.items[0].state, CHILD_WAITING);
    cr_assert(children_ended(&children));
}

Test(children, stages_stop_one_after_the_other)
{
    script("broker", 2, "trap 'echo broker >>$SAID; exit 0' TERM; " READY UNTIL_TOLD);
    script("shard", 1, "trap 'sleep 0.1; echo shard >>$SAID; exit 0' TERM; " READY UNTIL_TOLD);
    script("gateway", 0, "trap 'sleep 0.2; echo gateway >>$SAID; exit 0' TERM; " READY UNTIL_TOLD);
    TURN_UNTIL(children_ready(&children));
    children_stop(&children);
    while (!children_ended(&children)) {
        children_turn(&children, -1, FOREVER_US);
        children_stop(&children);
    }
    cr_assert_str_eq(said_text(), "gateway\nshard\nbroker\n");
}

Test(children, one_that_does_not_listen_is_killed)
{
    script("deaf", 0, "trap '' TERM; " READY UNTIL_TOLD);
    TURN_UNTIL(children_ready(&children));
    children_stop(&children);
    children_turn(&children, -1, 50000);
    cr_assert_not(children_ended(&children));
    children_kill(&children);
    TURN_UNTIL(children_ended(&children));
    cr_assert_eq(children.items[0].state, CHILD_ENDED, "it is not started again");
}

Test(children, a_signal_to_our_group_does_not_reach_them)
{
    script("a", 0, READY UNTIL_TOLD);
    TURN_UNTIL(children_ready(&children));
    cr_assert_eq(getpgid(children.items[0].pid), children.items[0].pid);
}
