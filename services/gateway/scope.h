/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The segment KEY=VALUE:KEY=VALUE of a URL, which narrows what it is about: as the map of texts that goes over the bus.
 * Who knows the fields reads the values. Pure. */
#ifndef GATEWAY_SCOPE_H
#define GATEWAY_SCOPE_H

#include "services/gateway/problem.h"

/* Appends the map; nothing for an empty segment. Keys and values are decoded as parameters are. */
bool scope_write(struct slice segment, struct buffer *out, struct refusal *refusal);

#endif
