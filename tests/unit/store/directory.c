/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Temporary directories of the store's tests. */
#include "tests/unit/store/directory.h"

#include <assert.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void run(const char *program, const char *const *arguments)
{
    pid_t child;
    int status = -1;
    assert(posix_spawnp(&child, program, NULL, NULL, (char *const *)arguments, environ) == 0);
    assert(waitpid(child, &status, 0) == child && status == 0);
}

/* Memory is faster than a disk, where there is enough: containers often have next to none of it there. */
static const char *place(void)
{
    struct statvfs status;
    bool roomy = statvfs("/dev/shm", &status) == 0 && access("/dev/shm", W_OK) == 0 &&
                 (uint64_t)status.f_bavail * status.f_frsize > UINT64_C(1) << 30;
    return roomy ? "/dev/shm/fluvius-store-XXXXXX" : "/tmp/fluvius-store-XXXXXX";
}

void directory_make(char path[DIRECTORY_SIZE])
{
    strcpy(path, place());
    assert(mkdtemp(path) != NULL);
}

void directory_copy(const char *from, char to[DIRECTORY_SIZE])
{
    char source[DIRECTORY_SIZE + 2];
    strcpy(source, from);
    strcat(source, "/.");
    directory_make(to);
    run("cp", (const char *const[]){"cp", "-r", source, to, NULL});
}

void directory_remove(const char *path)
{
    run("rm", (const char *const[]){"rm", "-rf", path, NULL});
}
