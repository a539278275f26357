/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests that any query process may answer. They wait in one queue, oldest first, and leave it when a query process
 * has granted a frame of work: the one with least in hand gets the next, and not more than its share of what waits, so
 * that a long queue is spread. What one that is lost had not answered goes back into the queue: reading again is safe.
 *
 *   offered --> sent to the one with least in hand --> answered
 *      ^                  |
 *      +------ lost ------+         none there for parked_ms: unavailable, no_query
 *
 * It may be the request itself that ends its process. Nobody is lost with the same request more than three times: then
 * it is answered. All that a process had is lost with it, so a query that two were lost with is on trial: it goes to a
 * process that has no other such one, and which of them is to blame shows. Requests to follow are not tried, as they
 * stay in hand for as long as nothing happens; the third time they are told to come again. */
#include "broker/state.h"

enum { LOSSES_MAX = 3, LOST_RETRY_MS = 1000 };

void pending_offer(struct broker *broker, struct pending *pending)
{
    bool trial = pending->query && pending->losses == LOSSES_MAX - 1;
    pending_place(broker, pending, PENDING_QUEUED, trial ? &broker->trials : &broker->offered);
    pending->session = NULL;
}

bool offer_lost(struct broker *broker, struct pending *pending)
{
    static const char message[] = "three query processes ended while they had this request";
    if (++pending->losses < LOSSES_MAX)
        return false;
    broker->counters.query_crashes++;
    if (pending->query)
        pending_fail(broker, pending, status_error, "query_crash", message, 0);
    else
        pending_fail(broker, pending, status_unavailable, "query_crash", message, LOST_RETRY_MS);
    return true;
}

static bool serves_queries(const struct shard_session *session)
{
    return strcmp(session->serves, SERVES_QUERY) == 0;
}

/* The next to send to, or NULL; *ready: how many could take a frame. */
static struct shard_session *least_busy(const struct broker *broker, bool trial, uint32_t *ready)
{
    struct shard_session *best = NULL;
    *ready = 0;
    for (uint32_t i = 0; i < broker->session_count; i++) {
        struct shard_session *session = broker->sessions[i];
        if (!serves_queries(session) || session->credit_count == 0 || (trial && session->trial != NULL))
            continue;
        ++*ready;
        if (best == NULL || session->sent_count < best->sent_count)
            best = session;
    }
    return best;
}

static uint32_t offers_count(struct broker *broker, uint32_t most)
{
    uint32_t count = 0;
    struct link_node *node = list_first(&broker->offered);
    for (; node != NULL && count < most; node = list_next(&broker->offered, node))
        count++;
    return count;
}

/* One frame of at most `share` requests of the list. */
static void frame_send(struct broker *broker, struct shard_session *session, struct list *list, uint32_t share)
{
    struct buffer *items = &broker->scratch;
    struct link_node *node;
    uint32_t count = 0;
    buffer_clear(items);
    while (count < share && (node = list_first(list)) != NULL) {
        struct pending *pending = LIST_OWNER(node, struct pending, node);
        if (pending_over(broker, pending))
            continue;
        if (count > 0 && items->size + pending->raw.size > WORK_BYTES_MAX)
            break;
        item_add(broker, pending, items);
        pending_sent(broker, pending, session);
        if (list == &broker->trials)
            session->trial = pending;
        count++;
    }
    if (count > 0)
        work_give(broker, session, count);
}

void offers_send(struct broker *broker)
{
    struct shard_session *session;
    uint32_t ready;
    while (!list_empty(&broker->trials) && (session = least_busy(broker, true, &ready)) != NULL)
        frame_send(broker, session, &broker->trials, 1);
    while (!list_empty(&broker->offered) && (session = least_busy(broker, false, &ready)) != NULL) {
        uint32_t waiting = offers_count(broker, ready * WORK_ITEMS_MAX);
        frame_send(broker, session, &broker->offered, (waiting + ready - 1) / ready);
    }
}

static void list_expire(struct broker *broker, struct list *list)
{
    uint64_t patience_us = broker->stopping ? 0 : broker->config.parked_ms * 1000ull;
    struct link_node *next, *node = list_first(list);
    for (; node != NULL; node = next) {
        struct pending *pending = LIST_OWNER(node, struct pending, node);
        next = list_next(list, node);
        if (broker->now_us >= pending->since_us + patience_us)
            pending_give_up(broker, pending);
    }
}

void offers_expire(struct broker *broker)
{
    if (!broker->stopping && services_count(broker, SERVES_QUERY) > 0)
        return;
    list_expire(broker, &broker->trials);
    list_expire(broker, &broker->offered);
}

static void list_wait_anew(struct broker *broker, struct list *list)
{
    struct link_node *node = list_first(list);
    for (; node != NULL; node = list_next(list, node))
        LIST_OWNER(node, struct pending, node)->since_us = broker->now_us;
}

void offers_wait_anew(struct broker *broker)
{
    list_wait_anew(broker, &broker->trials);
    list_wait_anew(broker, &broker->offered);
}
