/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The broker's core: broker_step(state, input, now) -> effects. It routes each request of a client's frame to the shard
 * that owns its partition, gathers the replies of a frame in order, and fans committed records out. No socket, no
 * clock, no thread; the edge (effects.c) carries the effects out.
 *
 *   client frame --> requests --> queue of the owner --> work, when the shard granted a frame --> replies --> answer
 *                        |                                              |
 *                        +--> parked: no owner yet <--- shard lost -----+
 *
 * A request is in one place at a time: parked, queued for a shard, or sent to one. What was sent to a shard that is
 * lost, or no longer owns the partition, is parked again, in order; receipts make sending it again safe. A request's
 * bytes stay in the client's frame, which the edge keeps until the frame is answered or its pipe is gone. */
#ifndef BROKER_STEP_H
#define BROKER_STEP_H

#include "proto/envelope.h"

struct broker;

/* Who sends: from the credentials. Slices live as long as the broker. */
struct broker_principal {
    struct slice realm, user, roles; /* roles: raw msgpack array, may be empty */
    bool service;                    /* may send frames of work */
};

struct broker_config {
    uint64_t seed; /* random: where the keys of requests begin */
    /* error_bad_token when the token is not known, or missing where one is needed. */
    enum error (*authenticate)(void *context, struct slice token, struct broker_principal *out);
    /* Appends the broker's own metrics in the Prometheus text format. */
    void (*metrics)(void *context, struct buffer *out);
    void *context;
    uint32_t parked_commands, parked_ms, silent_ms; /* 0: limit_parked_commands, limit_parked_ms, 3,000 */
    uint64_t parked_bytes;                          /* 0: limit_parked_bytes */
    uint64_t held_bytes;                            /* of unanswered frames; 0: 128 MiB */
    uint32_t held_frames; /* of clients; the rest of the edge's places is for shards; 0: 896 */
    bool private_bus; /* credentials are needed: the event bus, which has none, carries heads but no records, and only
                         services read the log, which holds every realm's records */
};

enum broker_input_kind {
    BROKER_FRAME = 1,   /* a whole frame came */
    BROKER_PIPE_GONE,   /* a connection ended; handles of its frames are dead, and so are their bytes */
    BROKER_SUBSCRIBERS, /* how many listen to the event bus now */
    BROKER_TURN,        /* all frames that were there are in: send work */
    BROKER_TICK,        /* time passed: every 10 ms or so */
    BROKER_STOP,        /* refuse new frames and what is parked; finish the rest */
};

struct broker_input {
    enum broker_input_kind kind;
    uint64_t handle;    /* FRAME: the edge's name for it, to answer it by */
    uint32_t pipe;      /* FRAME, PIPE_GONE: not 0 */
    struct slice bytes; /* FRAME: valid until it is answered or its pipe is gone */
    uint32_t count;     /* SUBSCRIBERS */
};

struct broker_answer {
    uint64_t handle;
    struct buffer bytes;
};

/* Filled by steps; the edge takes everything and calls effects_clear. */
struct broker_effects {
    struct broker_answer *answers;
    uint32_t answer_count, answer_capacity;
    struct buffer *publications; /* messages for the event bus: a topic byte, then msgpack */
    uint32_t publication_count, publication_capacity;
    uint32_t *closes; /* pipes to close */
    uint32_t close_count, close_capacity;
};
void broker_effects_clear(struct broker_effects *effects);
void broker_effects_fini(struct broker_effects *effects);

#define BROKER_TIME_BUCKETS 22 /* powers of two from 1 us to about 2 s, and above */

struct broker_counters {
    uint64_t time_us_sum, time_us[BROKER_TIME_BUCKETS]; /* of requests that shards answered, from arrival to reply */
    uint64_t frames, requests, faulty_frames, work_frames, repeated_sends, query_crashes, by_status[status_count];
    uint64_t parked, queued, sent, shards, queries, projectors, unowned; /* now */
};

enum error broker_new(struct broker **out, const struct broker_config *config);
void broker_free(struct broker **broker);
/* now_us is monotonic. */
void broker_step(struct broker *broker, const struct broker_input *input, uint64_t now_us, struct broker_effects *out);
void broker_counters(const struct broker *broker, struct broker_counters *out);
/* Requests that are not answered yet. */
uint32_t broker_open(const struct broker *broker);

#endif
