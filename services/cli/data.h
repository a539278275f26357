/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data directory of `fluvius up`: made when it is not there, locked against a second one, and free of what an
 * earlier one that was killed may have left running. */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "proto/error.h"

#define DATA_FAULT_SIZE 5000

/* Makes the directory with its parents and locks it until *lock is closed, or the process ends. error_locked names the
 * holder in fault (at least DATA_FAULT_SIZE bytes), other errors the path. */
enum error data_lock(const char *data, int *lock, char *fault);
/* Services of an earlier run end by themselves when their supervisor dies; waits for the last of them. error_locked
 * names one that did not end within wait_ms. */
enum error data_wait_for_orphans(const char *data, int wait_ms, char *fault);

#endif
