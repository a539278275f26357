/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The event bus: heads when they change, all of them when it is quiet (so that silence is seen), records as they come
 * while somebody listens. It is a wake-up and a fast path: who misses a message sees it by the next head, and reads the
 * log. */
#include "broker/state.h"

enum { HEADS_EVERY_US = 10000, ALL_HEADS_EVERY_US = 250000 };

void fanout_heads(struct broker *broker, const struct shard_session *session, struct slice heads)
{
    struct reader reader = reader_of(heads);
    uint32_t count = 0, items;
    if (heads.size == 0 || reader_array(&reader, &count) != error_none)
        return;
    for (uint32_t i = 0; i < count; i++) {
        int64_t partition, seq;
        if (reader_array(&reader, &items) != error_none || items != 2 ||
            reader_integer(&reader, &partition) != error_none || reader_integer(&reader, &seq) != error_none)
            return;
        if ((uint64_t)partition >= broker->partitions)
            continue;
        struct route *route = &broker->routes[partition];
        if (route->session != session || route->head == (uint64_t)seq)
            continue;
        route->head = (uint64_t)seq;
        route->head_changed = broker->heads_changed = true;
    }
}

void fanout_records(struct broker *broker, struct slice records)
{
    if (records.size == 0 || !records_wanted(broker))
        return;
    struct buffer *out = effect_publish(broker);
    if (out == NULL)
        return;
    buffer_append(out, "r", 1);
    write_map(out, 2);
    write_string(out, "v");
    write_integer(out, PROTOCOL_VERSION);
    write_string(out, "ev");
    write_raw(out, records);
}

static void heads_publish(struct broker *broker, bool all)
{
    struct buffer *out = effect_publish(broker);
    uint32_t count = 0;
    if (out == NULL)
        return;
    buffer_append(out, "h", 1);
    write_map(out, 2);
    write_string(out, "v");
    write_integer(out, PROTOCOL_VERSION);
    write_string(out, "heads");
    size_t place = write_array_begin(out);
    for (uint32_t i = 0; i < broker->partitions; i++) {
        struct route *route = &broker->routes[i];
        if (!all && !route->head_changed)
            continue;
        write_array(out, 2);
        write_unsigned(out, i);
        write_unsigned(out, route->head);
        route->head_changed = false;
        count++;
    }
    write_array_end(out, place, count);
    broker->heads_changed = false;
}

void fanout_tick(struct broker *broker)
{
    bool all = broker->now_us >= broker->all_heads_us + ALL_HEADS_EVERY_US;
    bool changed = broker->heads_changed && broker->now_us >= broker->heads_us + HEADS_EVERY_US;
    if (broker->subscribers == 0 || broker->partitions == 0 || (!all && !changed))
        return;
    broker->heads_us = broker->now_us;
    if (all)
        broker->all_heads_us = broker->now_us;
    heads_publish(broker, all);
}
