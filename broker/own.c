/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the broker answers itself: descriptions of the domains, health, metrics, and who wants records. */
#include "broker/state.h"

enum { KEPT_US = 100000 };

static struct slice description_namespace(struct slice description)
{
    struct slice raw, text;
    if (msgpack_find(description, "namespace", &raw) != error_none)
        return slice_of(NULL, 0);
    struct reader reader = reader_of(raw);
    return reader_text(&reader, &text) == error_none ? text : slice_of(NULL, 0);
}

/* What two items of a list have in common when they say the same. */
typedef struct slice (*item_name)(struct slice item);

static struct slice itself(struct slice item)
{
    return item;
}

/* Is an item of that name among those from start on? */
static bool item_told(const struct buffer *out, size_t start, item_name name_of, struct slice name)
{
    struct reader reader = reader_of(slice_of(out->data + start, out->size - start));
    struct slice told;
    while (!reader_done(&reader) && reader_raw(&reader, &told) == error_none)
        if (slice_equal(name_of(told), name))
            return true;
    return false;
}

/* Appends those of the list that are not there yet from start on, as several processes may say the same. Returns how
 * many. */
static uint32_t items_add(struct slice list, size_t start, item_name name_of, struct buffer *out)
{
    struct reader reader = reader_of(list);
    struct slice item;
    uint32_t count = 0, added = 0;
    if (reader_done(&reader) || reader_array(&reader, &count) != error_none)
        return 0;
    for (uint32_t i = 0; i < count && reader_raw(&reader, &item) == error_none; i++) {
        if (item_told(out, start, name_of, name_of(item)))
            continue;
        write_raw(out, item);
        added++;
    }
    return added;
}

static void describe(struct broker *broker, struct buffer *out)
{
    size_t place = write_array_begin(out), start = out->size;
    uint32_t total = 0;
    for (uint32_t i = 0; i < broker->session_count; i++)
        total += items_add(buffer_slice(&broker->sessions[i]->descriptions), start, description_namespace, out);
    total += items_add(buffer_slice(&broker->descriptions), start, description_namespace, out);
    write_array_end(out, place, total);
}

/* ---- health ---- */

static uint32_t unowned(const struct broker *broker)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < broker->partitions; i++)
        count += broker->routes[i].session == NULL;
    return count;
}

static uint32_t alarms_write(struct broker *broker, struct buffer *out)
{
    size_t place = write_array_begin(out), start = out->size;
    uint32_t total = 0, missing = unowned(broker);
    if (broker->partitions == 0) {
        write_string(out, "no shard has announced itself");
        total++;
    } else if (missing > 0) {
        buffer_clear(&broker->scratch);
        buffer_printf(&broker->scratch, "%u of %u partitions have no owner", missing, broker->partitions);
        write_text(out, buffer_slice(&broker->scratch));
        total++;
    }
    total += services_alarms(broker, out);
    for (uint32_t i = 0; i < broker->session_count; i++)
        total += items_add(buffer_slice(&broker->sessions[i]->alarms), start, itself, out);
    write_array_end(out, place, total);
    return total;
}

static void shards_write(const struct broker *broker, struct buffer *out)
{
    write_array(out, shards_count(broker));
    for (uint32_t i = 0; i < broker->session_count; i++) {
        const struct shard_session *session = broker->sessions[i];
        if (!session_is_shard(session))
            continue;
        write_map(out, 3);
        write_string(out, "name");
        write_string(out, session->name);
        write_string(out, "partitions");
        write_unsigned(out, session->owned_count);
        write_string(out, "silent_ms");
        write_unsigned(out, (broker->now_us - session->seen_us) / 1000);
    }
}

static void services_write(const struct broker *broker, struct buffer *out)
{
    write_array(out, broker->session_count - shards_count(broker));
    for (uint32_t i = 0; i < broker->session_count; i++) {
        const struct shard_session *session = broker->sessions[i];
        if (session_is_shard(session))
            continue;
        write_map(out, 3);
        write_string(out, "name");
        write_string(out, session->name);
        write_string(out, "serves");
        write_string(out, session->serves);
        write_string(out, "silent_ms");
        write_unsigned(out, (broker->now_us - session->seen_us) / 1000);
    }
}

static void health(struct broker *broker, struct buffer *out)
{
    struct buffer alarms = {0};
    uint32_t count = alarms_write(broker, &alarms);
    write_map(out, 7);
    write_string(out, "status");
    write_string(out, count == 0 ? "ok" : "degraded");
    write_string(out, "partitions");
    write_unsigned(out, broker->partitions);
    write_string(out, "unowned");
    write_unsigned(out, unowned(broker));
    write_string(out, "waiting");
    write_unsigned(out, broker->waiting);
    write_string(out, "shards");
    shards_write(broker, out);
    write_string(out, "services");
    services_write(broker, out);
    write_string(out, "alarms");
    write_raw(out, buffer_slice(&alarms));
    buffer_fini(&alarms);
}

/* ---- metrics ---- */

static void metrics(struct broker *broker, struct buffer *out)
{
    struct slice texts[SHARDS_MAX + 1];
    struct buffer own = {0}, merged = {0};
    uint32_t count = 0;
    broker->config.metrics(broker->config.context, &own);
    texts[count++] = buffer_slice(&own);
    for (uint32_t i = 0; i < broker->session_count; i++)
        texts[count++] = buffer_slice(&broker->sessions[i]->metrics);
    exposition_merge(texts, count, &merged);
    write_text(out, buffer_slice(&merged));
    buffer_fini(&own);
    buffer_fini(&merged);
}

static void reply_with(struct broker *broker, void (*write)(struct broker *, struct buffer *), struct buffer *reply)
{
    struct buffer data = {0};
    write(broker, &data);
    reply_encode(reply, &(struct reply){.status = status_ok, .data = buffer_slice(&data)});
    buffer_fini(&data);
}

/* Texts that take long to make, of which one frame may want a thousand: each is made ten times a second at most. */
static void reply_from(struct broker *broker,
                       struct own_reply *kept,
                       void (*write)(struct broker *, struct buffer *),
                       struct buffer *reply)
{
    if (broker->now_us >= kept->until_us) {
        buffer_clear(&kept->reply);
        reply_with(broker, write, &kept->reply);
        kept->until_us = kept->reply.failed ? 0 : broker->now_us + KEPT_US;
    }
    buffer_append(reply, kept->reply.data, kept->reply.size);
}

/* ---- records on the event bus ---- */

/* They cost shards and this process much more than heads, so subscribers say when they want them. */
static void listen_take(struct broker *broker, struct buffer *reply)
{
    static const char private[] = "where tokens are needed the event bus has heads alone; use follow";
    if (broker->config.private_bus) {
        reply_encode(reply,
                     &(struct reply){
                         .status = status_denied, .code = slice_text("private_bus"), .message = slice_text(private)});
        return;
    }
    broker->listened_us = broker->now_us + limit_listen_ms * 1000ull;
    reply_encode(reply, &(struct reply){.status = status_ok});
}

bool own_answers(struct broker *broker, enum operation operation, struct buffer *reply)
{
    if (operation == operation_describe)
        reply_from(broker, &broker->described, describe, reply);
    else if (operation == operation_metrics)
        reply_from(broker, &broker->measured, metrics, reply);
    else if (operation == operation_health)
        reply_with(broker, health, reply);
    else if (operation == operation_listen)
        listen_take(broker, reply);
    else
        return false;
    return true;
}
