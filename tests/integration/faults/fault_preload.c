/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Disk faults for whole processes: preloaded (LD_PRELOAD) into a platform under test, it stands between SQLite and the
 * kernel for the log's files. Files in the directory FLUVIUS_FAULTS switch the faults:
 *
 *   hold-sync   syncs wait while it is there; "held" is made when one waits
 *   fail-sync   syncs fail with EIO
 *   full        writes fail with ENOSPC */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int fsync(int file);
int fdatasync(int file);

static bool fault_on(const char *name)
{
    char path[PATH_MAX];
    const char *directory = getenv("FLUVIUS_FAULTS");
    if (directory == NULL)
        return false;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

/* Is it a file of the log, or the write-ahead log beside it? */
static bool is_log(int file)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return false;
    path[size] = 0;
    const char *name = strrchr(path, '/');
    return name != NULL && strncmp(name, "/log-", 5) == 0;
}

static void tell_held(void)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/held", getenv("FLUVIUS_FAULTS"));
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0)
        close(file);
}

static int sync_faulty(int file, const char *name)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (!is_log(file))
        return real(file);
    while (fault_on("hold-sync")) {
        tell_held();
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (fault_on("fail-sync")) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int fsync(int file)
{
    return sync_faulty(file, "fsync");
}

int fdatasync(int file)
{
    return sync_faulty(file, "fdatasync");
}

static ssize_t write_faulty(int file, const void *data, size_t size, off64_t offset, const char *name)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) =
        (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, name);
    if (is_log(file) && fault_on("full")) {
        errno = ENOSPC;
        return -1;
    }
    return real(file, data, size, offset);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    return write_faulty(file, data, size, offset, "pwrite");
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
    return write_faulty(file, data, size, offset, "pwrite64");
}
