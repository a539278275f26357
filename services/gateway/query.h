/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Query parameters of commands and of reads on an aggregate. Each is known by name: a misspelt ?dry_rum=1 must not run
 * the command in earnest, so what is not known is refused, as are repeated ones. Pure. */
#ifndef GATEWAY_QUERY_H
#define GATEWAY_QUERY_H

#include "services/gateway/url.h"

struct url_query {
    bool dry_run;
    int64_t version; /* -1 when absent */
    int64_t at_us;   /* 0 when absent */
    uint64_t after;  /* 0 when absent; of changes: from */
    int64_t to;      /* -1 when absent */
    uint32_t limit;  /* limit_page_default when absent */
};

/* A time (RFC 3339) that was a parameter, decoded. A space stands for +: it is the sign of an offset that was not
 * encoded, as a time has none. */
bool query_time(struct slice text, int64_t *out_us);

/* Do the parameters ask for a state as it was, by version or time? */
bool url_query_of_past(struct slice text);
/* Takes what a URL of this kind may have. */
bool url_query_parse(enum url_kind kind, struct slice text, struct url_query *out, struct refusal *refusal);

#endif
