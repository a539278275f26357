/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who may talk to this server: hosts it answers for (a page of another site whose name was made to point here, DNS
 * rebinding, still says its own name in Host), origins whose pages may call it, and credentials. Pure. */
#ifndef GATEWAY_GUARD_H
#define GATEWAY_GUARD_H

#include "services/common/settings.h"
#include "services/common/tokens.h"
#include "services/gateway/head.h"

struct guard {
    struct setting_list hosts, origins; /* what the settings allow, beyond what is always allowed */
    struct slice address;               /* the host part of the listening address */
    const struct tokens *tokens;
};

/* host is the Host field or the authority of an absolute target; has_host: there was one. http_1_1: it must be there.
 */
bool guard_host(const struct guard *guard, struct slice host, bool has_host, bool http_1_1, struct refusal *refusal);
/* Origins of the settings, and the server's own: after guard_host. */
bool guard_origin(const struct guard *guard, const struct head *head, struct refusal *refusal);
bool guard_credentials(const struct guard *guard, struct slice token, struct principal *out, struct refusal *refusal);

/* The header fields that let a page of an allowed origin read the answer; nothing without an Origin. */
void guard_origin_fields(const struct guard *guard, const struct head *head, struct answer *answer);
/* The answer to a preflight of an allowed origin. */
void guard_preflight(struct answer *answer);

/* The host of HOST, HOST:PORT, [V6]:PORT: without port and brackets. False when it cannot be one. */
bool host_of(struct slice authority, struct slice *out);

#endif
