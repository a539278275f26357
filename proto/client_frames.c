/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The client's frames: when one is sent and what goes into it, and what becomes of its requests when it was answered,
 * refused as a whole, or lost. */
#include <assert.h>

#include "proto/client_core.h"

/* ---- sending ---- */

/* A broker whose connection is there, beginning with the current one. */
static bool broker_choose(struct client *client)
{
    uint32_t first = client->current + (client->rotate ? 1 : 0);
    for (uint32_t i = 0; i < client->link_count; i++) {
        uint32_t at = (first + i) % client->link_count;
        if (!link_connected(client->links[at]))
            continue;
        client->current = at;
        client->rotate = false;
        return true;
    }
    return false;
}

/* While many requests are in flight, a few wait a moment for more: frames of one request cost as much as full ones. */
static bool frame_held(struct client *client)
{
    if (client->in_air == 0 || client->ready.count >= client->batch ||
        client->ready.count * HOLD_SHARE >= client->flying)
        return false;
    int64_t now = client_now_us();
    if (client->hold_until_us == 0) {
        client->hold_until_us = now + HOLD_US;
        pthread_cond_signal(&client->wake);
    }
    return now < client->hold_until_us;
}

static bool frame_due(struct client *client)
{
    if (client->closing || client->in_air == client->flight_count)
        return false;
    if (client->gathering && pthread_equal(client->gatherer, pthread_self()))
        return false;
    if (client->suspects.count > 0)
        return client->in_air == 0;
    return client->ready.count > 0 && !frame_held(client);
}

static struct flight *flight_take(struct client *client)
{
    for (uint32_t i = 0;; i++) {
        assert(i < client->flight_count);
        if (client->flights[i].busy)
            continue;
        client->flights[i].busy = true;
        client->flights[i].count = 0;
        client->in_air++;
        return &client->flights[i];
    }
}

/* Writes the time left into the request, where a two-byte integer stands for it. */
static int64_t entry_stamp(struct entry *entry, int64_t now)
{
    int64_t left = (entry->deadline_us - now) / 1000;
    left = left < 1 ? 1 : left;
    uint8_t *at = entry->bytes.data + entry->milliseconds_at;
    at[0] = (uint8_t)(left >> 8);
    at[1] = (uint8_t)left;
    return left;
}

/* What it takes of a frame. A query's page has to find room in the reply's frame with the others'. */
static size_t entry_size(const struct entry *entry, bool first)
{
    if (entry == NULL)
        return SIZE_MAX;
    return entry->bytes.size + (entry->query && !first ? PAGE_BYTES : 0);
}

/* Moves requests from the list into the flight, as many as fit. */
static int64_t flight_fill(struct client *client, struct flight *flight, struct entry_list *list, uint32_t most)
{
    int64_t now = client_now_us(), longest = 0;
    size_t room = client->max_bytes - client->frame.size;
    while (flight->count < most && entry_size(list->first, flight->count == 0) <= room) {
        struct entry *entry = list_pop(list);
        entry->state = ENTRY_FLYING;
        entry->attempts++;
        int64_t left = entry_stamp(entry, now);
        longest = left > longest ? left : longest;
        size_t size = entry_size(entry, false);
        room -= size < room ? size : room;
        flight->entries[flight->count++] =
            (struct flight_entry){.entry = (uint32_t)(entry - client->entries), .generation = entry->generation};
    }
    return longest;
}

static enum error flight_send(struct client *client, struct flight *flight, int64_t longest_ms)
{
    buffer_clear(&client->frame);
    request_frame_begin(&client->frame, (uint32_t)client->max_bytes, slice_text(client->token), flight->count);
    for (uint32_t i = 0; i < flight->count; i++) {
        const struct entry *entry = &client->entries[flight->entries[i].entry];
        buffer_append(&client->frame, entry->bytes.data, entry->bytes.size);
    }
    if (client->frame.failed)
        return error_no_memory;
    return link_send(client->links[client->current],
                     buffer_slice(&client->frame),
                     (uint32_t)longest_ms + GRACE_MS,
                     flight_done,
                     flight);
}

/* The flight's entry if its request still waits for it. */
static struct entry *flight_entry(struct client *client, const struct flight *flight, uint32_t i)
{
    struct entry *entry = &client->entries[flight->entries[i].entry];
    return entry->generation == flight->entries[i].generation ? entry : NULL;
}

static void flight_free(struct client *client, struct flight *flight)
{
    flight->busy = false;
    client->in_air--;
    client->flying -= flight->count;
}

static int64_t back_off_us(const struct entry *entry, uint32_t hint_ms)
{
    uint32_t doublings = entry->attempts < 8 ? entry->attempts : 8;
    int64_t pause_ms = (int64_t)BACK_OFF_MIN_MS << (doublings > 0 ? doublings - 1 : 0);
    pause_ms = pause_ms > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : pause_ms;
    return 1000 * (pause_ms > hint_ms ? pause_ms : (int64_t)hint_ms);
}

static void flight_unsent(struct client *client, struct flight *flight)
{
    int64_t now = client_now_us();
    for (uint32_t i = 0; i < flight->count; i++) {
        struct entry *entry = flight_entry(client, flight, i);
        if (entry != NULL)
            entry_rest(client, entry, now + back_off_us(entry, 0));
    }
    flight_free(client, flight);
}

