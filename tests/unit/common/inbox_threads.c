/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The inbox and the metrics with threads that meet in them, as a plain program: the thread sanitizer sees what it does,
 * which it cannot inside Criterion. Prints TAP. */
#include "services/common/metrics.h"
#include "services/common/process.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define FOREVER_US (20 * UINT64_C(1000000)) /* a take that waits so long has slept over something */

enum { SENDERS = 4, EACH = 20000 };

struct letter {
    struct inbox_node node;
    int sender, number; /* plain memory: handed over by the inbox alone */
};

struct sender {
    struct inbox *inbox;
    struct metric *metric;
    int number;
    struct letter letters[EACH];
};

static void *send_all(void *argument)
{
    struct sender *sender = argument;

    for (int i = 0; i < EACH; i++) {
        sender->letters[i] = (struct letter){.sender = sender->number, .number = i};
        inbox_push(sender->inbox, &sender->letters[i].node);
        metric_add(sender->metric, 1);
        if (i % 64 == 0) {
            inbox_wake(sender->inbox);
        }
    }
    return NULL;
}

/* Takes until all have come; false when one is lost or out of order. */
static bool take_all(struct inbox *inbox)
{
    uint64_t until_us = clock_monotonic_us() + FOREVER_US;
    int next[SENDERS] = {0}, taken = 0;

    while (taken < SENDERS * EACH && clock_monotonic_us() < until_us) {
        struct inbox_node *node = inbox_take(inbox, FOREVER_US);

        for (; node != NULL; node = node->next, taken++) {
            const struct letter *letter = (const struct letter *)node;

            if (letter->number != next[letter->sender]++) {
                return false;
            }
        }
    }
    return taken == SENDERS * EACH;
}

int main(void)
{
    struct metric metric = {.name = "fluvius_letters_total", .help = "Sent.", .kind = METRIC_COUNTER};
    struct inbox *inbox = inbox_new();
    struct sender *senders = calloc(SENDERS, sizeof *senders);
    pthread_t threads[SENDERS];
    bool whole, counted;

    for (int i = 0; i < SENDERS; i++) {
        senders[i].inbox = inbox;
        senders[i].metric = &metric;
        senders[i].number = i;
        pthread_create(&threads[i], NULL, send_all, &senders[i]);
    }
    whole = take_all(inbox);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
    }
    counted = metric.value == SENDERS * EACH;
    inbox_free(&inbox);
    free(senders);
    printf("%s 1 - each sender's letters come whole and in order\n", whole ? "ok" : "not ok");
    printf("%s 2 - additions from many threads all count\n1..2\n", counted ? "ok" : "not ok");
    return whole && counted ? 0 : 1;
}
