/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The checksums of what is stored. They are of the contents, not of a database's bytes: a row of the log has the same
 * checksum in every backend. */
#ifndef STORE_CHECKSUM_H
#define STORE_CHECKSUM_H

#include "services/store/backend.h"

/* XXH3-64 (seed 0) of these bytes, integers big-endian in 8 bytes:
 *   position, time_us, epoch, version, previous, schema, status (2^64 - 1: NULL),
 *   the sizes of realm, namespace, resource, identifier, event, data, command, user, traceparent, hash
 *   (2^64 - 1: NULL), then command_id, then the bytes of those ten columns in that order. */
uint64_t row_checksum(const struct store_record *record, uint64_t epoch);

/* XXH3-64 of hash, version, seq, time_us, fingerprint and the sizes of key and state, big-endian in 8 bytes each, then
 * key and state. */
uint64_t snapshot_checksum(uint64_t hash, struct slice key, const struct store_snapshot *snapshot);

#endif
