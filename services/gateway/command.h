/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Commands: POST /NS:COMMAND/RESOURCE/IDENTIFIER and /:new. Pure parts of a call. */
#ifndef GATEWAY_COMMAND_H
#define GATEWAY_COMMAND_H

#include "services/gateway/call.h"

/* What can be said before the body has come. */
bool command_open(struct call *call, struct refusal *refusal);
/* JSON to msgpack, the command's id and conditions. CALL_ASK or CALL_REFUSED. */
enum call_next command_submit(struct call *call, struct slice body, const struct uuid *fresh_id);
/* The command's id for a key that the client chose: the key itself when it is a UUID. */
struct uuid command_id_of_key(const struct principal *principal, struct slice key);
void command_reply(struct call *call, const struct reply *reply);

#endif
