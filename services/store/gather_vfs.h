/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A VFS for SQLite that gathers writes to the write-ahead log. SQLite writes each page of a commit with two system
 * calls; most of them follow one another in the file, so that a commit is one or two writes and its sync. Every other
 * file is the usual VFS's own.
 *
 * What is gathered is written at the latest before the log is synced, read, measured or cut. At synchronous=FULL no
 * other connection looks at frames of a commit before its sync has returned, so nobody misses what is still gathered. A
 * write that fails is reported by the call that made it necessary: for a commit its sync, with the write's own code. */
#ifndef STORE_GATHER_VFS_H
#define STORE_GATHER_VFS_H

#include <stdbool.h>

#define GATHER_VFS "fluvius-gather"

/* Registers the VFS in front of what is the default one at the time; from any thread, once for the process. False when
 * SQLite refuses it. */
bool gather_vfs_register(void);

#endif
