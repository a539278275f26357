/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The client library's public face: opening, sending, waiting, closing. The rest is behind client_core.h. */
#include "proto/client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "proto/client_core.h"

enum { IN_FLIGHT_DEFAULT = 4096, FRAMES_DEFAULT = 2, BATCH_DEFAULT = 256, IN_FLIGHT_MAX = 1 << 20 };

/* ---- opening and closing ---- */

static void broker_watched(void *context, bool connected)
{
    struct client *client = context;
    (void)connected;
    pthread_mutex_lock(&client->lock);
    pthread_cond_signal(&client->wake);
    pthread_mutex_unlock(&client->lock);
}

static enum error broker_open(struct client *client, const char *url, struct tls *tls)
{
    const struct link_config config = {.url = url,
                                       .tls = tls,
                                       .max_bytes = client->max_bytes,
                                       .slots = client->flight_count,
                                       .watch = broker_watched,
                                       .watch_context = client};
    if (client->link_count == BROKERS_MAX)
        return error_full;
    enum error error = link_open(&client->links[client->link_count], &config);
    client->link_count += error == error_none;
    return error;
}

static enum error brokers_open(struct client *client, const struct client_config *config)
{
    if (config->urls == NULL)
        return error_bad_address;
    char *copy = strdup(config->urls), *rest = copy;
    enum error error = copy == NULL ? error_no_memory : error_none;
    while (error == error_none && rest != NULL) {
        const char *url = strsep(&rest, ",");
        error = broker_open(client, url + strspn(url, " "), config->tls);
    }
    free(copy);
    return error;
}

static uint32_t or_default(uint32_t value, uint32_t fallback, uint32_t most)
{
    value = value == 0 ? fallback : value;
    return value > most ? most : value;
}

static void client_configure(struct client *client, const struct client_config *config)
{
    client->capacity = or_default(config->max_in_flight, IN_FLIGHT_DEFAULT, IN_FLIGHT_MAX);
    client->flight_count = or_default(config->frames, FRAMES_DEFAULT, limit_frames_in_flight);
    client->max_bytes = config->max_bytes == 0 ? limit_frame_bytes : config->max_bytes;
    uint32_t answerable = (uint32_t)(client->max_bytes / limit_reply_bytes_each) - 1; /* brokers refuse more */
    answerable = answerable > limit_batch_requests ? limit_batch_requests : answerable;
    client->batch = or_default(config->batch, BATCH_DEFAULT, answerable);
    client->random_used = RANDOM_POOL;
    client->sweep_at_us = INT64_MAX;
}

static enum error client_allocate(struct client *client, const char *token)
{
    client->token = strdup(token == NULL ? "" : token);
    client->endings = calloc(ENDINGS_MAX, sizeof *client->endings);
    client->entries = calloc(client->capacity, sizeof *client->entries);
    client->flights = calloc(client->flight_count, sizeof *client->flights);
    client->flight_entries = calloc((size_t)client->flight_count * client->batch, sizeof *client->flight_entries);
    if (client->token == NULL || client->endings == NULL || client->entries == NULL || client->flights == NULL ||
        client->flight_entries == NULL)
        return error_no_memory;
    for (uint32_t i = 0; i < client->flight_count; i++)
        client->flights[i] =
            (struct flight){.client = client, .entries = client->flight_entries + (size_t)i * client->batch};
    return error_none;
}

static void locks_init(struct client *client)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&client->calling, NULL);
    pthread_mutex_init(&client->lock, NULL);
    pthread_cond_init(&client->wake, &attributes);
    pthread_cond_init(&client->drained, NULL);
    pthread_condattr_destroy(&attributes);
}

/* A frame's head, with the token, takes its part of max_bytes. */
static enum error room_measure(struct client *client)
{
    request_frame_begin(&client->frame, (uint32_t)client->max_bytes, slice_text(client->token), client->batch);
    if (client->frame.failed)
        return error_no_memory;
    if (client->frame.size >= client->max_bytes)
        return error_too_long;
    client->request_bytes_max = client->max_bytes - client->frame.size;
    return error_none;
}

