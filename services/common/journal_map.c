/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file behind the crash journal: a shared mapping, so that what is written survives the process. */
#include "services/common/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum error journal_map(struct journal **out, const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return errno == EROFS || errno == EACCES ? error_read_only : error_io;
    void *memory = MAP_FAILED;
    /* posix_fallocate, not ftruncate: a hole on a full disk would be a SIGBUS later. */
    if (posix_fallocate(file, 0, sizeof(struct journal)) == 0)
        memory = mmap(NULL, sizeof(struct journal), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED)
        return error_io;
    *out = memory;
    journal_open(*out);
    return error_none;
}

void journal_unmap(struct journal **journal)
{
    if (*journal != NULL)
        munmap(*journal, sizeof **journal);
    *journal = NULL;
}
