/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Actors on one thread: bounded mailboxes, fair scheduling in bounded batches, asynchronous activation, timers,
 * supervision with restart and back-off, passivation of idle actors. It knows nothing of messages but their size, has
 * no clock, no thread and no I/O: time comes in as an argument (microseconds, any monotonic origin), and the same calls
 * give the same schedule.
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
 * refuses (RUNTIME_FULL). A message belongs to the runtime from a successful send until it is handed to receive or
 * drop; a refused one stays the sender's.
 *
 * Who is to end an activation may keep the actor's pointer: one that is activating is never freed, only emptied. Who is
 * to resume a suspended one may keep it until passivate is called for it. Any other pointer is good until the next call
 * that may end its actor: runtime_run, or for this very actor runtime_reset, runtime_stop, runtime_activated,
 * runtime_failed or runtime_timer_cancel.
 *
 * The behaviour's activate, receive, passivate and drop may call everything here but runtime_run and runtime_free; what
 * they do to the very actor they were called for takes effect when they return. may_passivate only looks. */
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
    RUNTIME_WAIT, /* activate: runtime_activated will be called; receive: suspended until runtime_resume */
    RUNTIME_FAIL, /* the actor failed: supervision decides */
    RUNTIME_STOP, /* stop this actor now; its messages are dropped */
    RUNTIME_FULL, /* the mailbox, or the whole runtime, is full */
    RUNTIME_NO_MEMORY,
};

enum runtime_drop {
    RUNTIME_DROP_STOPPED = 1, /* the actor stopped, or failed too often */
    RUNTIME_DROP_CLOSED,      /* the runtime was freed */
    RUNTIME_DROP_FORGOTTEN,   /* a timer's: its actor was passivated, was reset or failed before it was due */
};

struct runtime_behavior {
    size_t state_size; /* bytes in each actor for the behaviour's own use, zeroed when the actor is made */
    /* Makes the actor ready. RUNTIME_OK: it is. RUNTIME_WAIT: runtime_activated() or runtime_failed() follows, or was
     * called already. */
    enum runtime_result (*activate)(void *context, struct actor *actor);
    /* Takes one message and owns it from here on, whatever it returns. */
    enum runtime_result (*receive)(void *context, struct actor *actor, struct runtime_message *message);
    /* Asked before an idle actor is passivated; NULL: always. One that may not counts as just used. */
    bool (*may_passivate)(void *context, const struct actor *actor);
    /* Frees what activate and receive made; the state is zeroed after it. Called once for each call of activate, also
     * for one that failed; when the runtime is freed, also for one that still waits. */
    void (*passivate)(void *context, struct actor *actor);
    /* Takes back a message that will not be delivered. Of the actor only key and hash are of use. */
    void (*drop)(void *context, struct actor *actor, struct runtime_message *message, enum runtime_drop reason);
};

struct runtime_config {
    const struct runtime_behavior *behavior;
    void *context;                 /* given to every function of the behaviour */
    uint32_t mailbox_messages;     /* an actor's bound; 0: 1,024 */
    uint64_t mailbox_bytes;        /* of all mailboxes and timers together; 0: 64 MiB */
    uint32_t batch_messages;       /* one actor's turn; 0: 64 */
    uint32_t actors_max;           /* idle ones above it are passivated, least recently used first; 0: 100,000 */
    uint64_t bytes_max;            /* likewise, of actor_set_bytes; 0: 256 MiB */
    uint64_t idle_us;              /* idle this long: passivated; 0: never by time */
    uint64_t restart_delay_us;     /* first back-off, doubled each time; 0: 10 ms */
    uint64_t restart_delay_max_us; /* 0: 5 s */
    uint32_t restarts_max;         /* within the window, then the actor stops; 0: 5 */
    uint64_t restart_window_us;    /* opens with the first failure; 0: 60 s */
};

struct runtime_stats {
    uint64_t actors, active, activating, runnable;
    uint64_t messages, message_bytes;                                                 /* in mailboxes and timers */
    uint64_t actor_bytes;                                                             /* the sum of actor_set_bytes */
    uint64_t delivered, dropped, refused, activations, passivations, restarts, stops; /* totals */
};

/* NULL when memory is out. */
struct runtime *runtime_new(const struct runtime_config *config);
/* Drops all messages, passivates all actors. Safe on NULL. */
void runtime_free(struct runtime **runtime);