enum error client_open(struct client **out, const struct client_config *config)
{
    if (config->max_bytes != 0 && (config->max_bytes < limit_reply_bytes_min || config->max_bytes > limit_frame_bytes))
        return error_out_of_range;
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return error_no_memory;
    locks_init(client);
    client_configure(client, config);
    enum error error = client_allocate(client, config->token);
    if (error == error_none)
        error = room_measure(client);
    if (error == error_none)
        error = brokers_open(client, config);
    if (error == error_none && pthread_create(&client->clock, NULL, clock_run, client) != 0)
        error = error_no_memory;
    client->clock_runs = error == error_none;
    if (error != error_none)
        client_close(&client);
    else
        *out = client;
    return error;
}

static void client_free(struct client *client)
{
    for (uint32_t i = 0; client->entries != NULL && i < client->used; i++)
        buffer_fini(&client->entries[i].bytes);
    buffer_fini(&client->frame);
    free(client->flight_entries);
    free(client->flights);
    free(client->entries);
    free(client->endings);
    free(client->token);
    pthread_cond_destroy(&client->drained);
    pthread_cond_destroy(&client->wake);
    pthread_mutex_destroy(&client->lock);
    pthread_mutex_destroy(&client->calling);
    free(client);
}

void client_close(struct client **client)
{
    struct client *closing = *client;
    *client = NULL;
    if (closing == NULL)
        return;
    pthread_mutex_lock(&closing->lock);
    closing->closing = true;
    pthread_cond_signal(&closing->wake);
    pthread_mutex_unlock(&closing->lock);
    if (closing->clock_runs)
        pthread_join(closing->clock, NULL); /* it ends every request first */
    for (uint32_t i = 0; i < closing->link_count; i++)
        link_close(&closing->links[i]);
    client_free(closing);
}

/* ---- sending ---- */

/* At most 256 bytes, which come whole once the system's generator is ready. */
static void random_fill(void *out, size_t size)
{
    ssize_t got;
    do
        got = getrandom(out, size, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)size)
        abort(); /* no kernel that this runs on lacks it; going on with guessable ids would be worse */
}

static uint64_t wall_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

struct uuid client_new_id(void)
{
    uint8_t random[10];
    random_fill(random, sizeof random);
    return uuid_v7(wall_ms(), random);
}

static struct uuid client_next_id(struct client *client)
{
    if (client->random_used + 10 > RANDOM_POOL) {
        for (size_t at = 0; at < RANDOM_POOL; at += 250)
            random_fill(client->random + at, 250);
        client->random_used = 0;
    }
    const uint8_t *random = client->random + client->random_used;
    client->random_used += 10;
    return uuid_v7(wall_ms(), random);
}

/* Encodes with the longest deadline, which takes two bytes as every other can; flights write the time left there. */
static enum error entry_encode(struct entry *entry, const struct request *request)
{
    struct request encoded = *request;
    struct slice milliseconds;
    encoded.deadline_ms = limit_deadline_max_ms;
    request_encode(&entry->bytes, &encoded);
    if (entry->bytes.failed)
        return error_no_memory;
    enum error error = msgpack_find(buffer_slice(&entry->bytes), "ms", &milliseconds);
    if (error != error_none)
        return error;
    assert(milliseconds.size == 3); /* cd, then 16 bits */
    entry->milliseconds_at = (size_t)(milliseconds.data - entry->bytes.data) + 1;
    return error_none;
}

static void entry_fill(struct entry *entry, const struct request *request, client_done done, void *context)
{
    uint32_t deadline_ms = request->deadline_ms == 0 ? limit_deadline_ms : request->deadline_ms;
    deadline_ms = deadline_ms > limit_deadline_max_ms ? limit_deadline_max_ms : deadline_ms;
    entry->deadline_us = client_now_us() + (int64_t)deadline_ms * 1000;
    entry->has_id = request->has_id;
    entry->query = request_offered(request) && request->operation != operation_follow;
    entry->id = request->id;
    entry->done = done;
    entry->context = context;
}

