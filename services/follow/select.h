/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which records a follower is to see. Pure. */
#ifndef FOLLOW_SELECT_H
#define FOLLOW_SELECT_H

#include "proto/envelope.h"

/* What the platform itself writes; only who asks for it sees it. */
#define PLATFORM_NAMESPACE "fluvius"

struct selection {
    struct slice realm; /* empty: every realm */
    struct slice namespace, resource, identifier, types /* raw array */;
    struct slice user, trace;
    struct uuid id;   /* valid when has_id */
    int64_t until_us; /* 0: no end */
    bool platform, receipts, has_id;
};

/* The selection of a request; views into it. realm as in struct selection. */
struct selection selection_of(const struct follow *follow, struct slice realm);
bool selection_has(const struct selection *selection, const struct record *record);

#endif