/* Finds or makes the actor named by key (copied; at most 65,535 bytes) whose hash is hash, and queues message for it.
 * RUNTIME_FULL, RUNTIME_NO_MEMORY. Calls nothing of the behaviour. */
enum runtime_result runtime_send(struct runtime *runtime,
                                 const void *key,
                                 size_t key_size,
                                 uint64_t hash,
                                 struct runtime_message *message,
                                 uint64_t now_us);
/* Sends to an actor that is known to exist. */
enum runtime_result runtime_send_to(struct runtime *runtime, struct actor *actor, struct runtime_message *message);
struct actor *runtime_find(struct runtime *runtime, const void *key, size_t key_size, uint64_t hash);
/* Hints that a message for this hash comes soon, so that the processor fetches what will be looked at: first the place
 * in the table of actors, and, some messages later, the actor that stands there. */
void runtime_expect(const struct runtime *runtime, uint64_t hash);
void runtime_expect_actor(const struct runtime *runtime, uint64_t hash);

/* Fires due timers, ends back-offs, and runs actors, each for at most a batch, until nothing is runnable or budget is
 * spent (a message costs one, an activation too); then passivates what is idle, at most budget actors. Returns how many
 * messages were delivered. A now_us before an earlier one counts as that. */
uint64_t runtime_run(struct runtime *runtime, uint64_t now_us, uint64_t budget);
/* When runtime_run has something to do next: now_us when there is work, UINT64_MAX when only a message helps. Idle
 * actors that all refuse to be passivated are no work: they are asked again, a few each time, by later runs. */
uint64_t runtime_next_us(const struct runtime *runtime, uint64_t now_us);

/* Ends an activation that waited. runtime_failed may also be called for an active actor, as if receive had failed. */
void runtime_activated(struct runtime *runtime, struct actor *actor);
void runtime_failed(struct runtime *runtime, struct actor *actor);
/* Stops delivering to an actor (and activating it) until it is resumed; its mailbox fills meanwhile. Not counted: one
 * resume ends any number of suspends; so does whatever forgets the state: reset, failure, stop. */
void runtime_suspend(struct runtime *runtime, struct actor *actor);
void runtime_resume(struct runtime *runtime, struct actor *actor);
/* Forgets an actor's state at once: passivate is called, and its waiting messages make it activate again. One that is
 * activating is reset when its activation ends. A back-off goes on. */
void runtime_reset(struct runtime *runtime, struct actor *actor);
/* Stops an actor: as runtime_reset, and its messages are dropped. Messages sent later make it anew. */
void runtime_stop(struct runtime *runtime, struct actor *actor);
/* Calls visit for every actor; visit may reset or stop the one it is given, no other. Actors made meanwhile may be left
 * out. */
void runtime_each(struct runtime *runtime, void (*visit)(void *context, struct actor *actor), void *context);

/* A timer queues message for the actor at due_us, in the order of due times, then of starts; also when the mailbox is
 * full. It is forgotten, and its message dropped, when the actor is passivated, reset, restarted or stopped. An actor's
 * timers and messages together are at most twice mailbox_messages. RUNTIME_FULL, RUNTIME_NO_MEMORY: the message stays
 * the caller's. out (may be NULL) names the timer for cancelling; a zeroed one names none. */
struct runtime_timer {
    uint32_t slot, generation;
};
enum runtime_result runtime_timer_start(struct runtime *runtime,
                                        struct actor *actor,
                                        uint64_t due_us,
                                        struct runtime_message *message,
                                        struct runtime_timer *out);
/* Gives the message back, and zeroes *timer; NULL when it has fired or was forgotten, however long ago. */
struct runtime_message *runtime_timer_cancel(struct runtime *runtime, struct runtime_timer *timer);

void *actor_state(struct actor *actor); /* behavior->state_size bytes */
const void *actor_key(const struct actor *actor, size_t *size);
uint64_t actor_hash(const struct actor *actor);
bool actor_active(const struct actor *actor);
/* Tells what the actor's state takes beyond the actor itself; nothing again once it is passivated. */
void actor_set_bytes(struct runtime *runtime, struct actor *actor, uint64_t bytes);

void runtime_stats(const struct runtime *runtime, struct runtime_stats *out);

#endif
