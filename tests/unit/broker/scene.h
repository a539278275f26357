/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Conversations with the broker's core in virtual time: clients and shards speak by name, the test sees every answer.
 * A frame's handle is its number in the scene; bytes of frames and answers are kept until the scene ends. */
#ifndef TEST_BROKER_SCENE_H
#define TEST_BROKER_SCENE_H

#include "broker/step.h"

enum { SCENE_FRAMES = 4096, SCENE_PARTITIONS = 4 };

struct scene {
    struct broker *broker;
    struct broker_effects effects;
    uint64_t now_us;
    uint32_t frames;
    struct buffer frame_bytes[SCENE_FRAMES], answers[SCENE_FRAMES];
    bool answered[SCENE_FRAMES];
    struct buffer publications[64];
    uint32_t publication_count;
    uint32_t closed[64], close_count;
    bool tokens; /* "alice", "bob" and "shard" are known; nothing else is */
};

struct scene *scene_new(struct broker_config config);
void scene_free(struct scene *scene);

/* Steps, at the scene's time. Each frame's handle is returned; the broker's turn to send work is not part of it. */
uint64_t say(struct scene *scene, uint32_t pipe, struct slice frame);
void turn(struct scene *scene);
void leave(struct scene *scene, uint32_t pipe);
void subscribe(struct scene *scene, uint32_t count);
void stop(struct scene *scene);
/* Time passes in ticks of 10 ms. */
void pass(struct scene *scene, uint64_t milliseconds);
bool answered(const struct scene *scene, uint64_t handle);
bool closed(const struct scene *scene, uint32_t pipe);

/* ---- clients ---- */

struct asked {
    enum operation operation;
    const char *identifier; /* NULL: a :new */
    uint32_t deadline_ms;   /* 0: the default */
    uint8_t id;             /* the last byte of the command's id */
    const char *token;
    int64_t partition, version, at_us; /* 0: none */
    size_t padding;                    /* bytes of data */
};
/* One frame with these requests; then the broker's turn. */
uint64_t ask(struct scene *scene, uint32_t pipe, const struct asked *asked, uint32_t count);
uint64_t ask_limited(struct scene *scene, uint32_t pipe, const struct asked *asked, uint32_t count, uint32_t max_bytes);
/* A deposit on one account, as one frame. */
uint64_t deposit(struct scene *scene, uint32_t pipe, const char *account);
/* An account that lives in that partition, the nth of them. */
const char *account_in(uint32_t partition, uint32_t nth);

/* Replies of an answered frame, by index. */
struct reply reply_at(const struct scene *scene, uint64_t handle, uint32_t index);
enum status status_at(const struct scene *scene, uint64_t handle, uint32_t index);
uint32_t reply_count(const struct scene *scene, uint64_t handle);
/* The code of a frame that was refused whole; fails the test when it was not. */
const char *refusal(const struct scene *scene, uint64_t handle, enum status *status);

/* ---- shards ---- */

struct party {
    const char *name;
    uint64_t boot;
    uint32_t pipe;
    const char *token;
    const char *serves; /* NULL: it is a shard */
};
struct owned {
    uint32_t partition;
    uint64_t epoch;
};
/* Says that it has a log of SCENE_PARTITIONS and owns these; grants a frame. */
uint64_t announce(struct scene *scene, const struct party *shard, const struct owned *owned, uint32_t count);
uint64_t announce_all(struct scene *scene, const struct party *shard, uint64_t epoch);
uint64_t grant(struct scene *scene, const struct party *shard);

struct work {
    bool subscribed, unknown;
    struct slice heads; /* raw array; empty: none */
    uint32_t count;
    struct item items[512];
};
/* What the broker answered to a frame of work. */
void work_at(const struct scene *scene, uint64_t handle, struct work *out);
/* The shard answers items; that frame grants another. */
uint64_t
done(struct scene *scene, const struct party *shard, const struct item *items, uint32_t count, enum status status);
/* As done, with data of so many bytes in each reply. */
uint64_t
done_large(struct scene *scene, const struct party *shard, const struct item *items, uint32_t count, size_t bytes);
/* One head; grants a frame. */
uint64_t say_head(struct scene *scene, const struct party *shard, uint32_t partition, uint64_t seq);
/* Any frame of work: fields are those of the struct that are not empty. */
uint64_t speak(struct scene *scene, const struct party *shard, struct work_frame frame);

#endif
