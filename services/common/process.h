/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What every process needs around its core: clocks, random bytes, signals that ask it to stop, the inbox through which
 * other threads hand work to its main loop, and the line that tells its supervisor that it is ready. */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

#include "proto/error.h"
#include "proto/slice.h"

int64_t clock_wall_us(void);       /* since 1970 UTC */
uint64_t clock_monotonic_us(void); /* CLOCK_BOOTTIME: goes on while the machine sleeps */
void random_bytes(void *out, size_t size);

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGPIPE in all threads (call it before any is started, once); from then on the
 * first three set the stopping flag and wake the inbox, which may be NULL. When parent_death is true and a supervisor
 * started this process (FLUVIUS_SUPERVISOR names its pid), it is also asked to stop when that supervisor dies. */
struct inbox;
void process_init(struct inbox *inbox, bool parent_death);
/* Forgets the inbox; call it before inbox_free when the process goes on for a while. */
void process_fini(void);
bool process_stopping(void);

/* Writes "ready\n" (or "ready TEXT\n") to the descriptor named by FLUVIUS_READY_FD, if set. The descriptor stays open:
 * a supervisor sees its end when the process is gone. */
void process_ready(const char *text);

/* A queue from many threads to one. Nodes are intrusive and belong to the receiver once pushed. The queue holds no
 * memory of its own, so its bound is that of its senders: a sender owns a bounded number of nodes and waits for one to
 * come back before it pushes more. */
struct inbox_node {
    struct inbox_node *next;
    int kind; /* the owner's */
};
struct inbox *inbox_new(void);
void inbox_free(struct inbox **inbox);
/* Any thread. */
void inbox_push(struct inbox *inbox, struct inbox_node *node);
/* Makes the present or the next inbox_take return without waiting. Any thread, and signal handlers. */
void inbox_wake(struct inbox *inbox);
/* Takes all nodes, oldest first; waits up to timeout_us for one. NULL when there is none. One thread. */
struct inbox_node *inbox_take(struct inbox *inbox, uint64_t timeout_us);
/* For loops that poll: from an inbox_take that gave NULL until the next one, it becomes readable when a node or a wake
 * comes. Only poll it; inbox_take reads it. */
int inbox_descriptor(const struct inbox *inbox);

#endif
