/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Replies on their way to one broker, as a core leaves them for brokers.h. */
#ifndef COMMON_OUTGOING_H
#define COMMON_OUTGOING_H

#include "proto/writer.h"

struct outgoing {
    struct buffer replies; /* [key, status, reply] one after another */
    uint32_t count;
};

#endif
