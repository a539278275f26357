/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The services that `fluvius up` runs: starting them, hearing that they are ready and that they ended, starting them
 * again, stopping them in order.
 *
 *     waiting --start--> starting --ready--> running
 *        ^                  |                   |
 *        +---- delay -------+----- ended -------+        after children_stop: ended is the last state */
#ifndef CLI_CHILDREN_H
#define CLI_CHILDREN_H

#include "proto/error.h"
#include "services/cli/platform.h"
#include "services/cli/restart.h"

#define ARGUMENTS_MAX 128

enum child_state { CHILD_WAITING, CHILD_STARTING, CHILD_RUNNING, CHILD_ENDED };

struct child {
    char name[16];
    char *arguments[ARGUMENTS_MAX + 1]; /* owned; ended by NULL */
    size_t argument_count;
    int stop_stage; /* lower stages stop first */
    enum child_state state;
    pid_t pid;
    int ready_pipe; /* -1 when there is none; its end tells that the child is gone */
    bool was_ready, told_to_stop;
    struct restart restart;
    uint64_t started_us, start_at_us;
};

struct children {
    struct child items[PROCESSES_MAX];
    size_t count;
    bool stopping;
    const struct child *useless; /* ended in a way that a restart does not mend; NULL: none */
    int useless_code;
};

/* Adds a service, of at most PROCESSES_MAX; the arguments follow one by one, child_argument. */
struct child *children_add(struct children *children, const char *name, int stop_stage, const char *program);
/* Copies text; a program with more arguments than fit is a bug of the caller, who checks its lists. */
void child_argument(struct child *child, const char *text);
/* Kills what still runs, at once, and frees the arguments. */
void children_fini(struct children *children);

/* Starts those that are due, and waits until timeout_us, for news of one of them, or for wake (a descriptor) to become
 * readable. True when something changed. */
bool children_turn(struct children *children, int wake, uint64_t timeout_us);
bool children_ready(const struct children *children);
bool children_ended(const struct children *children);
/* Tells the lowest stage that still runs to stop; call it after each turn until all have ended. */
void children_stop(struct children *children);
void children_kill(struct children *children);
void children_list(const struct children *children, struct platform *out);

#endif
