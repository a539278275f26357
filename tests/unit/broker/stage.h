/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A real broker process, a shard that the test plays over a real link, and connections made with plain sockets. Waits
 * are bounded, so that a fault fails the test instead of hanging it. */
#ifndef TEST_BROKER_STAGE_H
#define TEST_BROKER_STAGE_H

#include <pthread.h>
#include <sys/types.h>

#include "proto/client.h"
#include "proto/link.h"

/* ---- the broker ---- */

struct stage {
    pid_t pid;
    int errors; /* its standard error, to be read */
    char bus[64], events[64];
};
/* Starts the broker with these options (NULL-terminated, at most 16); urls of free ports unless they say otherwise. */
void stage_open(struct stage *stage, const char *const *options);
void stage_kill(struct stage *stage);
/* Asks it to stop; returns its exit code. */
int stage_stop(struct stage *stage);
/* Starts a broker that cannot; returns its exit code and what it said. */
int stage_refused(const char *const *options, char *said, size_t size);

/* ---- a shard ---- */

struct actor {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct link *link;
    const char *name;
    uint64_t boot, epoch;
    bool mute; /* takes work and answers nothing */
    bool announced, connected, subscribed, closing;
    size_t reply_bytes; /* of data in each reply */
    int taken, answered;
    struct buffer replies; /* to go out with the next frame: a raw item each */
    uint32_t reply_count, in_flight;
    struct slice news_heads, news_records; /* once, with the next frame */
};
void actor_open(struct actor *actor, const char *name, const char *bus, uint64_t epoch);
void actor_close(struct actor *actor);
/* Until it has taken that many requests in all. */
void actor_await(struct actor *actor, int taken);

/* ---- a connection without a library ---- */

/* Connects and says what a REQ socket says; -1 when the broker closed at once. */
int raw_open(const char *bus);
/* Sends the beginning of a frame: its length as given, then so many of its bytes. False: the connection is closed. */
bool raw_send(int socket, uint64_t length, const void *bytes, size_t size);
/* A whole request frame for that account. */
bool raw_deposit(int socket, const char *account, uint32_t deadline_ms);
/* Is it closed by the other side within ten seconds? What comes before is thrown away. */
bool raw_closed(int socket);
/* Reads one whole reply; its payload. */
struct slice raw_read(int socket, uint8_t *memory, size_t size);

/* A number in the broker's metrics, or -1. */
int64_t metric_of(struct client *client, const char *name);
struct request deposit_request(const char *account);

#endif
