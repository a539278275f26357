/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Kernel locks on lock files: which process may write what lies beside one. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include "services/store/store.h"

/* Takes the lock and writes the holder's name into it; error_locked names the holder of a lock that is taken. */
enum error lock_take(const char *path, const char *holder, int *out, struct store_fault *fault);
void lock_give(int *lock);
/* Does anybody hold it? Where there is no file nobody does. */
enum error lock_held(const char *path, bool *out, struct store_fault *fault);
/* Waits for a lock that is held for moments only. */
enum error lock_wait(const char *path, int *out, struct store_fault *fault);

#endif
