/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See gather_vfs.h. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "services/store/gather_vfs.h"

enum { GATHER_BYTES = 128 * 1024 };

struct gather_file {
    sqlite3_file base;
    sqlite3_file *real; /* its own block: the usual VFS's size of a file */
    char *bytes;        /* GATHER_BYTES */
    int size;
    sqlite3_int64 offset; /* of bytes[0] in the file */
};

static sqlite3_vfs gather_vfs, *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct gather_file *)file)->real;
}

/* Writes what is gathered; on a fault it is gone, as after a write that failed. */
static int gather_flush(sqlite3_file *file)
{
    struct gather_file *gather = (struct gather_file *)file;
    int size = gather->size;
    gather->size = 0;
    return size == 0 ? SQLITE_OK : gather->real->pMethods->xWrite(gather->real, gather->bytes, size, gather->offset);
}

static int gather_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    struct gather_file *gather = (struct gather_file *)file;
    bool follows = offset == gather->offset + gather->size && size <= GATHER_BYTES - gather->size;
    int code = follows ? SQLITE_OK : gather_flush(file);
    if (code != SQLITE_OK || size > GATHER_BYTES)
        return code != SQLITE_OK ? code : gather->real->pMethods->xWrite(gather->real, bytes, size, offset);
    if (gather->size == 0)
        gather->offset = offset;
    memcpy(gather->bytes + gather->size, bytes, (size_t)size);
    gather->size += size;
    return SQLITE_OK;
}

static int gather_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    int code = gather_flush(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xRead(real_of(file), bytes, size, offset);
}

static int gather_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = gather_flush(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int gather_sync(sqlite3_file *file, int flags)
{
    int code = gather_flush(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int gather_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int code = gather_flush(file);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int gather_close(sqlite3_file *file)
{
    struct gather_file *gather = (struct gather_file *)file;
    int flushed = gather_flush(file);
    int closed = gather->real->pMethods->xClose(gather->real);
    free(gather->real);
    free(gather->bytes);
    return flushed != SQLITE_OK ? flushed : closed;
}

static int gather_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int gather_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int gather_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* A write-ahead log is neither locked nor mapped: the database file is. */
static const sqlite3_io_methods gather_methods = {.iVersion = 1,
                                                  .xClose = gather_close,
                                                  .xRead = gather_read,
                                                  .xWrite = gather_write,
                                                  .xTruncate = gather_truncate,
                                                  .xSync = gather_sync,
                                                  .xFileSize = gather_size,
                                                  .xFileControl = gather_control,
                                                  .xSectorSize = gather_sector,
                                                  .xDeviceCharacteristics = gather_traits};

static int gather_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    if ((flags & SQLITE_OPEN_WAL) == 0)
        return real_vfs->xOpen(real_vfs, path, file, flags, out_flags);
    struct gather_file *gather = (struct gather_file *)file;
    *gather = (struct gather_file){.real = calloc(1, (size_t)real_vfs->szOsFile), .bytes = malloc(GATHER_BYTES)};
    int code = SQLITE_NOMEM;
    if (gather->real != NULL && gather->bytes != NULL)
        code = real_vfs->xOpen(real_vfs, path, gather->real, flags, out_flags);
    if (code == SQLITE_OK) {
        gather->base.pMethods = &gather_methods;
        return code;
    }
    if (gather->real != NULL && gather->real->pMethods != NULL)
        gather->real->pMethods->xClose(gather->real);
    free(gather->real);
    free(gather->bytes);
    return code;
}

static void register_once(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL)
        return;
    gather_vfs = *real_vfs; /* everything but files is the usual VFS's own */
    gather_vfs.pNext = NULL;
    gather_vfs.zName = GATHER_VFS;
    gather_vfs.xOpen = gather_open;
    if (gather_vfs.szOsFile < (int)sizeof(struct gather_file))
        gather_vfs.szOsFile = (int)sizeof(struct gather_file);
    sqlite3_vfs_register(&gather_vfs, 0);
}

bool gather_vfs_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
    return sqlite3_vfs_find(GATHER_VFS) != NULL;
}
