/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See handler.h. */
#include "services/cli/handler.h"

#include "services/cli/show.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool line_print(const struct buffer *line, char *fault, size_t fault_size)
{
    show_line(line);
    if (fflush(stdout) == 0) {
        return true;
    }
    snprintf(fault, fault_size, "standard output: %s", strerror(errno));
    return false;
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

/* A command that reads nothing may be gone before all is written: that is its own affair. */
static void input_write(int descriptor, const struct buffer *line)
{
    size_t at = 0;

    while (at < line->size) {
        ssize_t written = write(descriptor, line->data + at, line->size - at);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        at += (size_t)written;
    }
}

static bool status_read(pid_t child, char *fault, size_t fault_size)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
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

static bool command_run(const char *command, const struct buffer *line, char *fault, size_t fault_size)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(fault, fault_size, "pipe: %s", strerror(errno));
        return false;
    }
    child = fork();
    if (child == 0) {
        child_run(command, ends[0]);
    }
    close(ends[0]);
    if (child > 0) {
        input_write(ends[1], line);
    }
    close(ends[1]);
    if (child < 0) {
        snprintf(fault, fault_size, "fork: %s", strerror(errno));
        return false;
    }
    return status_read(child, fault, fault_size);
}

bool handler_run(const char *command, const struct record *record, char *fault, size_t fault_size)
{
    struct buffer line = {0};
    bool done;

    show_record(&line, record, true);
    if (command == NULL) {
        done = line_print(&line, fault, fault_size);
    } else {
        buffer_append(&line, "\n", 1);
        done = command_run(command, &line, fault, fault_size);
    }
    buffer_fini(&line);
    return done;
}
