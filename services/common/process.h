/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What every process needs around its core: clocks, random bytes, signals that ask it to stop, the inbox through which
 * other threads hand work to its main loop, and the line that tells its supervisor that it is ready. */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

#include "proto/error.h"
#include "proto/slice.h"

int64_t clock_wall_us(void);      /* since 1970 UTC */
uint64_t clock_monotonic_us(void); /* CLOCK_BOOTTIME: goes on while the machine sleeps */
void random_bytes(void *out, size_t size);

/* Blocks SIGTERM, SIGINT and SIGPIPE in all threads (call it before any is started); from then on a SIGTERM or SIGINT
 * sets the flag and wakes the inbox. When parent_death is true the process is also told to stop when its parent dies. */
struct inbox;
void process_init(struct inbox *inbox, bool parent_death);
bool process_stopping(void);

/* Writes "ready\n" (and text after "ready ", when not NULL) to the descriptor named by FLUVIUS_READY_FD, if set. */
void process_ready(const char *text);

/* A bounded queue from many threads to one. Nodes are intrusive and owned by the receiver once pushed. */
struct inbox_node {
    struct inbox_node *next;
    int kind; /* the owner's */
};
struct inbox *inbox_new(void);
void inbox_free(struct inbox **inbox);
/* Any thread. */
void inbox_push(struct inbox *inbox, struct inbox_node *node);
/* Wakes a waiting inbox_take without a node. Any thread, and signal handlers. */
void inbox_wake(struct inbox *inbox);
/* Takes all nodes, oldest first; waits up to timeout_us for one. NULL when there is none. */
struct inbox_node *inbox_take(struct inbox *inbox, uint64_t timeout_us);
/* Readable when a node or a wake is there, for loops that poll; -1 when there is none. */
int inbox_descriptor(const struct inbox *inbox);

#endif
