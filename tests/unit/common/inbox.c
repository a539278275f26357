/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The inbox: order, waking, and that no push is ever slept over. */
#include "services/common/process.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#define FOREVER_US (20 * UINT64_C(1000000)) /* a test that waits so long has failed */

struct numbered {
    struct inbox_node node;
    int sender, number;
};

static bool readable(const struct inbox *inbox)
{
    struct pollfd wanted = {.fd = inbox_descriptor(inbox), .events = POLLIN};

    return poll(&wanted, 1, 0) == 1;
}

Test(inbox, gives_nodes_oldest_first)
{
    struct inbox *inbox = inbox_new();
    struct inbox_node nodes[3] = {{.kind = 1}, {.kind = 2}, {.kind = 3}}, *taken;

    for (int i = 0; i < 3; i++) {
        inbox_push(inbox, &nodes[i]);
    }
    taken = inbox_take(inbox, FOREVER_US);
    cr_assert_eq(taken, &nodes[0]);
    cr_assert_eq(taken->next, &nodes[1]);
    cr_assert_eq(taken->next->next, &nodes[2]);
    cr_assert_null(taken->next->next->next);
    cr_assert_null(inbox_take(inbox, 0));
    inbox_free(&inbox);
    cr_assert_null(inbox);
}

Test(inbox, free_of_null_is_safe)
{
    struct inbox *inbox = NULL;

    inbox_free(&inbox);
}

Test(inbox, take_returns_without_a_node_when_the_time_is_over)
{
    struct inbox *inbox = inbox_new();

    cr_assert_null(inbox_take(inbox, 1));
    inbox_free(&inbox);
}

Test(inbox, wake_ends_the_next_take_once)
{
    struct inbox *inbox = inbox_new();

    inbox_wake(inbox);
    cr_assert_null(inbox_take(inbox, FOREVER_US));
    cr_assert_null(inbox_take(inbox, 1));
    inbox_free(&inbox);
}

Test(inbox, descriptor_becomes_readable_after_an_empty_take)
{
    struct inbox *inbox = inbox_new();
    struct inbox_node node = {0};

    for (int round = 0; round < 3; round++) {
        cr_assert_null(inbox_take(inbox, 0));
        cr_assert_not(readable(inbox));
        inbox_push(inbox, &node);
        cr_assert(readable(inbox));
        cr_assert_eq(inbox_take(inbox, 0), &node);
    }
    cr_assert_null(inbox_take(inbox, 0));
    inbox_wake(inbox);
    cr_assert(readable(inbox));
    cr_assert_null(inbox_take(inbox, 0));
    cr_assert_not(readable(inbox));
    inbox_free(&inbox);
}

Test(inbox, descriptor_is_armed_also_after_a_take_that_waited)
{
    struct inbox *inbox = inbox_new();
    struct inbox_node node = {0};

    cr_assert_null(inbox_take(inbox, 1));
    inbox_push(inbox, &node);
    cr_assert(readable(inbox));
    inbox_free(&inbox);
}

Test(inbox, push_to_a_busy_receiver_writes_nothing)
{
    struct inbox *inbox = inbox_new();
    struct inbox_node nodes[2] = {{0}, {0}};

    inbox_push(inbox, &nodes[0]);
    cr_assert_not_null(inbox_take(inbox, 0));
    inbox_push(inbox, &nodes[1]); /* the receiver is busy with the first */
    cr_assert_not(readable(inbox));
    cr_assert_eq(inbox_take(inbox, FOREVER_US), &nodes[1]);
    inbox_free(&inbox);
}

enum { SENDERS = 4, EACH = 20000 };

struct sender {
    struct inbox *inbox;
    int number;
};

static void *push_all(void *argument)
{
    const struct sender *sender = argument;
    struct numbered *nodes = calloc(EACH, sizeof *nodes);

    for (int i = 0; i < EACH; i++) {
        nodes[i].sender = sender->number;
        nodes[i].number = i;
        inbox_push(sender->inbox, &nodes[i].node);
    }
    return nodes;
}

Test(inbox, many_senders_lose_nothing_and_each_keeps_its_order)
{
    struct inbox *inbox = inbox_new();
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    int next[SENDERS] = {0};
    void *nodes;

    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.inbox = inbox, .number = i};
        pthread_create(&threads[i], NULL, push_all, &senders[i]);
    }
    for (int taken = 0; taken < SENDERS * EACH;) {
        struct inbox_node *node = inbox_take(inbox, FOREVER_US);

        cr_assert_not_null(node, "a push was slept over, or lost");
        for (; node != NULL; node = node->next, taken++) {
            struct numbered *at = (struct numbered *)node;

            cr_assert_eq(at->number, next[at->sender]++);
        }
    }
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], &nodes);
        free(nodes);
    }
    inbox_free(&inbox);
}

struct pair {
    struct inbox *here, *there;
};

static void *answer_all(void *argument)
{
    struct pair *pair = argument;

    for (int answered = 0; answered < EACH;) {
        struct inbox_node *node = inbox_take(pair->there, FOREVER_US), *next;

        if (node == NULL) {
            return NULL; /* the other side times out and says so */
        }
        for (; node != NULL; node = next, answered++) {
            next = node->next;
            inbox_push(pair->here, node);
        }
    }
    return NULL;
}

Test(inbox, two_that_wait_for_each_other_never_both_sleep)
{
    struct pair pair = {.here = inbox_new(), .there = inbox_new()};
    struct inbox_node node = {0};
    pthread_t thread;

    pthread_create(&thread, NULL, answer_all, &pair);
    for (int i = 0; i < EACH; i++) {
        inbox_push(pair.there, &node);
        cr_assert_eq(inbox_take(pair.here, FOREVER_US), &node);
    }
    pthread_join(thread, NULL);
    inbox_free(&pair.here);
    inbox_free(&pair.there);
}
