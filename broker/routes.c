/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who owns which partition: what shards announce, where the higher epoch wins. */
#include "broker/state.h"

#include <stdlib.h>

/* The first shard says how many partitions there are; one that says otherwise is of another log. */
bool routes_size(struct broker *broker, uint32_t partitions)
{
    if (broker->partitions != 0)
        return broker->partitions == partitions;
    if (partitions == 0 || partitions > 65536)
        return false;
    broker->routes = calloc(partitions, sizeof *broker->routes);
    if (broker->routes == NULL)
        return false;
    broker->partitions = partitions;
    return true;
}

void routes_forget(struct broker *broker, const struct shard_session *session)
{
    for (uint32_t i = 0; i < broker->partitions; i++)
        if (broker->routes[i].session == session)
            broker->routes[i].session = NULL;
}

/* What is queued for a shard that no longer owns it goes back, in order; what was sent, the shard itself gives back. */
static void requeue(struct broker *broker, struct shard_session *session)
{
    struct list queue;
    list_init(&queue);
    struct link_node *node;
    while ((node = list_first(&session->queue)) != NULL) {
        list_remove(node);
        list_append(&queue, node);
    }
    while ((node = list_first(&queue)) != NULL)
        pending_route(broker, LIST_OWNER(node, struct pending, node));
}

static void own(struct broker *broker, struct shard_session *session, uint64_t partition, uint64_t epoch)
{
    if (partition >= broker->partitions)
        return;
    struct route *route = &broker->routes[partition];
    if (epoch < route->epoch || (route->session != NULL && route->session != session && epoch == route->epoch))
        return;
    route->session = session;
    route->epoch = epoch;
}

void routes_own(struct broker *broker, struct shard_session *session, struct slice owned)
{
    struct reader reader = reader_of(owned);
    uint32_t count = 0, items;
    routes_forget(broker, session);
    session->announced = true;
    if (reader_array(&reader, &count) != error_none)
        return;
    session->owned_count = count;
    for (uint32_t i = 0; i < count; i++) {
        int64_t partition, epoch;
        if (reader_array(&reader, &items) != error_none || items != 2 ||
            reader_integer(&reader, &partition) != error_none || reader_integer(&reader, &epoch) != error_none)
            break;
        own(broker, session, (uint64_t)partition, (uint64_t)epoch);
    }
    requeue(broker, session);
    parking_turn(broker);
}
