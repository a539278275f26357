/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The threads that talk to the store, so that the core never waits: one writer for each unit that the process may own
 * (claims, commits, releases, and between them index, receipts and snapshots), one reader for all units of the process.
 * Work goes in by queues that are bounded by the core's own bounds (one batch a unit, one fetch an actor or job);
 * results come back through the inbox.
 */
#ifndef SHARD_UNIT_THREAD_H
#define SHARD_UNIT_THREAD_H

#include "services/common/process.h"
#include "services/shard/core.h"

enum mail_kind { MAIL_WORK = 1, MAIL_LINK, MAIL_CLAIMED, MAIL_COMMITTED, MAIL_FETCHED, MAIL_RELEASED, MAIL_POOL };

/* What other threads put into the main loop's inbox. The receiver frees it. */
struct mail {
    struct inbox_node node; /* node.kind is a mail_kind; WORK and LINK are a struct work_mail */
    enum error error;       /* POOL: why there is no view */
    struct claimed *claimed;
    struct batch *batch;
    struct fetch *fetch;
    struct store_pool *pool;           /* POOL */
    uint64_t asked_us, lease_until_us; /* POOL */
    uint32_t unit;                     /* RELEASED */
};
void mail_send(struct inbox *inbox, enum mail_kind kind, const struct mail *mail);

struct unit_thread;
struct unit_thread_config {
    struct store *store;
    struct inbox *inbox;
    uint32_t unit;
    struct domain *const *domains; /* their descriptions are kept in the store */
    uint32_t domain_count;
    uint32_t receipts_max;
};
enum error unit_thread_start(struct unit_thread **out, const struct unit_thread_config *config);
void unit_thread_claim(struct unit_thread *thread);
void unit_thread_commit(struct unit_thread *thread, struct batch *batch);
/* Gives the unit back; MAIL_RELEASED says when that is done. */
void unit_thread_release(struct unit_thread *thread);
/* Finishes what was asked, releases the unit, ends the thread. */
void unit_thread_stop(struct unit_thread **thread);

struct read_thread;
enum error read_thread_start(struct read_thread **out, struct store *store, struct inbox *inbox);
void read_thread_fetch(struct read_thread *thread, struct fetch *fetch);
void read_thread_stop(struct read_thread **thread);

#endif
