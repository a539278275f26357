/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Replies on their way to one broker, as a core leaves them for brokers.h. */
#ifndef COMMON_OUTGOING_H
#define COMMON_OUTGOING_H

#include "proto/writer.h"

struct outgoing {
    struct buffer replies; /* [key, status, reply] one after another */
    size_t sent;           /* bytes at their front that are sent; those behind them move there now and then */
    uint32_t count;        /* of those that are not */
};

static inline void outgoing_clear(struct outgoing *outgoing)
{
    buffer_clear(&outgoing->replies);
    outgoing->sent = 0;
    outgoing->count = 0;
}

#endif
