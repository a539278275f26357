/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disk that fails on command. Each file is the usual VFS's file with ours in front. */
#include "tests/lib/faulty_vfs.h"

#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATION_COUNT 5

struct faulty_file {
    sqlite3_file base;
    char name[64]; /* without its directory */
    char path[512];
    sqlite3_file *real; /* behind this struct, in the same block */
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    sqlite3_vfs vfs, *real;
    uint64_t counts[OPERATION_COUNT];
    unsigned fail_operations;
    char fail_suffix[16];
    uint64_t fail_after; /* matching operations until they fail */
    int fail_code;
    struct faulty_event *trace;
    size_t trace_count, trace_capacity;
    bool holding;
    char hold_suffix[16];
    unsigned held;
    char directory[256], shadow[256];
    bool no_shared_memory;
} faulty = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct faulty_file *file_of(sqlite3_file *file)
{
    return (struct faulty_file *)file;
}
static sqlite3_file *real_of(sqlite3_file *file)
{
    return file_of(file)->real;
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name), end = strlen(suffix);
    return size >= end && strcmp(name + size - end, suffix) == 0;
}

static void event_add(const struct faulty_file *file, unsigned operation, int64_t offset, int64_t size, bool failed)
{
    if (faulty.trace_count == faulty.trace_capacity)
        return;
    struct faulty_event *event = &faulty.trace[faulty.trace_count++];
    *event = (struct faulty_event){
        .operation = (enum faulty_operation)operation, .offset = offset, .size = size, .failed = failed};
    memcpy(event->name, file->name, sizeof event->name);
}

/* Counts an operation and says how it is to end: SQLITE_OK to pass it on. */
static int operation_begin(const struct faulty_file *file, unsigned operation, int64_t offset, int64_t size)
{
    pthread_mutex_lock(&faulty.mutex);
    bool matches = (faulty.fail_operations & operation) != 0 && ends_with(file->name, faulty.fail_suffix);
    bool failed = matches && faulty.fail_after <= 1;
    faulty.fail_after -= matches && !failed;
    faulty.counts[__builtin_ctz(operation)]++;
    event_add(file, operation, offset, size, failed);
    int code = failed ? faulty.fail_code : SQLITE_OK;
    pthread_mutex_unlock(&faulty.mutex);
    return code;
}

static void sync_hold(const struct faulty_file *file)
{
    pthread_mutex_lock(&faulty.mutex);
    if (faulty.holding && ends_with(file->name, faulty.hold_suffix)) {
        faulty.held++;
        pthread_cond_broadcast(&faulty.changed);
        while (faulty.holding)
            pthread_cond_wait(&faulty.changed, &faulty.mutex);
        faulty.held--;
    }
    pthread_mutex_unlock(&faulty.mutex);
}

/* Reads through the open file: opening it again and closing that would drop SQLite's locks on it. */
static void shadow_copy(struct faulty_file *file)
{
    size_t directory = strlen(faulty.directory);
    if (directory == 0 || strncmp(file->path, faulty.directory, directory) != 0 || file->path[directory] != '/')
        return;
    char path[512];
    sqlite3_int64 size = 0;
    snprintf(path, sizeof path, "%s/%s", faulty.shadow, file->name);
    FILE *copy = fopen(path, "w");
    assert(copy != NULL && file->real->pMethods->xFileSize(file->real, &size) == SQLITE_OK);
    for (sqlite3_int64 at = 0; at < size; at += 65536) {
        static char bytes[65536];
        int part = size - at < 65536 ? (int)(size - at) : 65536;
        assert(file->real->pMethods->xRead(file->real, bytes, part, at) == SQLITE_OK);
        assert(fwrite(bytes, 1, (size_t)part, copy) == (size_t)part);
    }
    fclose(copy);
}

/* ---- the methods of a file ---- */

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    int code = operation_begin(file_of(file), FAULTY_READ, offset, size);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xRead(real_of(file), bytes, size, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    int code = operation_begin(file_of(file), FAULTY_WRITE, offset, size);
    int real = real_of(file)->pMethods->xWrite(real_of(file), bytes, code != SQLITE_OK ? size / 2 : size, offset);
    return code != SQLITE_OK ? code : real;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = operation_begin(file_of(file), FAULTY_TRUNCATE, size, 0);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    sync_hold(file_of(file));
    int code = operation_begin(file_of(file), FAULTY_SYNC, 0, 0);
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xSync(real_of(file), flags);
    pthread_mutex_lock(&faulty.mutex);
    if (code == SQLITE_OK)
        shadow_copy(file_of(file));
    pthread_mutex_unlock(&faulty.mutex);
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    int code = extend ? operation_begin(file_of(file), FAULTY_SHARED_MEMORY, region, size) : SQLITE_OK;
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

#define METHODS(VERSION)                                                                                               \
    {                                                                                                                  \
        .iVersion = (VERSION), .xClose = file_close, .xRead = file_read, .xWrite = file_write,                         \
        .xTruncate = file_truncate, .xSync = file_sync, .xFileSize = file_size, .xLock = file_lock,                    \
        .xUnlock = file_unlock, .xCheckReservedLock = file_check_lock, .xFileControl = file_control,                   \
        .xSectorSize = file_sector, .xDeviceCharacteristics = file_traits, .xShmMap = file_shm_map,                    \
        .xShmLock = file_shm_lock, .xShmBarrier = file_shm_barrier, .xShmUnmap = file_shm_unmap                        \
    }
static const sqlite3_io_methods methods = METHODS(2), methods_without_shared_memory = METHODS(1);

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    struct faulty_file *ours = file_of(file);
    memset(ours, 0, sizeof *ours);
    ours->real = (sqlite3_file *)(ours + 1);
    const char *name = path == NULL ? "temporary" : strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    snprintf(ours->name, sizeof ours->name, "%s", name);
    snprintf(ours->path, sizeof ours->path, "%s", path == NULL ? "" : path);
    int code = faulty.real->xOpen(faulty.real, path, ours->real, flags, out_flags);
    if (ours->real->pMethods != NULL)
        ours->base.pMethods = faulty.no_shared_memory ? &methods_without_shared_memory : &methods;
    return code;
}

