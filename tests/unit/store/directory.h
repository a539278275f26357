/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Temporary directories of the store's tests. */
#ifndef TEST_STORE_DIRECTORY_H
#define TEST_STORE_DIRECTORY_H

#define DIRECTORY_SIZE 64

/* Makes a new directory and writes its path. */
void directory_make(char path[DIRECTORY_SIZE]);
/* Copies a directory's files to a new one, in another process: opening and closing a database's file in this one would
 * drop the locks that SQLite holds on it. */
void directory_copy(const char *from, char to[DIRECTORY_SIZE]);
void directory_remove(const char *path);

#endif
