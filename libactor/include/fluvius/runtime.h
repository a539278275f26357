/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Actors on one thread: bounded mailboxes, fair scheduling in bounded batches, asynchronous activation, timers,
 * supervision with restart and back-off, passivation of idle actors. It knows nothing of messages but their size, has no
 * clock, no thread and no I/O: time comes in as an argument (microseconds, any monotonic origin), and the same calls give
 * the same schedule.
 *
 * Life of an actor:
 *
 *     (absent) --send--> activating --activated--> active <--receive--> ... --idle--> passivated (absent)
 *                            |                       |
 *                            +--failed--> backing off <--receive failed
 *                                            | after restart_delay, up to restarts_max in restart_window
 *                                            +--> activating again, or stopped: its messages are dropped
 *
 * While an actor is activating or backing off its messages wait in its mailbox, which is bounded in count; a full one
 * refuses (RUNTIME_FULL). A message belongs to the runtime from a successful send until it is handed to receive or drop. */
#ifndef FLUVIUS_RUNTIME_H
#define FLUVIUS_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct runtime;
struct actor;

/* The head of every message; the owner embeds it as the first member. */
struct runtime_message {
    struct runtime_message *next; /* the runtime's */
    uint32_t size;                /* bytes this message counts for */
};

enum runtime_result {
    RUNTIME_OK = 0,
    RUNTIME_WAIT,      /* activate: runtime_activated will be called; receive: see runtime_suspend */
    RUNTIME_FAIL,      /* the actor failed: supervision decides */
    RUNTIME_STOP,      /* stop this actor now; its messages are dropped */
    RUNTIME_FULL,      /* the mailbox, or the whole runtime, is full */
    RUNTIME_NO_MEMORY,
};

enum runtime_drop {
    RUNTIME_DROP_STOPPED = 1, /* the actor stopped, or failed too often */
    RUNTIME_DROP_CLOSED,      /* the runtime was freed */
};

struct runtime_behavior {
    size_t state_size; /* bytes in each actor for the behaviour's own use, zeroed when the actor is made */
    /* Makes the actor ready. RUNTIME_OK: it is. RUNTIME_WAIT: runtime_activated() or runtime_failed() follows. */
    enum runtime_result (*activate)(void *context, struct actor *actor);
    /* Takes one message and owns it from here on, whatever it returns. */
    enum runtime_result (*receive)(void *context, struct actor *actor, struct runtime_message *message);
    /* Asked before an idle actor is passivated; NULL: always. */
    bool (*may_passivate)(void *context, const struct actor *actor);
    /* Frees what activate and receive made. Called for each actor that was ever activated, once. */
    void (*passivate)(void *context, struct actor *actor);
    /* Takes back a message that will not be delivered. */
    void (*drop)(void *context, struct actor *actor, struct runtime_message *message, enum runtime_drop reason);
};

struct runtime_config {
    const struct runtime_behavior *behavior;
    void *context;              /* given to every function of the behaviour */
    uint32_t mailbox_messages;  /* an actor's bound; 0: 1,024 */
    uint64_t mailbox_bytes;     /* of all mailboxes together; 0: 64 MiB */
    uint32_t batch_messages;    /* one actor's turn; 0: 64 */
    uint32_t actors_max;        /* idle ones above it are passivated, least recently used first; 0: 100,000 */
    uint64_t bytes_max;         /* likewise, of actor_set_bytes; 0: 256 MiB */
    uint64_t idle_us;           /* idle this long: passivated; 0: never by time */
    uint64_t restart_delay_us;  /* first back-off, doubled each time; 0: 10 ms */
    uint64_t restart_delay_max_us; /* 0: 5 s */
    uint32_t restarts_max;      /* within the window, then the actor stops; 0: 5 */
    uint64_t restart_window_us; /* 0: 60 s */
};

struct runtime_stats {
    uint64_t actors, active, activating, runnable, messages, message_bytes, actor_bytes;
    uint64_t delivered, activations, passivations, restarts, stops, refused; /* totals */
};

/* NULL when memory is out. */
struct runtime *runtime_new(const struct runtime_config *config);
/* Drops all messages, passivates all actors. Safe on NULL. */
void runtime_free(struct runtime **runtime);

/* Finds or makes the actor named by key (copied; at most 65,535 bytes) whose hash is hash. */
enum runtime_result runtime_send(struct runtime *runtime,
                                 const void *key,
                                 size_t key_size,
                                 uint64_t hash,
                                 struct runtime_message *message,
                                 uint64_t now_us);
/* Sends to an actor that is known to exist. */
enum runtime_result runtime_send_to(struct runtime *runtime, struct actor *actor, struct runtime_message *message);
struct actor *runtime_find(struct runtime *runtime, const void *key, size_t key_size, uint64_t hash);

/* Fires due timers, ends back-offs, and runs actors, each for at most a batch, until nothing is runnable or about
 * budget messages were delivered; then passivates what is idle. Returns how many were delivered. */
uint64_t runtime_run(struct runtime *runtime, uint64_t now_us, uint64_t budget);
/* When runtime_run has something to do next: now_us when actors are runnable, UINT64_MAX when only a message helps. */
uint64_t runtime_next_us(const struct runtime *runtime, uint64_t now_us);

/* Ends an activation that waited. */
void runtime_activated(struct runtime *runtime, struct actor *actor);
void runtime_failed(struct runtime *runtime, struct actor *actor);
/* Stops delivering to an actor until it is resumed; its mailbox fills meanwhile. */
void runtime_suspend(struct runtime *runtime, struct actor *actor);
void runtime_resume(struct runtime *runtime, struct actor *actor);
/* Forgets an actor's state at once: passivate is called, and its waiting messages make it activate again. */
void runtime_reset(struct runtime *runtime, struct actor *actor);
/* Calls visit for every actor; visit may reset or stop the one it is given. */
void runtime_each(struct runtime *runtime, void (*visit)(void *context, struct actor *actor), void *context);

/* A timer sends message to the actor at due_us (which activates it if need be); it is forgotten when the actor is
 * passivated or stopped, and its message dropped. Cancelling gives the message back; NULL when it has fired. */
struct runtime_timer;
struct runtime_timer *runtime_timer_start(struct runtime *runtime,
                                          struct actor *actor,
                                          uint64_t due_us,
                                          struct runtime_message *message);
struct runtime_message *runtime_timer_cancel(struct runtime *runtime, struct runtime_timer **timer);

void *actor_state(struct actor *actor); /* behavior->state_size bytes */
const void *actor_key(const struct actor *actor, size_t *size);
uint64_t actor_hash(const struct actor *actor);
bool actor_active(const struct actor *actor);
/* Tells what the actor's state takes beyond the actor itself. */
void actor_set_bytes(struct runtime *runtime, struct actor *actor, uint64_t bytes);

void runtime_stats(const struct runtime *runtime, struct runtime_stats *out);

#endif
