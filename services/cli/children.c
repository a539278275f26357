/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See children.h. One thread. A child gets the write end of a pipe as descriptor 3, which it holds as long as it lives,
 * and runs in a process group of its own, so that Ctrl-C reaches it only through us, in order. */
#include "services/cli/children.h"

#include "services/common/log.h"
#include "services/common/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_DESCRIPTOR 3

struct child *children_add(struct children *children, const char *name, int stop_stage, const char *program)
{
    struct child *child;

    assert(children->count < PROCESSES_MAX);
    child = &children->items[children->count++];
    *child = (struct child){.stop_stage = stop_stage, .state = CHILD_WAITING, .ready_pipe = -1};
    snprintf(child->name, sizeof child->name, "%s", name);
    child_argument(child, program);
    return child;
}

void child_argument(struct child *child, const char *text)
{
    char *copy = strdup(text);

    assert(child->argument_count < ARGUMENTS_MAX);
    if (copy == NULL) {
        abort(); /* at start, with nothing running */
    }
    child->arguments[child->argument_count++] = copy;
}

static void child_fini(struct child *child)
{
    if (child->pid > 0) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    if (child->ready_pipe >= 0) {
        close(child->ready_pipe);
    }
    for (size_t i = 0; i < child->argument_count; i++) {
        free(child->arguments[i]);
    }
}

void children_fini(struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        child_fini(&children->items[i]);
    }
    *children = (struct children){0};
}

/* ---- starting ---- */

static int spawn_with(struct child *child, int pipe, posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes)
{
    sigset_t none;

    sigemptyset(&none);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(files, pipe, READY_DESCRIPTOR);
    return posix_spawn(&child->pid, child->arguments[0], files, attributes, child->arguments, environ);
}

/* 0, or an errno. */
static int spawn(struct child *child, int pipe)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int code;

    if (posix_spawn_file_actions_init(&files) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    code = spawn_with(child, pipe, &files, &attributes);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return code;
}

static void child_delay(struct child *child, uint64_t now_us)
{
    uint64_t alive_us = child->state == CHILD_WAITING ? 0 : now_us - child->started_us;

    child->state = CHILD_WAITING;
    child->start_at_us = now_us + restart_delay_us(&child->restart, alive_us);
}

static void child_start(struct child *child, uint64_t now_us)
{
    int pipes[2] = {-1, -1}, code = pipe2(pipes, O_CLOEXEC) != 0 ? errno : 0;

    if (code == 0) {
        code = spawn(child, pipes[1]);
        close(pipes[1]);
    }
    if (code != 0) {
        LOG(error, "service not started", LOG_TEXT("name", child->name), LOG_TEXT("reason", strerror(code)));
        close(pipes[0]);
        child->pid = 0;
        child_delay(child, now_us);
        return;
    }
    child->ready_pipe = pipes[0];
    child->started_us = now_us;
    child->told_to_stop = false;
    child->state = CHILD_STARTING;
}

static bool start_due(struct children *children, uint64_t now_us)
{
    bool started = false;

    for (size_t i = 0; i < children->count; i++) {
        struct child *child = &children->items[i];

        if (child->state == CHILD_WAITING && now_us >= child->start_at_us && !children->stopping) {
            child_start(child, now_us);
            started = true;
        }
    }
    return started;
}

/* ---- news of a child ---- */

static void child_reap(struct children *children, struct child *child, uint64_t now_us)
{
    int status = 0, code;

    close(child->ready_pipe);
    child->ready_pipe = -1;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    child->pid = 0;
    if (children->stopping) {
        child->state = CHILD_ENDED;
        return;
    }
    if (restart_is_useless(code, child->was_ready)) {
        child->state = CHILD_ENDED;
        children->useless = child;
        children->useless_code = code;
        return;
    }
    child_delay(child, now_us);
    LOG(warning,
        "service ended",
        LOG_TEXT("name", child->name),
        LOG_INTEGER("code", code),
        LOG_INTEGER("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
        LOG_INTEGER("restart_ms", (child->start_at_us - now_us) / 1000));
}

/* The child wrote, or is gone. */
static void child_hear(struct children *children, struct child *child)
{
    char text[256];
    ssize_t size = read(child->ready_pipe, text, sizeof text);

    if (size > 0 && child->state == CHILD_STARTING) {
        child->state = CHILD_RUNNING;
        child->was_ready = true;
    } else if (size == 0) {
        child_reap(children, child, clock_monotonic_us());
    }
}

static uint64_t next_start_us(const struct children *children, uint64_t now_us, uint64_t timeout_us)
{
    for (size_t i = 0; i < children->count; i++) {
        const struct child *child = &children->items[i];

        if (child->state == CHILD_WAITING && !children->stopping) {
            uint64_t wait_us = child->start_at_us > now_us ? child->start_at_us - now_us : 0;

            timeout_us = wait_us < timeout_us ? wait_us : timeout_us;
        }
    }
    return timeout_us;
}

bool children_turn(struct children *children, int wake, uint64_t timeout_us)
{
    struct pollfd wanted[PROCESSES_MAX + 1];
    uint64_t now_us = clock_monotonic_us();
    bool changed = start_due(children, now_us);
    struct timespec timeout;

    timeout_us = changed ? 0 : next_start_us(children, now_us, timeout_us);
    timeout =
        (struct timespec){.tv_sec = (time_t)(timeout_us / 1000000), .tv_nsec = (long)(timeout_us % 1000000) * 1000};
    for (size_t i = 0; i < children->count; i++) {
        wanted[i] = (struct pollfd){.fd = children->items[i].ready_pipe, .events = POLLIN};
    }
    wanted[children->count] = (struct pollfd){.fd = wake, .events = POLLIN};
    if (ppoll(wanted, children->count + 1, &timeout, NULL) <= 0) {
        return changed;
    }
    for (size_t i = 0; i < children->count; i++) {
        if (wanted[i].revents != 0) {
            child_hear(children, &children->items[i]);
            changed = true;
        }
    }
    return changed;
}

/* ---- all of them ---- */

bool children_ready(const struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        if (children->items[i].state != CHILD_RUNNING) {
            return false;
        }
    }
    return true;
}

bool children_ended(const struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        if (children->items[i].pid > 0) {
            return false;
        }
    }
    return true;
}

static int lowest_stage(const struct children *children)
{
    int lowest = INT32_MAX;

    for (size_t i = 0; i < children->count; i++) {
        const struct child *child = &children->items[i];

        if (child->pid > 0 && child->stop_stage < lowest) {
            lowest = child->stop_stage;
        }
    }
    return lowest;
}

void children_stop(struct children *children)
{
    int stage = lowest_stage(children);

    children->stopping = true;
    for (size_t i = 0; i < children->count; i++) {
        struct child *child = &children->items[i];

        if (child->pid > 0 && child->stop_stage == stage && !child->told_to_stop) {
            child->told_to_stop = true;
            kill(child->pid, SIGTERM);
        }
    }
}

void children_kill(struct children *children)
{
    for (size_t i = 0; i < children->count; i++) {
        if (children->items[i].pid > 0) {
            LOG(warning, "service killed", LOG_TEXT("name", children->items[i].name));
            kill(children->items[i].pid, SIGKILL);
        }
    }
}

void children_list(const struct children *children, struct platform *out)
{
    out->count = children->count;
    for (size_t i = 0; i < children->count; i++) {
        snprintf(out->processes[i].name, sizeof out->processes[i].name, "%s", children->items[i].name);
        out->processes[i].pid = children->items[i].pid;
    }
}
