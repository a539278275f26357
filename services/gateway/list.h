/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Queries over HTTP: a list /NS.NAME/ and one row of what only read models have. The URL becomes the data of a query
 * request; whether fields and operators fit is the query service's to say. Pure. */
#ifndef GATEWAY_LIST_H
#define GATEWAY_LIST_H

#include "services/gateway/call.h"

/* Reads parameters and path query into call->data, beside call->scope. False: the refusal says why. */
bool list_open(struct call *call, struct refusal *refusal);
/* Fills call->request. */
void list_submit(struct call *call);
/* Writes the answer with a page that was read. False when it has no row and one was asked for: nothing is written. */
bool list_page(struct call *call, const struct query_page *page);
/* Writes the answer to what the bus has said. */
void list_reply(struct call *call, const struct reply *reply);

#endif
