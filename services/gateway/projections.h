/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which names are hand-written projections: their rows have no aggregate that could answer, so GET /NS.NAME/ID of them
 * is a query. Found by name without walking the descriptions for each request. */
#ifndef GATEWAY_PROJECTIONS_H
#define GATEWAY_PROJECTIONS_H

#include "proto/slice.h"

struct projection_name {
    struct slice namespace, name; /* into the descriptions */
};
struct projections {
    struct projection_name *names; /* in order */
    size_t count;
};

/* Takes those of these descriptions in place of others; false when memory is out: there are none then. */
bool projections_take(struct projections *projections, struct slice descriptions);
void projections_fini(struct projections *projections);
/* projections may be NULL. */
bool projections_have(const struct projections *projections, struct slice namespace, struct slice name);

#endif