void faulty_install(void)
{
    if (faulty.real != NULL)
        return;
    faulty.real = sqlite3_vfs_find(NULL);
    assert(faulty.real != NULL);
    faulty.vfs = *faulty.real; /* everything but files is the usual VFS's own */
    faulty.vfs.pNext = NULL;
    faulty.vfs.zName = "faulty";
    faulty.vfs.szOsFile = (int)sizeof(struct faulty_file) + faulty.real->szOsFile;
    faulty.vfs.xOpen = vfs_open;
    assert(sqlite3_vfs_register(&faulty.vfs, 1) == SQLITE_OK);
}

void faulty_reset(void)
{
    faulty_release();
    pthread_mutex_lock(&faulty.mutex);
    memset(faulty.counts, 0, sizeof faulty.counts);
    faulty.fail_operations = 0;
    free(faulty.trace);
    faulty.trace = NULL;
    faulty.trace_count = faulty.trace_capacity = 0;
    faulty.directory[0] = 0;
    faulty.no_shared_memory = false;
    pthread_mutex_unlock(&faulty.mutex);
}

void faulty_fail(unsigned operations, const char *suffix, uint64_t nth, int code)
{
    pthread_mutex_lock(&faulty.mutex);
    faulty.fail_operations = operations;
    snprintf(faulty.fail_suffix, sizeof faulty.fail_suffix, "%s", suffix == NULL ? "" : suffix);
    faulty.fail_after = nth;
    faulty.fail_code = code;
    pthread_mutex_unlock(&faulty.mutex);
}

void faulty_mend(void)
{
    faulty_fail(0, NULL, 0, SQLITE_OK);
}

uint64_t faulty_count(unsigned operations)
{
    uint64_t count = 0;
    pthread_mutex_lock(&faulty.mutex);
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        count += (operations >> i & 1) != 0 ? faulty.counts[i] : 0;
    pthread_mutex_unlock(&faulty.mutex);
    return count;
}

void faulty_trace_begin(size_t capacity)
{
    pthread_mutex_lock(&faulty.mutex);
    free(faulty.trace);
    faulty.trace = calloc(capacity, sizeof faulty.trace[0]);
    assert(faulty.trace != NULL);
    faulty.trace_count = 0;
    faulty.trace_capacity = capacity;
    pthread_mutex_unlock(&faulty.mutex);
}

size_t faulty_trace(const struct faulty_event **out)
{
    *out = faulty.trace;
    return faulty.trace_count;
}

void faulty_hold_sync(const char *suffix)
{
    pthread_mutex_lock(&faulty.mutex);
    snprintf(faulty.hold_suffix, sizeof faulty.hold_suffix, "%s", suffix == NULL ? "" : suffix);
    faulty.holding = true;
    pthread_mutex_unlock(&faulty.mutex);
}

void faulty_wait_held(void)
{
    pthread_mutex_lock(&faulty.mutex);
    while (faulty.held == 0)
        pthread_cond_wait(&faulty.changed, &faulty.mutex);
    pthread_mutex_unlock(&faulty.mutex);
}

void faulty_release(void)
{
    pthread_mutex_lock(&faulty.mutex);
    faulty.holding = false;
    pthread_cond_broadcast(&faulty.changed);
    pthread_mutex_unlock(&faulty.mutex);
}

void faulty_shadow(const char *directory, const char *shadow)
{
    char command[640];
    snprintf(command, sizeof command, "cp -r %s/. %s", directory, shadow);
    assert(system(command) == 0);
    pthread_mutex_lock(&faulty.mutex);
    snprintf(faulty.directory, sizeof faulty.directory, "%s", directory);
    snprintf(faulty.shadow, sizeof faulty.shadow, "%s", shadow);
    pthread_mutex_unlock(&faulty.mutex);
}

void faulty_deny_shared_memory(bool denied)
{
    pthread_mutex_lock(&faulty.mutex);
    faulty.no_shared_memory = denied;
    pthread_mutex_unlock(&faulty.mutex);
}
