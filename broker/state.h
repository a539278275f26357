/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The broker core's state and what its files call of each other. Nobody outside the core includes this. */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

#include "broker/list.h"
#include "broker/step.h"

enum { SERVICE_KINDS = 2, CREDITS_MAX = 8, SHARDS_MAX = 256, WORK_ITEMS_MAX = 256, WORK_BYTES_MAX = 256 * 1024 };

/* A connection, with the client frames that came by it. */
struct pipe {
    uint32_t id;
    struct list frames;
    uint32_t frame_count;
    struct pipe *next; /* in its chain of the table */
};

/* A client's frame until it is answered. */
struct frame {
    struct link_node node; /* of its pipe */
    struct pipe *pipe;
    uint64_t handle;
    uint32_t count, left, max_bytes;
    size_t bytes;         /* of the request and the replies */
    size_t replied;       /* of the replies alone */
    struct buffer answer; /* the replies to those before `next`, in their order */
    uint32_t next;
    struct buffer early; /* replies that came before their turn */
    struct part {
        size_t at, size; /* in early; size 0: not there */
        struct pending *pending;
    } * parts;
};

enum pending_place { PENDING_FREE, PENDING_PARKED, PENDING_QUEUED, PENDING_SENT };

/* One request on its way. */
struct pending {
    struct link_node node; /* parked, or the queue or the sent list of its shard */
    enum pending_place place;
    uint64_t key;
    struct frame *frame;
    uint32_t index; /* in the frame */
    uint64_t stream_hash;
    bool offered;    /* any query process may answer it: no partition's owner is needed */
    bool query;      /* offered, and no follow: it is answered as soon as it can be */
    uint32_t losses; /* query processes that were lost while they had it */
    struct broker_principal principal;
    struct slice raw;                           /* in the frame's bytes */
    char identifier[UUID_TEXT_SIZE];            /* made for a :new; "" otherwise */
    uint64_t arrived_us, deadline_us, since_us; /* since: parked */
    struct shard_session *session;
    const struct shard_session
        *moved_by; /* gave it back, and gets it again only after a while; maybe gone. NULL: none */
    uint32_t next_free;
};

/* What somebody who listens for heads was told, and when: the count of moves then, some heads, all of them. */
struct heads_told {
    uint64_t moves, us, all_us;
};

/* A shard, or another service, as this broker knows it, from its first frame of work until its connection is lost. */
struct shard_session {
    char name[64], serves[32]; /* serves: "" for a shard */
    uint64_t boot, seen_us;
    uint32_t pipe;
    struct list queue, sent; /* of pending */
    struct {
        uint64_t handle, since_us;
    } credits[CREDITS_MAX]; /* oldest first */
    uint32_t credit_count, owned_count;
    uint32_t sent_count;         /* of a query process: the length of sent */
    const struct pending *trial; /* the query in its hands that two others were lost with; NULL: none */
    uint64_t answered;           /* frames of work answered: their numbers */
    struct heads_told heads;
    bool announced; /* it said what it owns */
    bool leaving;   /* a service that ends as it was told to: it gets nothing more, and is not missed */
    struct buffer descriptions, metrics, alarms;
};

/* An answer of the broker's own that is given again for a while. */
struct own_reply {
    struct buffer reply;
    uint64_t until_us; /* 0: it must be made anew */
};

struct route {
    struct shard_session *session;
    uint64_t epoch;
    uint64_t head, moved; /* moved: which of the broker's head_moves was its last */
};

struct broker {
    struct broker_config config;
    uint64_t now_us;
    struct broker_effects *effects;
    struct pipe *pipes[1024];                   /* chains by id */
    struct pending **pages;                     /* of PAGE_SLOTS each: a pending does not move */
    uint32_t page_count, slot_count, free_slot; /* free_slot: index + 1, 0 is none */
    uint64_t generation;
    struct list parked;
    struct list offered;             /* queued for whichever query process has room first */
    struct list trials;              /* likewise, queries that two were lost with: each has one at a time */
    uint64_t waiting, waiting_bytes; /* parked and queued */
    uint64_t held_bytes;             /* of frames that are not answered */
    uint32_t held_frames;
    uint64_t parking_us, deadline_us; /* when parking has to be looked at, and when the first deadline may pass */
    struct shard_session *sessions[SHARDS_MAX];
    uint32_t session_count;
    struct route *routes;
    uint32_t partitions; /* 0: not known yet */
    uint32_t subscribers;
    uint64_t listened_us; /* until then somebody wants records on the event bus, not only heads */
    uint64_t head_moves;  /* how often a head has moved */
    struct heads_told published;
    uint64_t missed_us[SERVICE_KINDS]; /* by kind: when the one that was lost last was heard last; 0: none was, or it
                                          had said that it leaves */
    uint64_t unserved_us;              /* when a request was given up last for want of a query process; 0: none was */
    struct buffer descriptions; /* of the shard that was lost last: a restart does not make its domains unknown */
    bool stopping;
    struct broker_counters counters;
    struct own_reply described, measured;
    struct buffer scratch, heads;
    uint32_t open; /* requests that are not answered */
};

/* effects.h part: answer a handle, publish, close. */
struct buffer *effect_answer(struct broker *broker, uint64_t handle); /* NULL: no memory; the deadline ends it */
struct buffer *effect_publish(struct broker *broker);
void effect_close(struct broker *broker, uint32_t pipe);

