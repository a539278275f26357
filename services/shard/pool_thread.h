/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that keeps this process in the pool: it beats every third of a lease, more often while units change hands
 * or after a failure, and posts what it sees to the inbox (MAIL_POOL). It decides nothing. */
#ifndef SHARD_POOL_THREAD_H
#define SHARD_POOL_THREAD_H

#include "services/shard/unit_thread.h"

struct pool_thread;
struct pool_thread_config {
    struct store *store; /* with a pool */
    struct inbox *inbox;
    uint32_t lease_ms, units;
};
enum error pool_thread_start(struct pool_thread **out, const struct pool_thread_config *config);
/* Main loop's thread: requests taken in since the start, by unit; the next beat tells what that is a second. */
void pool_thread_requests(struct pool_thread *thread, const uint64_t *requests);
/* A view has been taken from the inbox. While units are on the move beats are frequent. */
void pool_thread_seen(struct pool_thread *thread, bool moving);
/* Beat at once. */
void pool_thread_hurry(struct pool_thread *thread);
/* Say from now on that this process is leaving. */
void pool_thread_leave(struct pool_thread *thread);
void pool_thread_stop(struct pool_thread **thread);

#endif