/* Puts the filled entry where it belongs: among the ready ones, or among those that can never be sent. */
static void entry_queue(struct client *client, struct entry *entry)
{
    client->held_bytes += entry->bytes.size;
    client->unfinished++;
    if (entry->bytes.size > client->request_bytes_max) {
        entry->state = ENTRY_BAD;
        sweep_by(client, 0);
        return;
    }
    entry_ready(client, entry);
    sweep_by(client, entry->deadline_us);
    frames_flush(client);
}

static void entry_give_back(struct client *client, struct entry *entry)
{
    buffer_fini(&entry->bytes);
    entry->next = client->free;
    client->free = entry;
}

static enum error request_take(struct client *client, struct request *request, client_done done, void *context)
{
    struct entry *entry;
    if (client->closing)
        return error_closed;
    if (client->held_bytes >= HELD_BYTES_MAX || (entry = entry_take(client)) == NULL)
        return error_full;
    if (request->operation == operation_command && !request->has_id) {
        request->id = client_next_id(client);
        request->has_id = true;
    }
    enum error error = entry_encode(entry, request);
    if (error != error_none) {
        entry_give_back(client, entry);
        return error;
    }
    entry_fill(entry, request, done, context);
    entry_queue(client, entry);
    return error_none;
}

enum error client_send(struct client *client, struct request *request, client_done done, void *context)
{
    pthread_mutex_lock(&client->lock);
    enum error error = request_take(client, request, done, context);
    pthread_mutex_unlock(&client->lock);
    return error;
}

void client_drain(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    while (client->unfinished > 0)
        pthread_cond_wait(&client->drained, &client->lock);
    pthread_mutex_unlock(&client->lock);
}

bool client_connected(const struct client *client)
{
    for (uint32_t i = 0; i < client->link_count; i++)
        if (link_connected(client->links[i]))
            return true;
    return false;
}

void client_fault(const struct client *client, char out[TLS_FAULT_SIZE])
{
    out[0] = '\0';
    for (uint32_t i = 0; i < client->link_count && out[0] == '\0'; i++)
        link_fault(client->links[i], out);
}

/* ---- waiting for one ---- */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    struct reply *reply;
    struct buffer *memory;
};

static struct slice slice_moved(struct slice slice, const uint8_t **at)
{
    if (slice.size == 0)
        return (struct slice){0};
    struct slice moved = slice_of(*at, slice.size);
    *at += slice.size;
    return moved;
}

/* Copies what the reply points to; the order is that of slice_moved below. */
static void reply_keep(const struct reply *reply, struct reply *out, struct buffer *memory)
{
    const struct slice parts[] = {
        reply->position, reply->identifier, reply->code, reply->message, reply->faults, reply->data};
    *out = *reply;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        buffer_append(memory, parts[i].data, parts[i].size);
    const uint8_t *at = memory->data;
    struct slice *const moved[] = {
        &out->position, &out->identifier, &out->code, &out->message, &out->faults, &out->data};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        *moved[i] = memory->failed ? (struct slice){0} : slice_moved(parts[i], &at);
}

static void waiter_done(void *context, const struct reply *reply)
{
    struct waiter *waiter = context;
    pthread_mutex_lock(&waiter->lock);
    reply_keep(reply, waiter->reply, waiter->memory);
    waiter->done = true;
    pthread_cond_signal(&waiter->changed);
    pthread_mutex_unlock(&waiter->lock);
}

enum error client_call(struct client *client, struct request *request, struct reply *out, struct buffer *memory)
{
    struct reply reply;
    struct buffer kept = {0};
    struct waiter waiter = {.reply = &reply, .memory = &kept};
    pthread_mutex_init(&waiter.lock, NULL);
    pthread_cond_init(&waiter.changed, NULL);
    enum error error = client_send(client, request, waiter_done, &waiter);
    pthread_mutex_lock(&waiter.lock);
    while (error == error_none && !waiter.done)
        pthread_cond_wait(&waiter.changed, &waiter.lock);
    pthread_mutex_unlock(&waiter.lock);
    pthread_cond_destroy(&waiter.changed);
    pthread_mutex_destroy(&waiter.lock);
    if (error == error_none && kept.failed)
        error = error_no_memory;
    if (error != error_none) {
        buffer_fini(&kept);
        return error;
    }
    *out = reply;
    buffer_fini(memory);
    *memory = kept;
    return error_none;
}
