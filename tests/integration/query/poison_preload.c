/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A query that ends its process: preloaded (LD_PRELOAD) into a platform under test, it stands between query processes
 * and SQLite. Who binds a text that has FLUVIUS_POISON in it writes its process id to the end of the file
 * FLUVIUS_POISON_LOG, and is gone. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void end_told(void)
{
    char line[32];
    const char *path = getenv("FLUVIUS_POISON_LOG");
    int size = snprintf(line, sizeof line, "%d\n", (int)getpid());
    int file = open(path == NULL ? "/dev/null" : path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || write(file, line, (size_t)size) != size)
        abort();
    raise(SIGKILL);
}

int sqlite3_bind_text64(sqlite3_stmt *statement,
                        int place,
                        const char *text,
                        sqlite3_uint64 size,
                        void (*destroy)(void *),
                        unsigned char encoding)
{
    typedef int bind(sqlite3_stmt *, int, const char *, sqlite3_uint64, void (*)(void *), unsigned char);
    bind *real = (bind *)dlsym(RTLD_NEXT, "sqlite3_bind_text64");
    const char *poison = getenv("FLUVIUS_POISON");
    if (poison != NULL && text != NULL && memmem(text, size, poison, strlen(poison)) != NULL)
        end_told();
    return real(statement, place, text, size, destroy, encoding);
}