/* pipes.c */
struct pipe *pipe_find(struct broker *broker, uint32_t id);
struct pipe *pipe_make(struct broker *broker, uint32_t id);  /* NULL: no memory */
void pipe_release(struct broker *broker, struct pipe *pipe); /* forgets it when it has no frame */
void pipe_drop(struct broker *broker, uint32_t id);

/* Do shards have to send records? */
bool records_wanted(const struct broker *broker);

/* frames.c */
void frame_take(struct broker *broker, const struct broker_input *input);
void frame_drop(struct broker *broker, struct frame *frame); /* unanswered: its pipe is gone */
/* Gives a part its reply; answers the frame when it was the last. */
void frame_reply(struct broker *broker, struct frame *frame, uint32_t index, enum status status, struct slice raw);

/* pending.c */
struct pending *pending_new(struct broker *broker);
struct pending *pending_find(struct broker *broker, uint64_t key);
void pending_free(struct broker *broker, struct pending *pending);
void pending_end(struct broker *broker, struct pending *pending, enum status status, struct slice raw);
void pending_fail(struct broker *broker,
                  struct pending *pending,
                  enum status status,
                  const char *code,
                  const char *message,
                  uint32_t retry_ms);
void pending_measure(struct broker *broker, const struct pending *pending); /* a shard answered it */
void deadline_watch(struct broker *broker, uint64_t deadline_us);    /* one more that pendings_sweep must not miss */
void pending_expire(struct broker *broker, struct pending *pending); /* its deadline has come */
void pendings_sweep(struct broker *broker);                          /* ends those whose deadline has passed */

/* parking.c: where a request waits */
void pending_place(struct broker *broker, struct pending *pending, enum pending_place place, struct list *list);
void pending_route(struct broker *broker, struct pending *pending); /* new: to its owner's queue, or parked */
void pending_park(struct broker *broker, struct pending *pending);
void pending_leave(struct broker *broker, struct pending *pending); /* takes it from where it is */
void pending_sent(struct broker *broker, struct pending *pending, struct shard_session *session);
void pending_give_up(struct broker *broker, struct pending *pending); /* it waited long enough */
void parking_turn(struct broker *broker); /* parked ones whose partition has an owner; those who waited too long */
void parking_tick(struct broker *broker); /* the same, not at every call */
bool pending_owned_by(const struct broker *broker, const struct pending *pending, const struct shard_session *session);
bool parking_full(const struct broker *broker, size_t bytes);

/* sessions.c */
bool pending_over(struct broker *broker, struct pending *pending); /* its deadline has come: it is ended */
void item_add(struct broker *broker, const struct pending *pending, struct buffer *out);
/* Answers the oldest credit with the items in scratch, whose number is not 0. */
void work_give(struct broker *broker, struct shard_session *session, uint32_t count);
void work_take(struct broker *broker, const struct broker_input *input);
void session_lost(struct broker *broker, struct shard_session *session);
void session_park_strays(struct broker *broker, struct shard_session *session); /* requests it does not own any more */
struct shard_session *session_by_pipe(struct broker *broker, uint32_t pipe);
void sessions_send(struct broker *broker); /* queued requests to shards with credits */
void sessions_tick(struct broker *broker);

/* offers.c: requests that any query process may answer */
void pending_offer(struct broker *broker, struct pending *pending);
/* Gives what waits to the query processes that have granted frames, those with least in hand first. */
void offers_send(struct broker *broker);
/* Ends those that waited too long while there is no query process. */
void offers_expire(struct broker *broker);
/* A query process is gone: what waits for one has its whole time again. */
void offers_wait_anew(struct broker *broker);
/* It had this one. True: it was the third that was lost with it, so it is answered; else it goes to another. */
bool offer_lost(struct broker *broker, struct pending *pending);

/* services.c */
bool session_is_shard(const struct shard_session *session);
uint32_t shards_count(const struct broker *broker);
uint32_t services_count(const struct broker *broker, const char *serves);        /* connected now; "": shards */
void service_missed(struct broker *broker, const struct shard_session *session); /* it is lost */
/* Appends a text for each kind of service of which there is none though there should be; their number. */
uint32_t services_alarms(const struct broker *broker, struct buffer *out);

/* routes.c */
bool routes_size(struct broker *broker, uint32_t partitions); /* false: shards of another log are here */
void routes_own(struct broker *broker, struct shard_session *session, struct slice owned);
void routes_forget(struct broker *broker, const struct shard_session *session);

/* fanout.c */
/* The heads that go along with an answer to a service, a raw array: those that moved, now and then all; empty: nothing
 * is new. Taken for told. */
struct slice heads_news(struct broker *broker, struct shard_session *session);
/* Shall a service that waits be answered because heads moved? */
bool heads_wake(const struct broker *broker, const struct shard_session *session);
void fanout_heads(struct broker *broker, const struct shard_session *session, struct slice heads);
void fanout_records(struct broker *broker, struct slice records);
void fanout_tick(struct broker *broker);

/* own.c: what the broker answers itself */
bool own_answers(struct broker *broker, enum operation operation, struct buffer *reply);

/* exposition.c: several texts in the Prometheus format as one; families of one name are put together. */
void exposition_merge(const struct slice *texts, uint32_t count, struct buffer *out);

#endif
