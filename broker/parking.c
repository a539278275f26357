/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where a request waits: parked while its partition has no owner (or the owner gave it back), queued while the owner
 * has not granted a frame. Both together are bounded in count and bytes, parking in time as well. */
#include "broker/state.h"

enum { MOVED_RETRY_US = 50000, LOOK_EVERY_US = 25000, RETRY_MS = 200 };

bool parking_full(const struct broker *broker, size_t bytes)
{
    return broker->waiting >= broker->config.parked_commands ||
           broker->waiting_bytes + bytes > broker->config.parked_bytes;
}

/* The shard to send it to now, or NULL. */
static struct shard_session *owner_of(const struct broker *broker, const struct pending *pending)
{
    if (broker->partitions == 0)
        return NULL;
    return broker->routes[stream_partition(pending->stream_hash, broker->partitions)].session;
}

bool pending_owned_by(const struct broker *broker, const struct pending *pending, const struct shard_session *session)
{
    return owner_of(broker, pending) == session;
}

void pending_place(struct broker *broker, struct pending *pending, enum pending_place place, struct list *list)
{
    pending_leave(broker, pending);
    pending->place = place;
    list_append(list, &pending->node);
    if (place == PENDING_SENT) {
        pending->session->sent_count++;
        return;
    }
    broker->waiting++;
    broker->waiting_bytes += pending->raw.size;
}

void pending_leave(struct broker *broker, struct pending *pending)
{
    list_remove(&pending->node);
    if (pending->place == PENDING_SENT) {
        pending->session->sent_count--;
        if (pending->session->trial == pending)
            pending->session->trial = NULL;
    }
    if (pending->place == PENDING_PARKED || pending->place == PENDING_QUEUED) {
        broker->waiting--;
        broker->waiting_bytes -= pending->raw.size;
    }
}

void pending_park(struct broker *broker, struct pending *pending)
{
    pending->since_us = broker->now_us;
    if (pending->offered) {
        pending_offer(broker, pending);
        return;
    }
    pending_place(broker, pending, PENDING_PARKED, &broker->parked);
    pending->session = NULL;
}

void pending_sent(struct broker *broker, struct pending *pending, struct shard_session *session)
{
    pending->session = session;
    pending_place(broker, pending, PENDING_SENT, &session->sent);
}

void pending_route(struct broker *broker, struct pending *pending)
{
    if (pending->offered) {
        pending_offer(broker, pending);
        return;
    }
    struct shard_session *owner = owner_of(broker, pending);
    if (owner == NULL) {
        pending_park(broker, pending);
        return;
    }
    pending->session = owner;
    pending_place(broker, pending, PENDING_QUEUED, &owner->queue);
}

void pending_give_up(struct broker *broker, struct pending *pending)
{
    if (pending->offered)
        broker->unserved_us = broker->now_us;
    if (broker->stopping)
        pending_fail(broker, pending, status_unavailable, "stopping", "the broker is going away", RETRY_MS);
    else if (pending->offered)
        pending_fail(broker, pending, status_unavailable, "no_query", "no query process answers now", RETRY_MS);
    else
        pending_fail(broker, pending, status_unavailable, "no_shard", "no shard serves this aggregate now", RETRY_MS);
}

void parking_tick(struct broker *broker)
{
    if (broker->now_us < broker->parking_us)
        return;
    broker->parking_us = broker->now_us + LOOK_EVERY_US;
    parking_turn(broker);
}

void parking_turn(struct broker *broker)
{
    uint64_t patience_us = broker->stopping ? 0 : broker->config.parked_ms * 1000ull;
    offers_expire(broker);
    struct link_node *next, *node = list_first(&broker->parked);
    for (; node != NULL; node = next) {
        struct pending *pending = LIST_OWNER(node, struct pending, node);
        next = list_next(&broker->parked, node);
        struct shard_session *owner = owner_of(broker, pending);
        bool again = owner == pending->moved_by && broker->now_us < pending->since_us + MOVED_RETRY_US;
        if (owner != NULL && !again) {
            pending->moved_by = NULL;
            pending_route(broker, pending);
        } else if (broker->now_us >= pending->since_us + patience_us) {
            pending_give_up(broker, pending);
        }
    }
}
