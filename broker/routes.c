/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who owns which partition: what shards announce, where the higher epoch wins. */
#include "broker/state.h"

#include <stdlib.h>

enum { PARTITIONS_MAX = 65535 };

/* The first shard says how many partitions there are; one that says otherwise is of another log. When no shard is left
 * the log may have been replaced. */
bool routes_size(struct broker *broker, uint32_t partitions)
{
    if (broker->partitions == partitions)
        return true;
    if (partitions == 0 || partitions > PARTITIONS_MAX || (broker->partitions != 0 && shards_count(broker) > 0))
        return false;
    struct route *routes = calloc(partitions, sizeof *routes);
    if (routes == NULL)
        return false;
    free(broker->routes);
    broker->routes = routes;
    broker->partitions = partitions;
    return true;
}

void routes_forget(struct broker *broker, const struct shard_session *session)
{
    for (uint32_t i = 0; i < broker->partitions; i++)
        if (broker->routes[i].session == session)
            broker->routes[i].session = NULL;
}

/* The higher epoch wins; a claim counts again when the owner it lost against is gone. */
static void own(struct broker *broker, struct shard_session *session, uint64_t partition, uint64_t epoch)
{
    if (partition >= broker->partitions)
        return;
    struct route *route = &broker->routes[partition];
    if (route->session != NULL && route->session != session && epoch <= route->epoch)
        return;
    route->session = session;
    route->epoch = epoch;
}

void routes_own(struct broker *broker, struct shard_session *session, struct slice owned)
{
    struct reader reader = reader_of(owned);
    uint32_t count = 0;
    routes_forget(broker, session);
    session->announced = true;
    reader_array(&reader, &count); /* none when it is no array */
    session->owned_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t partition, epoch;
        if (!pair_read(&reader, &partition, &epoch))
            break;
        own(broker, session, partition, epoch);
    }
    for (uint32_t i = 0; i < broker->session_count; i++)
        session_park_strays(broker, broker->sessions[i]);
    parking_turn(broker);
}
