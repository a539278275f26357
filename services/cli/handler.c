/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See handler.h. Nothing here waits for longer than MEANWHILE_MS at once: output goes where there is room for it, input
 * is in memory and not in a pipe, and the end of a command is waited for by its signal. */
#include "services/cli/handler.h"

#include "services/cli/show.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEANWHILE_MS 100

static bool fail(char *fault, size_t fault_size, const char *what)
{
    snprintf(fault, fault_size, "%s: %s", what, strerror(errno));
    return false;
}

/* ---- without a command ---- */

/* Of a pipe that has room at all, so much is taken at once. */
static bool output_write(const struct handler *handler, const struct buffer *line)
{
    for (size_t at = 0; at < line->size;) {
        struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
        size_t size = line->size - at < PIPE_BUF ? line->size - at : PIPE_BUF;

        if (poll(&room, 1, MEANWHILE_MS) <= 0) {
            handler->meanwhile(handler->context);
            continue;
        }
        ssize_t written = write(STDOUT_FILENO, line->data + at, size);

        if (written > 0) {
            at += (size_t)written;
        } else if (errno != EINTR && errno != EAGAIN) {
            return false;
        }
    }
    return true;
}

/* ---- with one ---- */

void handler_prepare(void)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ends, NULL);
}

/* Its standard input, from the beginning; -1 when there is none. */
static int input_make(const struct buffer *line)
{
    int input = memfd_create("record", MFD_CLOEXEC);
    size_t at = 0;

    while (input >= 0 && at < line->size) {
        ssize_t written = write(input, line->data + at, line->size - at);

        if (written > 0) {
            at += (size_t)written;
        } else if (errno != EINTR) {
            close(input);
            return -1;
        }
    }
    if (input >= 0) {
        lseek(input, 0, SEEK_SET);
    }
    return input;
}

/* Our signals are blocked; the command's are not. */
static void child_run(const char *command, int input)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(input, STDIN_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* False: what became of it cannot be known. */
static bool child_wait(const struct handler *handler, pid_t child, int *status)
{
    const struct timespec patience = {.tv_nsec = MEANWHILE_MS * 1000000L};
    sigset_t ends;
    pid_t ended;

    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    while ((ended = waitpid(child, status, WNOHANG)) == 0) {
        if (sigtimedwait(&ends, NULL, &patience) < 0) {
            handler->meanwhile(handler->context);
        }
    }
    return ended == child;
}

static bool status_read(int status, char *fault, size_t fault_size)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    if (WIFSIGNALED(status)) {
        snprintf(fault, fault_size, "killed by signal %d", WTERMSIG(status));
    } else {
        snprintf(fault, fault_size, "exit code %d", WEXITSTATUS(status));
    }
    return false;
}

static bool command_run(const struct handler *handler, const struct buffer *line, char *fault, size_t fault_size)
{
    int input = input_make(line), status = 0;
    pid_t child;

    if (input < 0) {
        return fail(fault, fault_size, "standard input");
    }
    child = fork();
    if (child == 0) {
        child_run(handler->command, input);
    }
    close(input);
    if (child < 0) {
        return fail(fault, fault_size, "fork");
    }
    return child_wait(handler, child, &status) ? status_read(status, fault, fault_size)
                                               : fail(fault, fault_size, "waiting for the command");
}

bool handler_run(const struct handler *handler, const struct record *record, char *fault, size_t fault_size)
{
    struct buffer line = {0};
    bool done;

    show_record(&line, record, true);
    buffer_append(&line, "\n", 1);
    if (line.failed) {
        errno = ENOMEM;
        done = fail(fault, fault_size, "the record as text");
    } else if (handler->command != NULL) {
        done = command_run(handler, &line, fault, fault_size);
    } else {
        done = output_write(handler, &line) || fail(fault, fault_size, "standard output");
    }
    buffer_fini(&line);
    return done;
}
