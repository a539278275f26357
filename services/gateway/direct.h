/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lists and rows that the gateway reads itself (--reads), on its one thread, in between: what costs little and is
 * there. Everything else goes on to query processes as if nobody had looked: what takes longer, what has to wait for a
 * position, and whatever is wrong. So this process never waits for a read, and each rule stands in one place.
 *
 * A read that ended the process (the journal tells) is not tried here again: brokers count such queries. */
#ifndef GATEWAY_DIRECT_H
#define GATEWAY_DIRECT_H

#include "services/gateway/call.h"

struct direct;

struct direct_config {
    const char *url;     /* sqlite:DIRECTORY; kept */
    const char *journal; /* path; NULL: such reads are forgotten with the process */
};

/* That there is nothing to read yet is no error. error_no_memory, and those of journal_map. */
enum error direct_open(struct direct **out, const struct direct_config *config);
void direct_close(struct direct **direct);

/* Answers a call whose request is a query; false: it is query processes' to answer, and the call is as it was. */
bool direct_answer(struct direct *direct, struct call *call, uint64_t now_us);
/* Ends a turn of the loop: reads of one turn are of one moment, as if all of them had come at its beginning. Safe on
 * NULL. */
void direct_rest(struct direct *direct);

#endif
