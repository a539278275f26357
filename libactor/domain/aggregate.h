/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One aggregate's memory. Private to libactor/domain. */
#ifndef LIBACTOR_DOMAIN_AGGREGATE_H
#define LIBACTOR_DOMAIN_AGGREGATE_H

#include "libactor/domain/model.h"

enum { AGGREGATE_MEMORY_MAX = 64 << 20 };

/* The state follows, resource->state->size bytes; its first member is the address of memory's face. */
struct aggregate {
    const struct domain_resource *resource;
    uint64_t version;
    struct arena memory; /* owns what the state points to, and what it no longer points to */
    uint32_t live;       /* memory.used when last compacted */
    uint32_t measured;   /* bytes of the encoded state when last measured */
    uint32_t since;      /* bytes of the events applied since then */
    uint32_t unused;
};

static inline void *aggregate_state(const struct aggregate *aggregate)
{
    return (void *)(uintptr_t)(aggregate + 1);
}

/* About what the encoded state takes: never far below, as events carry what the state keeps. */
static inline uint64_t aggregate_estimate(const struct aggregate *aggregate)
{
    return (uint64_t)aggregate->measured + aggregate->since;
}

#endif
