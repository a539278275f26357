/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One request for what was: an aggregate's events, its state at a version or a time, what its events changed, or the
 * records of a partition. It is answered from the log, without owning anything, a page of the store at a time, so that
 * a long stream does not hold up other requests:
 *
 *   past_new, then past_step until it says true, past_reply, past_free
 *
 * A request sees everything that was acknowledged before it came: what is acknowledged is committed, and the store is
 * asked where the stream ends by each step. States are folded with the domains' own code, from the aggregate's snapshot
 * when it is of what is asked for and the same module wrote it, else from the first event. That code may crash or spin:
 * the journal says what ran. A step is a page of events or about TURN_US, whichever ends first; a request keeps a
 * state, three more for changes, and a page of a reply. Not thread-safe; requests of one thread may be stepped in
 * turns. */
#ifndef HISTORY_PAST_H
#define HISTORY_PAST_H

#include "fluvius/host.h"
#include "proto/envelope.h"
#include "services/common/journal.h"
#include "services/store/store.h"

/* What the requests of a thread have in common; it outlives them. */
struct past_config {
    struct store_info log;
    struct domain *const *domains;
    uint32_t domain_count;
    struct journal *journal;
    uint32_t lane;            /* of the journal, the thread's own */
    uint64_t (*now_us)(void); /* NULL: steps end by the number of events alone */
};

struct past;

enum { TURN_US = 10000 };

/* request and realm are views that outlive it. NULL when memory is out. */
struct past *past_new(const struct past_config *config, const struct request *request, struct slice realm);
void past_free(struct past **past);
/* Does a page of the work; true when the reply is there. */
bool past_step(struct past *past, struct store *store);
/* A process has crashed while it folded this aggregate, perhaps not because of it: no other thread should run domain
 * code during its steps, so that the next crash says whose fault it is. */
bool past_suspected(const struct past *past);
/* Views, valid as long as the request. */
const struct reply *past_reply(const struct past *past);

#endif
