/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How far partitions have come, for those who wait for it, and the event bus. Services hear heads with the answers to
 * their frames of work, and one that waits is answered because heads moved; the event bus carries heads, and records as
 * they come while a subscriber says that it wants them. Either is told those that moved, 10 ms apart at least, and all
 * of them every 250 ms, so that silence is seen. It is a wake-up and a fast path: who misses a message sees it by the
 * next head, and reads the log. */
#include "broker/state.h"

enum { HEADS_EVERY_US = 10000, ALL_HEADS_EVERY_US = 250000 };

void fanout_heads(struct broker *broker, const struct shard_session *session, struct slice heads)
{
    struct reader reader = reader_of(heads);
    uint32_t count = 0;
    if (heads.size == 0 || reader_array(&reader, &count) != error_none)
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t partition, seq;
        if (!pair_read(&reader, &partition, &seq))
            return;
        if (partition >= broker->partitions)
            continue;
        struct route *route = &broker->routes[partition];
        if (route->session != session || route->head == seq)
            continue;
        route->head = seq;
        route->moved = ++broker->head_moves;
    }
}

/* ---- heads ---- */

static bool all_due(const struct broker *broker, const struct heads_told *told)
{
    return broker->now_us >= told->all_us + ALL_HEADS_EVERY_US;
}

static bool moved_due(const struct broker *broker, const struct heads_told *told)
{
    return broker->head_moves > told->moves && broker->now_us >= told->us + HEADS_EVERY_US;
}

static void heads_write(const struct broker *broker, struct heads_told *told, struct buffer *out)
{
    bool all = all_due(broker, told);
    size_t place = write_array_begin(out);
    uint32_t count = 0;
    for (uint32_t i = 0; i < broker->partitions; i++) {
        const struct route *route = &broker->routes[i];
        if (!all && route->moved <= told->moves)
            continue;
        write_array(out, 2);
        write_unsigned(out, i);
        write_unsigned(out, route->head);
        count++;
    }
    write_array_end(out, place, count);
    *told = (struct heads_told){
        .moves = broker->head_moves, .us = broker->now_us, .all_us = all ? broker->now_us : told->all_us};
}

struct slice heads_news(struct broker *broker, struct shard_session *session)
{
    struct heads_told *told = &session->heads;
    if (session_is_shard(session) || broker->partitions == 0)
        return slice_of(NULL, 0);
    if (broker->head_moves == told->moves && !all_due(broker, told))
        return slice_of(NULL, 0);
    buffer_clear(&broker->heads);
    heads_write(broker, told, &broker->heads);
    return broker->heads.failed ? slice_of(NULL, 0) : buffer_slice(&broker->heads);
}

bool heads_wake(const struct broker *broker, const struct shard_session *session)
{
    return !session_is_shard(session) && broker->partitions > 0 && moved_due(broker, &session->heads);
}

/* ---- the event bus ---- */

void fanout_records(struct broker *broker, struct slice records)
{
    if (records.size == 0 || !records_wanted(broker))
        return;
    struct buffer *out = effect_publish(broker);
    if (out != NULL)
        event_frame_encode(out, EVENT_TOPIC_RECORDS, records);
}

void fanout_tick(struct broker *broker)
{
    struct heads_told *told = &broker->published;
    if (broker->subscribers == 0 || broker->partitions == 0 || !(all_due(broker, told) || moved_due(broker, told)))
        return;
    buffer_clear(&broker->heads);
    heads_write(broker, told, &broker->heads);
    struct buffer *out = broker->heads.failed ? NULL : effect_publish(broker);
    if (out != NULL)
        event_frame_encode(out, EVENT_TOPIC_HEADS, buffer_slice(&broker->heads));
}