void frames_flush(struct client *client)
{
    while (frame_due(client) && broker_choose(client)) {
        bool suspect = client->suspects.count > 0;
        struct flight *flight = flight_take(client);
        buffer_clear(&client->frame);
        request_frame_begin(&client->frame, (uint32_t)client->max_bytes, slice_text(client->token), client->batch);
        int64_t longest =
            flight_fill(client, flight, suspect ? &client->suspects : &client->ready, suspect ? 1 : client->batch);
        client->flying += flight->count;
        client->hold_until_us = 0;
        if (flight_send(client, flight, longest) != error_none)
            flight_unsent(client, flight);
    }
}

/* ---- replies ---- */

static bool reply_retryable(const struct entry *entry, const struct reply *reply)
{
    if (entry->query && reply->status == status_unavailable)
        return slice_is(reply->code, "stopping");
    return reply->status == status_busy || reply->status == status_moved || reply->status == status_unavailable;
}

/* Ends the request with reply, or lets it rest when trying again can help and there is time for it. */
static void entry_answered(struct client *client, struct entry *entry, const struct reply *reply, uint32_t *count)
{
    int64_t due = INT64_MAX; /* nearly every answer is final: the clock is not read for those */
    if (reply_retryable(entry, reply))
        due = client_now_us() + back_off_us(entry, reply->retry_ms);
    if (due >= entry->deadline_us) {
        entry_end(client, entry, reply, count);
        return;
    }
    if (reply->status == status_unavailable)
        client->rotate = true;
    entry_rest(client, entry, due);
}

static void entry_lost(struct client *client, struct entry *entry, uint32_t *count)
{
    int64_t due = client_now_us() + back_off_us(entry, 0);
    entry->losses++;
    entry->suspect = entry->losses >= LOSSES_SUSPECT;
    if (entry->losses >= LOSSES_MAX)
        entry_end_with(client, entry, status_unavailable, "connection_lost", count);
    else if (due >= entry->deadline_us)
        entry_end_with(client, entry, status_deadline, "deadline", count);
    else
        entry_rest(client, entry, due);
}

static void flight_lost(struct client *client, struct flight *flight, uint32_t from, uint32_t *count)
{
    client->rotate = true;
    for (uint32_t i = from; i < flight->count; i++) {
        struct entry *entry = flight_entry(client, flight, i);
        if (entry != NULL)
            entry_lost(client, entry, count);
    }
}

static void flight_refused(struct client *client, struct flight *flight, const struct reply *fault, uint32_t *count)
{
    for (uint32_t i = 0; i < flight->count; i++) {
        struct entry *entry = flight_entry(client, flight, i);
        if (entry == NULL)
            continue;
        struct reply reply = *fault;
        reply.has_id = entry->has_id;
        reply.id = entry->id;
        entry_answered(client, entry, &reply, count);
    }
}

/* A page of rows that is too large for what the others of its frame leave: it is asked for once more, alone. */
static bool crowded_out(const struct flight *flight, const struct entry *entry, const struct reply *reply)
{
    return entry->query && flight->count > 1 && reply->status == status_error &&
           slice_is(reply->code, "reply_too_large");
}

static bool reply_fits(const struct entry *entry, const struct reply *reply)
{
    return !reply->has_id || !entry->has_id || memcmp(&reply->id, &entry->id, sizeof entry->id) == 0;
}

/* A broker that answers with another number of replies, or out of order, is treated like a lost connection. */
static void flight_answered(struct client *client, struct flight *flight, struct slice message, uint32_t *count)
{
    struct reply_frame frame;
    if (reply_frame_decode(message, &frame) != error_none) {
        flight_lost(client, flight, 0, count);
        return;
    }
    if (frame.whole) {
        flight_refused(client, flight, &frame.fault, count);
        return;
    }
    for (uint32_t i = 0; i < flight->count; i++) {
        struct entry *entry = flight_entry(client, flight, i);
        struct slice raw;
        struct reply reply;
        if (i >= frame.count || reader_raw(&frame.replies, &raw) != error_none ||
            (entry != NULL && (reply_decode(raw, &reply) != error_none || !reply_fits(entry, &reply)))) {
            flight_lost(client, flight, i, count);
            return;
        }
        if (entry != NULL && crowded_out(flight, entry, &reply)) {
            entry->suspect = true;
            entry_rest(client, entry, client_now_us());
        } else if (entry != NULL) {
            entry_answered(client, entry, &reply, count);
        }
    }
}

static void
flight_settle(struct client *client, struct flight *flight, enum error error, struct slice message, uint32_t *count)
{
    if (error == error_none)
        flight_answered(client, flight, message, count);
    else if (error == error_closed || error == error_timed_out)
        flight_lost(client, flight, 0, count);
    else {
        flight_unsent(client, flight);
        return;
    }
    flight_free(client, flight);
}

void endings_run(struct client *client, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        client->endings[i].done(client->endings[i].context, &client->endings[i].reply);
    pthread_mutex_lock(&client->lock);
    client->gathering = false;
    client->unfinished -= count;
    frames_flush(client);
    if (client->unfinished == 0)
        pthread_cond_broadcast(&client->drained);
    pthread_mutex_unlock(&client->lock);
}

void flight_done(void *context, enum error error, struct slice message)
{
    struct flight *flight = context;
    struct client *client = flight->client;
    uint32_t count = 0;
    pthread_mutex_lock(&client->calling);
    pthread_mutex_lock(&client->lock);
    flight_settle(client, flight, error, message, &count);
    client->gathering = true;
    client->gatherer = pthread_self();
    pthread_mutex_unlock(&client->lock);
    endings_run(client, count);
    pthread_mutex_unlock(&client->calling);
}
