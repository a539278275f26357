/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See data.h. The lock is flock's: the kernel drops it with its holder, however that ended. */
#include "services/cli/data.h"

#include "services/cli/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum error fail(char *fault, enum error error, const char *path, const char *why)
{
    snprintf(fault, DATA_FAULT_SIZE, "%s: %s", path, why);
    return error;
}

static bool directory_make(const char *path)
{
    char part[PATH_MAX];

    if (strlen(path) >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (const char *end = path; end != NULL;) {
        end = strchr(end + 1, '/');
        snprintf(part, sizeof part, "%.*s", end == NULL ? (int)strlen(path) : (int)(end - path), path);
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

static enum error held(int file, const char *data, char *fault)
{
    char holder[32] = {0};

    if (read(file, holder, sizeof holder - 1) <= 0) {
        snprintf(holder, sizeof holder, "unknown");
    }
    holder[strcspn(holder, "\n")] = '\0';
    snprintf(fault, DATA_FAULT_SIZE, "%s: in use by another fluvius up, pid %s", data, holder);
    return error_locked;
}

enum error data_lock(const char *data, int *lock, char *fault)
{
    char path[PATH_MAX + 16];
    int file;

    if (!directory_make(data)) {
        return fail(fault, error_io, data, strerror(errno));
    }
    snprintf(path, sizeof path, "%s/fluvius.lock", data);
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return fail(fault, errno == EACCES || errno == EROFS ? error_read_only : error_io, path, strerror(errno));
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        enum error error =
            errno == EWOULDBLOCK ? held(file, data, fault) : fail(fault, error_io, path, strerror(errno));

        close(file);
        return error;
    }
    if (ftruncate(file, 0) != 0 || dprintf(file, "%d\n", (int)getpid()) < 0) {
        close(file);
        return fail(fault, error_io, path, strerror(errno));
    }
    *lock = file;
    return error_none;
}

/* Is pid a service of ours that runs? Its number may have gone to somebody else, and the dead may wait for being
 * buried. */
static bool is_service(pid_t pid)
{
    char path[64], name[32], state = 'X';
    FILE *file;
    bool ours;

    if (pid <= 0) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    ours = fscanf(file, "%*d (%31[^)]) %c", name, &state) == 2 && strncmp(name, "fluvius-", 8) == 0;
    fclose(file);
    return ours && state != 'Z' && state != 'X';
}

static pid_t orphan_find(const struct platform *platform)
{
    for (size_t i = 0; i < platform->count; i++) {
        if (is_service(platform->processes[i].pid)) {
            return platform->processes[i].pid;
        }
    }
    return 0;
}

enum error data_wait_for_orphans(const char *data, int wait_ms, char *fault)
{
    struct platform platform;
    pid_t orphan;

    if (platform_read(data, &platform) != error_none) {
        return error_none;
    }
    while ((orphan = orphan_find(&platform)) != 0) {
        if (wait_ms <= 0) {
            snprintf(fault, DATA_FAULT_SIZE, "%s: a service of an earlier run does not end, pid %d", data, (int)orphan);
            return error_locked;
        }
        poll(NULL, 0, 20);
        wait_ms -= 20;
    }
    return error_none;
}
