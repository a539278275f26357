/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bus for tests: see bus.h. */
#include "tests/unit/gateway/bus.h"

#include <assert.h>
#include <pthread.h>

#include "services/common/process.h"

#define HELD_MAX 4096

struct held {
    client_done done;
    void *context;
};

struct client {
    uint32_t max_in_flight;
};

static struct client the_client;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static struct held held[HELD_MAX];
static size_t held_count, all_count;
static bool holding, connected = true;
static uint32_t all_partitions = 1, unowned_partitions;

void bus_hold(bool hold)
{
    pthread_mutex_lock(&lock);
    holding = hold;
    pthread_mutex_unlock(&lock);
}

void bus_connect(bool is_connected)
{
    pthread_mutex_lock(&lock);
    connected = is_connected;
    pthread_mutex_unlock(&lock);
}

void bus_partitions(uint32_t partitions, uint32_t unowned)
{
    pthread_mutex_lock(&lock);
    all_partitions = partitions;
    unowned_partitions = unowned;
    pthread_mutex_unlock(&lock);
}

void bus_wait(size_t count)
{
    pthread_mutex_lock(&lock);
    while (held_count < count)
        pthread_cond_wait(&came, &lock);
    pthread_mutex_unlock(&lock);
}

size_t bus_count(void)
{
    pthread_mutex_lock(&lock);
    size_t count = all_count;
    pthread_mutex_unlock(&lock);
    return count;
}

void bus_answer(const struct reply *reply)
{
    static struct held ended[HELD_MAX];
    pthread_mutex_lock(&lock);
    size_t count = held_count;
    memcpy(ended, held, count * sizeof *held);
    held_count = 0;
    pthread_mutex_unlock(&lock);
    for (size_t i = 0; i < count; i++)
        ended[i].done(ended[i].context, reply);
}

/* ---- proto/client.h ---- */

void client_fault(const struct client *client, char out[TLS_FAULT_SIZE])
{
    (void)client;
    out[0] = '\0';
}

enum error client_open(struct client **out, const struct client_config *config)
{
    the_client.max_in_flight = config->max_in_flight;
    *out = &the_client;
    return error_none;
}

static void describe(client_done done, void *context)
{
    struct buffer data = {0};
    write_array(&data, 1);
    write_map(&data, 2);
    write_string(&data, "namespace");
    write_string(&data, "bank");
    write_string(&data, "resources");
    write_array(&data, 0);
    done(context, &(struct reply){.status = status_ok, .data = buffer_slice(&data)});
    buffer_fini(&data);
}

static void succeed(client_done done, void *context)
{
    struct buffer health = {0};
    pthread_mutex_lock(&lock);
    write_map(&health, 2);
    write_string(&health, "partitions");
    write_unsigned(&health, all_partitions);
    write_string(&health, "unowned");
    write_unsigned(&health, unowned_partitions);
    pthread_mutex_unlock(&lock);
    struct reply reply = {.status = status_ok, .has_version = true, .version = 1, .data = buffer_slice(&health)};
    done(context, &reply);
    buffer_fini(&health);
}

static bool hold(client_done done, void *context)
{
    pthread_mutex_lock(&lock);
    all_count++;
    bool kept = holding;
    if (kept) {
        assert(held_count < HELD_MAX);
        held[held_count++] = (struct held){done, context};
        pthread_cond_broadcast(&came);
    }
    pthread_mutex_unlock(&lock);
    return kept;
}

enum error client_send(struct client *client, struct request *request, client_done done, void *context)
{
    (void)client;
    if (request->operation == operation_describe && client_connected(client))
        describe(done, context);
    else if (request->operation == operation_describe)
        done(context, &(struct reply){.status = status_unavailable});
    else if (!hold(done, context))
        succeed(done, context);
    return error_none;
}

bool client_connected(const struct client *client)
{
    (void)client;
    pthread_mutex_lock(&lock);
    bool is = connected;
    pthread_mutex_unlock(&lock);
    return is;
}

void client_close(struct client **client)
{
    bus_answer(&(struct reply){.status = status_unavailable, .code = slice_text("closed")});
    *client = NULL;
}

struct uuid client_new_id(void)
{
    uint8_t random[10];
    random_bytes(random, sizeof random);
    return uuid_v7((uint64_t)clock_wall_us() / 1000, random);
}
