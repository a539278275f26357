/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Position tokens as a starting place: "INCARNATION:PARTITION.SEQ" and several of them joined with commas. */
#ifndef CLI_POSITION_H
#define CLI_POSITION_H

#include "proto/error.h"
#include "proto/slice.h"

/* Sets after[p] to the highest seq that the token names for partition p, p below partitions; the others stay as they
 * are. error_invalid_data for another text or a partition that does not exist; after is then as it was in part. */
enum error position_read(const char *token, uint64_t *after, uint32_t partitions);

#endif
