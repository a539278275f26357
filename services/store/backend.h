/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the backends share among themselves: the head of every store, positions as one number, and small helpers. Not
 * for callers of the store. */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "services/store/store.h"

/* The first member of each backend's own struct. */
struct store {
    const struct store_ops *ops;
};

/* A position in one number: the partition above 40 bits of seq. */
#define POSITION_SEQ_BITS 40
#define POSITION_SEQ_MAX ((UINT64_C(1) << POSITION_SEQ_BITS) - 1)
#define STORE_PARTITIONS_MAX 65536

static inline uint64_t position_of(uint32_t partition, uint64_t seq)
{
    return (uint64_t)partition << POSITION_SEQ_BITS | seq;
}
static inline uint32_t position_partition(uint64_t position)
{
    return (uint32_t)(position >> POSITION_SEQ_BITS);
}
static inline uint64_t position_seq(uint64_t position)
{
    return position & POSITION_SEQ_MAX;
}

static inline uint64_t load_big_endian(const uint8_t bytes[8])
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return __builtin_bswap64(value);
}
static inline void store_big_endian(uint8_t bytes[8], uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof value);
}

/* Writes the text, when fault is not NULL, and returns error. */
enum error fault_set(struct store_fault *fault, enum error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline bool kind_readable(const struct store_readers *readers, const struct store_kind *kind)
{
    return readers->reads == NULL || readers->reads(readers->context, kind);
}

/* error_unreadable, saying which kind of event where. */
enum error kind_refused(const char *where, const struct store_kind *kind, struct store_fault *fault);

/* How many partitions a unit has: those p with p mod units = unit. */
static inline uint32_t unit_partitions(const struct store_info *info, uint32_t unit)
{
    return (info->partitions - unit + info->units - 1) / info->units;
}

/* A claim with its partitions numbered and everything else zero; NULL when memory is out. Freed with free(). */
struct store_claim *claim_new(const struct store_info *info, uint32_t unit);

#endif
