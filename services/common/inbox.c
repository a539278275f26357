/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The inbox: a list that senders push to and the receiver takes whole, and an eventfd that is written only when the
 * receiver said that it is going to wait.
 *
 *     receiver: take list; empty? -> armed = true -> take list again -> wait
 *     sender:   push               -> was armed?  -> armed = false, write eventfd
 *
 * Both sides write their own word and then read the other's, all sequentially consistent, so at least one of them sees
 * the other: no push is ever slept over. Whoever clears `armed` writes the eventfd exactly once; the receiver counts
 * those writes (`owed`) and reads them away, also the one that comes late. */
#include "services/common/process.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct inbox {
    _Atomic(struct inbox_node *) newest;
    atomic_bool armed, woken;
    int descriptor;
    bool was_armed; /* receiver's: armed was set and not yet seen cleared */
    uint64_t owed;  /* receiver's: writes to the eventfd that were caused and not yet read */
};

struct inbox *inbox_new(void)
{
    struct inbox *inbox = calloc(1, sizeof *inbox);

    if (inbox == NULL) {
        return NULL;
    }
    inbox->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (inbox->descriptor < 0) {
        free(inbox);
        return NULL;
    }
    return inbox;
}

void inbox_free(struct inbox **inbox)
{
    if (*inbox == NULL) {
        return;
    }
    close((*inbox)->descriptor);
    free(*inbox);
    *inbox = NULL;
}

/* Clears armed; true for the one who did. */
static bool inbox_disarm(struct inbox *inbox)
{
    return atomic_load(&inbox->armed) && atomic_exchange(&inbox->armed, false);
}

static void inbox_signal(struct inbox *inbox)
{
    uint64_t one = 1;

    if (inbox_disarm(inbox)) {
        ssize_t written = write(inbox->descriptor, &one, sizeof one);

        (void)written; /* it fails only at 2^64 unread writes */
    }
}

void inbox_push(struct inbox *inbox, struct inbox_node *node)
{
    struct inbox_node *newest = atomic_load_explicit(&inbox->newest, memory_order_relaxed);

    do {
        node->next = newest;
    } while (!atomic_compare_exchange_weak(&inbox->newest, &newest, node));
    inbox_signal(inbox);
}

void inbox_wake(struct inbox *inbox)
{
    atomic_store(&inbox->woken, true);
    inbox_signal(inbox);
}

static struct inbox_node *inbox_oldest_first(struct inbox_node *newest)
{
    struct inbox_node *oldest = NULL;

    while (newest != NULL) {
        struct inbox_node *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static struct inbox_node *inbox_grab(struct inbox *inbox)
{
    /* The load keeps an idle loop from bouncing the line; the exchange orders what senders wrote before their push. */
    if (atomic_load(&inbox->newest) == NULL) {
        return NULL;
    }
    return inbox_oldest_first(atomic_exchange(&inbox->newest, NULL));
}

/* Disarms, and reads away the writes that senders owe. */
static void inbox_drain(struct inbox *inbox)
{
    uint64_t count;

    if (inbox->was_armed && !inbox_disarm(inbox)) {
        inbox->owed++;
    }
    inbox->was_armed = false;
    if (inbox->owed > 0 && read(inbox->descriptor, &count, sizeof count) == sizeof count) {
        inbox->owed -= count;
    }
}

/* Takes what is there; when there is nothing the inbox is armed. */
static struct inbox_node *inbox_grab_or_arm(struct inbox *inbox)
{
    struct inbox_node *nodes = inbox_grab(inbox);

    if (nodes != NULL) {
        return nodes;
    }
    atomic_store(&inbox->armed, true);
    inbox->was_armed = true;
    nodes = inbox_grab(inbox);
    if (nodes != NULL) {
        inbox_drain(inbox); /* while the receiver is busy, senders need not write */
    }
    return nodes;
}

static void inbox_wait(struct inbox *inbox, uint64_t timeout_us)
{
    struct pollfd wanted = {.fd = inbox->descriptor, .events = POLLIN};
    struct timespec timeout = {.tv_sec = (time_t)(timeout_us / 1000000),
                               .tv_nsec = (long)(timeout_us % 1000000) * 1000};

    ppoll(&wanted, 1, timeout_us == UINT64_MAX ? NULL : &timeout, NULL);
}

struct inbox_node *inbox_take(struct inbox *inbox, uint64_t timeout_us)
{
    uint64_t begin_us = 0;

    for (;;) {
        struct inbox_node *nodes;
        uint64_t now_us, waited_us;

        inbox_drain(inbox);
        nodes = inbox_grab_or_arm(inbox);
        if (nodes != NULL || atomic_exchange(&inbox->woken, false) || timeout_us == 0) {
            return nodes;
        }
        now_us = clock_monotonic_us();
        begin_us = begin_us == 0 ? now_us : begin_us;
        waited_us = now_us - begin_us;
        if (waited_us >= timeout_us) {
            return NULL;
        }
        inbox_wait(inbox, timeout_us - waited_us); /* it may end early: by a write that was owed, or a signal */
    }
}

int inbox_descriptor(const struct inbox *inbox)
{
    return inbox->descriptor;
}
