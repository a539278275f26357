/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Position tokens as vectors: how far one has come in each partition of a log. As text they are places joined with ",":
 *
 *     INCARNATION:PARTITION.SEQ     one partition; the incarnation in hex
 *     INCARNATION:=BASE64URL        all partitions from 0 on: varint base, then one zigzag varint seq - base each
 *
 * A partition that no place names is at 0; the greater seq counts when several do, so joining two tokens with ","
 * merges them. Pure. */
#ifndef PROTO_POSITION_H
#define PROTO_POSITION_H

#include "proto/error.h"
#include "proto/slice.h"
#include "proto/writer.h"

/* Raises seqs, which has a place for each partition, to what the token says. error_invalid_data when it is no position,
 * error_out_of_range when it names a partition that the log does not have, error_fenced when it is of another
 * incarnation. An empty token is one that names nothing. seqs may be partly raised on failure. */
enum error position_merge(struct slice token, uint64_t incarnation, uint64_t *seqs, uint32_t partitions);
/* The incarnation that the first place of a token names. */
enum error position_incarnation(struct slice token, uint64_t *out);
/* Appends the shorter of the two forms. */
void position_write(uint64_t incarnation, const uint64_t *seqs, uint32_t partitions, struct buffer *out);

#endif
