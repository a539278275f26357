/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h: the bank accounts that the load goes to, and their balances afterwards. */
#include "services/cli/bench.h"

#include <pthread.h>
#include <stdio.h>

struct sweep {
    struct client *client;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint32_t open, failed;
    uint64_t sum;
};

enum { SWEEP_OPEN_MAX = 512 };

static bool balance_of(const struct reply *reply, uint64_t *out)
{
    struct slice raw;
    int64_t balance;
    if (reply->status != status_ok || msgpack_find(reply->data, "balance", &raw) != error_none)
        return false;
    struct reader reader = reader_of(raw);
    if (reader_integer(&reader, &balance) != error_none)
        return false;
    *out = (uint64_t)balance;
    return true;
}

static void sweep_end(struct sweep *sweep, bool ok, uint64_t balance)
{
    pthread_mutex_lock(&sweep->mutex);
    sweep->open--;
    sweep->failed += !ok;
    sweep->sum += balance;
    pthread_cond_signal(&sweep->changed);
    pthread_mutex_unlock(&sweep->mutex);
}

static void opened(void *context, const struct reply *reply)
{
    sweep_end(context, reply->status == status_ok || reply->status == status_rejected, 0);
}

static void balance_read(void *context, const struct reply *reply)
{
    uint64_t balance = 0;
    bool ok = balance_of(reply, &balance);
    sweep_end(context, ok, balance);
}

static void holder_write(struct buffer *data)
{
    write_map(data, 1);
    write_string(data, "holder");
    write_map(data, 2);
    write_string(data, "given");
    write_string(data, "Ada");
    write_string(data, "family");
    write_string(data, "Bench");
}

static void sweep_send(struct sweep *sweep, struct request *request, client_done done)
{
    pthread_mutex_lock(&sweep->mutex);
    while (sweep->open >= SWEEP_OPEN_MAX)
        pthread_cond_wait(&sweep->changed, &sweep->mutex);
    sweep->open++;
    pthread_mutex_unlock(&sweep->mutex);
    if (client_send(sweep->client, request, done, sweep) != error_none)
        sweep_end(sweep, false, 0);
}

/* Sends one request to every account, and waits for all. */
static bool sweep_run(const struct bench_options *options, struct request *request, client_done done, uint64_t *sum)
{
    struct sweep sweep = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    if (!bench_client_open(options, &sweep.client))
        return false;
    for (uint32_t i = 0; i < options->aggregates; i++) {
        char identifier[32];
        snprintf(identifier, sizeof identifier, "bench-%u", i);
        request->identifier = slice_text(identifier);
        request->has_id = false;
        sweep_send(&sweep, request, done);
    }
    pthread_mutex_lock(&sweep.mutex);
    while (sweep.open > 0)
        pthread_cond_wait(&sweep.changed, &sweep.mutex);
    pthread_mutex_unlock(&sweep.mutex);
    client_close(&sweep.client);
    *sum = sweep.sum;
    if (sweep.failed > 0)
        fprintf(stderr, "fluvius bench: %u of %u accounts did not answer\n", sweep.failed, options->aggregates);
    return sweep.failed == 0;
}

static struct request account_request(enum operation operation, const char *command)
{
    return (struct request){.operation = operation,
                            .namespace = slice_text("bank"),
                            .command = slice_text(command),
                            .resource = slice_text("account"),
                            .deadline_ms = limit_deadline_max_ms,
                            .at_version = -1,
                            .partition = -1};
}

bool bench_open_accounts(const struct bench_options *options)
{
    struct buffer data = {0};
    uint64_t sum;
    holder_write(&data);
    struct request request = account_request(operation_command, "open");
    request.data = buffer_slice(&data);
    bool ok = sweep_run(options, &request, opened, &sum);
    buffer_fini(&data);
    return ok;
}

bool bench_sum_balances(const struct bench_options *options, uint64_t *out)
{
    struct request request = account_request(operation_state, NULL);
    return sweep_run(options, &request, balance_read, out);
}
