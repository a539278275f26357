/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the client library share: the table of requests, the frames in flight and the rules by which a
 * request moves. Not for users of the library.
 *
 *     FREE -> READY -> FLYING -> FREE            answered for good, or its deadline passed
 *                        |  ^
 *                        v  |
 *                      RESTING                   lost, busy, moved, unavailable: again after a pause
 *     FREE -> BAD -> FREE                        never sent: ended by the clock's thread
 *
 * A request whose frames were lost LOSSES_SUSPECT times is a suspect: it is sent alone, with nothing else in flight, so
 * that a reply which breaks every connection harms only its own request, which ends after LOSSES_MAX losses.
 *
 * Locks: `calling` first, then `lock`. `calling` is held while callbacks run, so that they run one at a time; `lock`
 * guards everything else and is never held over a callback. */
#ifndef PROTO_CLIENT_CORE_H
#define PROTO_CLIENT_CORE_H

#include <pthread.h>

#include "proto/client.h"
#include "proto/link.h"

enum {
    BROKERS_MAX = 16,
    BACK_OFF_MIN_MS = 10,
    BACK_OFF_MAX_MS = 500,
    LOSSES_SUSPECT = 3,
    LOSSES_MAX = 6,
    PAGE_BYTES = 65536,  /* what a page of rows is taken to need */
    HOLD_US = 2000,      /* how long a few requests wait for more while many are in flight */
    HOLD_SHARE = 8,      /* "a few": less than an eighth of those in flight */
    GRACE_MS = 500,      /* how long the connection may be later than the request's deadline */
    TEND_US = 500000,    /* how often links are looked after while one is not there */
    SWEEP_MIN_US = 2000, /* the clock's thread does not look at every request more often */
    ENDINGS_MAX = 1024,  /* callbacks in one go */
    KEEP_BYTES = 8192,   /* a request's buffer that is larger is given back */
    RANDOM_POOL = 1000,  /* bytes, of which each command id takes ten */
    HELD_BYTES_MAX = 64 << 20,
};

enum entry_state { ENTRY_FREE = 0, ENTRY_READY, ENTRY_FLYING, ENTRY_RESTING, ENTRY_BAD };

/* One request. */
struct entry {
    struct entry *next, *previous; /* in the list of READY ones, or of free ones (next only) */
    enum entry_state state;
    bool suspect, has_id;
    bool query;          /* who says `unavailable` to it has waited already */
    uint32_t generation; /* goes up when the entry is freed, so that late replies find nothing */
    uint32_t attempts, losses;
    int64_t deadline_us, due_us;
    size_t milliseconds_at; /* where its "ms" stands in bytes */
    struct buffer bytes;
    struct uuid id;
    client_done done;
    void *context;
};

struct entry_list {
    struct entry *first, *last;
    uint32_t count;
};

struct flight_entry {
    uint32_t entry, generation;
};

/* One frame on its way. */
struct flight {
    struct client *client;
    bool busy;
    uint32_t count;
    struct flight_entry *entries;
};

/* A callback that is due. */
struct ending {
    client_done done;
    void *context;
    struct reply reply;
};

struct client {
    pthread_mutex_t calling;
    struct ending *endings; /* of ENDINGS_MAX; guarded by calling */

    pthread_mutex_t lock;
    pthread_cond_t wake;    /* the clock's thread; on CLOCK_MONOTONIC */
    pthread_cond_t drained; /* nothing is in flight */
    pthread_t clock;
    bool clock_runs, closing;

    struct link *links[BROKERS_MAX];
    uint32_t link_count, current;
    bool rotate; /* the next frame goes to the next broker */

    struct entry *entries, *free;
    uint32_t capacity, used; /* entries below used were taken once */
    struct entry_list ready, suspects;
    uint32_t unfinished; /* taken and callback not returned */
    uint32_t flying;     /* requests in frames */
    size_t held_bytes;

    struct flight *flights;
    struct flight_entry *flight_entries;
    uint32_t flight_count, in_air;
    struct buffer frame; /* under construction */

    bool gathering; /* callbacks run on the thread `gatherer`: what they send goes out together afterwards */
    pthread_t gatherer;
    int64_t hold_until_us; /* 0: nothing is held */
    int64_t sweep_at_us;   /* when an entry needs the clock's thread; INT64_MAX: none */

    char *token;
    uint32_t batch;
    size_t max_bytes, request_bytes_max; /* of a frame, of one request */
    uint8_t random[RANDOM_POOL];
    uint32_t random_used;
};

int64_t client_now_us(void);

/* ---- entries; under lock ---- */
/* NULL when max_in_flight are taken. */
struct entry *entry_take(struct client *client);
void entry_ready(struct client *client, struct entry *entry);
void entry_rest(struct client *client, struct entry *entry, int64_t due_us);
/* Frees the entry and puts its callback, with reply, at place count of the endings. */
void entry_end(struct client *client, struct entry *entry, const struct reply *reply, uint32_t *count);
void entry_end_with(struct client *client, struct entry *entry, enum status status, const char *code, uint32_t *count);
/* Has the clock's thread look again at the latest then. */
void sweep_by(struct client *client, int64_t when_us);
struct entry *list_pop(struct entry_list *list);

/* ---- frames ---- */
/* Sends what is ready, as far as the rules let it; under lock. */
void frames_flush(struct client *client);
void flight_done(void *context, enum error error, struct slice reply);
/* Runs the callbacks of endings; with calling held and lock not. */
void endings_run(struct client *client, uint32_t count);

/* ---- the clock's thread: deadlines, pauses, held frames ---- */
void *clock_run(void *client);

#endif
