/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Temporary directories of the store's tests. */
#include "tests/unit/store/directory.h"

#include <assert.h>
#include <spawn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
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

void directory_make(char path[DIRECTORY_SIZE])
{
    strcpy(path, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fluvius-store-XXXXXX" : "/tmp/fluvius-store-XXXXXX");
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
