/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reads on one aggregate: GET /NS.RESOURCE/IDENTIFIER and /events. Pure parts of a call. */
#ifndef GATEWAY_READ_H
#define GATEWAY_READ_H

#include "services/gateway/call.h"

void read_submit(struct call *call);
void read_reply(struct call *call, const struct reply *reply);
/* "changes":[...],"events":[...] of the data that a reply about changes has. */
void read_changes_render(struct buffer *out, struct slice data);

#endif
