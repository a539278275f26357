/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disk that fails on command, for tests: a VFS for SQLite in front of the usual one. Once installed it is what every
 * connection of the process uses. There is one, for the whole process; its functions may be called from any thread.
 *
 *   faults    from the n-th write, sync, ... on, all fail, until they are cleared
 *   trace     what was written and synced, in order
 *   hold      a sync does not return, nor is it passed on, until it is let go
 *   shadow    the files as they were when last synced: what a power failure would leave */
#ifndef TESTS_FAULTY_VFS_H
#define TESTS_FAULTY_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum faulty_operation {
    FAULTY_WRITE = 1,
    FAULTY_SYNC = 2,
    FAULTY_TRUNCATE = 4,
    FAULTY_READ = 8,
    FAULTY_SHARED_MEMORY = 16 /* growing the file behind the shared memory */
};

struct faulty_event {
    enum faulty_operation operation;
    char name[64]; /* the file's, without its directory */
    int64_t offset, size;
    bool failed;
};

/* Installs it, once. Aborts when it cannot. */
void faulty_install(void);
/* No faults, no hold, no shadow, no trace; counting begins again at 0. */
void faulty_reset(void);

/* From the n-th matching operation on (1: the next one), each fails with an SQLite result code. operations are ORed.
 * suffix ("-wal") picks files by the end of their name; NULL: all. A failing write writes its first half. */
void faulty_fail(unsigned operations, const char *suffix, uint64_t nth, int code);
/* The space is back, the cable is in again. */
void faulty_mend(void);
/* How many such operations there were since the reset, failed ones included. */
uint64_t faulty_count(unsigned operations);

/* Begins to record, up to so many events; later ones are counted only. */
void faulty_trace_begin(size_t capacity);
size_t faulty_trace(const struct faulty_event **out);

/* Syncs of matching files wait, before they are passed on, until faulty_release. */
void faulty_hold_sync(const char *suffix);
/* Waits until a sync is being held. */
void faulty_wait_held(void);
void faulty_release(void);

/* From now on, whenever a file of this directory is synced, it is copied to the other one. Copies what is there first.
 */
void faulty_shadow(const char *directory, const char *shadow);

/* Pretends that shared memory cannot be had, so that no write-ahead log can be either. */
void faulty_deny_shared_memory(bool denied);

#endif
