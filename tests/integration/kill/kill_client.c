/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One client of the kill test: keeps a number of bank commands in flight until its standard input ends, and writes a
 * line for every answer, for the checker to compare with the store. Now and then it sends a command again that was
 * answered before, with the same id, and demands the same answer word for word; among them commands that make a new
 * account.
 *
 *   kill_client BUS open ACCOUNTS IN_FLIGHT        opens the accounts
 *   kill_client BUS SEED ACCOUNTS IN_FLIGHT > LOG
 *   LOG: "id command account amount status version position identifier code", "-" where there is none */
#include "proto/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REMEMBERED = 4096, TEXT_MAX = 64 };

/* What was asked, and what was answered. */
struct exchange {
    struct uuid id;
    char command[16], account[TEXT_MAX]; /* account "" is a :new */
    uint32_t amount;
    enum status status;
    uint64_t version;
    char position[TEXT_MAX], identifier[TEXT_MAX], code[TEXT_MAX];
    bool decided;
};

struct lane {
    struct run *run;
    struct exchange now;    /* in flight */
    struct exchange before; /* the first answer, when this is a repetition */
    bool repetition;
};

struct run {
    struct client *client;
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    uint64_t random;
    uint32_t accounts, open, mismatches, repetitions;
    bool stop;
    struct exchange *remembered;
    uint32_t count;
    struct buffer data;
};

static uint64_t random_below(struct run *run, uint64_t bound)
{
    run->random ^= run->random << 13;
    run->random ^= run->random >> 7;
    run->random ^= run->random << 17;
    return run->random % bound;
}

static void data_write(struct run *run, const struct exchange *exchange)
{
    buffer_clear(&run->data);
    write_map(&run->data, 1);
    if (strcmp(exchange->command, "open") != 0) {
        write_string(&run->data, "amount");
        write_integer(&run->data, exchange->amount);
        return;
    }
    write_string(&run->data, "holder");
    write_map(&run->data, 2);
    write_string(&run->data, "given");
    write_string(&run->data, "Kim");
    write_string(&run->data, "family");
    write_string(&run->data, "Kill");
}

static void exchange_choose(struct run *run, struct exchange *exchange)
{
    uint64_t dice = random_below(run, 100);
    memset(exchange, 0, sizeof *exchange);
    exchange->amount = 1 + (uint32_t)random_below(run, 1000);
    const char *command = dice < 75 ? "deposit" : dice < 90 ? "withdraw" : "open";
    snprintf(exchange->command, sizeof exchange->command, "%s", command);
    if (dice < 95) /* the rest are :new */
        snprintf(exchange->account, sizeof exchange->account, "kill-%u", (unsigned)random_below(run, run->accounts));
    exchange->id = client_new_id();
}

static void answered(void *context, const struct reply *reply);

static void lane_send(struct lane *lane)
{
    struct run *run = lane->run;
    lane->repetition = run->count > 0 && random_below(run, 100) < 5;
    if (lane->repetition) {
        uint32_t kept = run->count < REMEMBERED ? run->count : REMEMBERED;
        lane->before = run->remembered[random_below(run, kept)];
        lane->now = lane->before;
    } else {
        exchange_choose(run, &lane->now);
    }
    data_write(run, &lane->now);
    struct request request = {.namespace = slice_text("bank"),
                              .command = slice_text(lane->now.command),
                              .resource = slice_text("account"),
                              .identifier = slice_text(lane->now.account),
                              .data = buffer_slice(&run->data),
                              .id = lane->now.id,
                              .has_id = true,
                              .deadline_ms = limit_deadline_max_ms,
                              .at_version = -1,
                              .partition = -1};
    enum error error = client_send(run->client, &request, answered, lane);
    if (error != error_none) {
        fprintf(stderr, "cannot send: %s\n", error_text(error));
        exit(2);
    }
}

static void text_keep(char out[TEXT_MAX], struct slice text)
{
    snprintf(out, TEXT_MAX, "%.*s", (int)text.size, text.size == 0 ? "" : (const char *)text.data);
}

static void exchange_keep(struct exchange *exchange, const struct reply *reply)
{
    exchange->status = reply->status;
    exchange->version = reply->has_version ? reply->version : 0;
    text_keep(exchange->position, reply->position);
    text_keep(exchange->identifier, reply->identifier);
    text_keep(exchange->code, reply->code);
    exchange->decided =
        reply->status == status_ok || reply->status == status_rejected || reply->status == status_conflict;
}

static const char *or_dash(const char *text)
{
    return text[0] == 0 ? "-" : text;
}

static void exchange_log(const struct exchange *exchange)
{
    char id[UUID_TEXT_SIZE];
    uuid_format(&exchange->id, id);
    printf("%s %s %s %u %s %llu %s %s %s\n",
           id,
           exchange->command,
           or_dash(exchange->account),
           exchange->amount,
           status_name(exchange->status),
           (unsigned long long)exchange->version,
           or_dash(exchange->position),
           or_dash(exchange->identifier),
           or_dash(exchange->code));
}

static bool same_answer(const struct exchange *a, const struct exchange *b)
{
    return a->status == b->status && a->version == b->version && strcmp(a->position, b->position) == 0 &&
           strcmp(a->identifier, b->identifier) == 0 && strcmp(a->code, b->code) == 0;
}

static void answered(void *context, const struct reply *reply)
{
    struct lane *lane = context;
    struct run *run = lane->run;
    pthread_mutex_lock(&run->mutex);
    exchange_keep(&lane->now, reply);
    if (!lane->repetition) {
        exchange_log(&lane->now);
        if (lane->now.decided)
            run->remembered[run->count++ % REMEMBERED] = lane->now;
    } else if (lane->now.decided || lane->now.status == status_reused) {
        run->repetitions++;
        if (!same_answer(&lane->before, &lane->now)) {
            run->mismatches++;
            fprintf(stderr, "first answer and repetition differ:\n");
            fprintf(stderr,
                    "  %s %llu %s / %s %llu %s\n",
                    status_name(lane->before.status),
                    (unsigned long long)lane->before.version,
                    lane->before.position,
                    status_name(lane->now.status),
                    (unsigned long long)lane->now.version,
                    lane->now.position);
        }
    }
    if (run->stop)
        run->open--;
    else
        lane_send(lane);
    pthread_cond_signal(&run->finished);
    pthread_mutex_unlock(&run->mutex);
}

static void run_until_told(struct run *run, struct lane *lanes, uint32_t in_flight)
{
    char end;
    pthread_mutex_lock(&run->mutex);
    run->open = in_flight;
    for (uint32_t i = 0; i < in_flight; i++) {
        lanes[i].run = run;
        lane_send(&lanes[i]);
    }
    pthread_mutex_unlock(&run->mutex);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    pthread_mutex_lock(&run->mutex);
    run->stop = true;
    while (run->open > 0)
        pthread_cond_wait(&run->finished, &run->mutex);
    pthread_mutex_unlock(&run->mutex);
}

/* Opens the accounts one after another; one that is there already is as good. */
static int open_accounts(struct run *run)
{
    uint32_t failed = 0;
    for (uint32_t i = 0; i < run->accounts; i++) {
        struct exchange exchange = {.command = "open"};
        struct buffer memory = {0};
        struct reply reply;
        snprintf(exchange.account, sizeof exchange.account, "kill-%u", i);
        data_write(run, &exchange);
        struct request request = {.namespace = slice_text("bank"),
                                  .command = slice_text("open"),
                                  .resource = slice_text("account"),
                                  .identifier = slice_text(exchange.account),
                                  .data = buffer_slice(&run->data),
                                  .deadline_ms = limit_deadline_max_ms,
                                  .at_version = -1,
                                  .partition = -1};
        enum error error = client_call(run->client, &request, &reply, &memory);
        failed += error != error_none || (reply.status != status_ok && reply.status != status_rejected);
        buffer_fini(&memory);
    }
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: kill_client BUS SEED ACCOUNTS IN_FLIGHT\n");
        return 2;
    }
    struct run run = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                      .finished = PTHREAD_COND_INITIALIZER,
                      .random = strtoull(argv[2], NULL, 10) * 2654435761u + 1,
                      .accounts = (uint32_t)atoi(argv[3]),
                      .remembered = calloc(REMEMBERED, sizeof(struct exchange))};
    uint32_t in_flight = (uint32_t)atoi(argv[4]);
    struct lane *lanes = calloc(in_flight, sizeof *lanes);
    struct client_config config = {.urls = argv[1]};
    if (run.remembered == NULL || lanes == NULL || client_open(&run.client, &config) != error_none)
        return 2;
    int status = 0;
    if (strcmp(argv[2], "open") == 0) {
        status = open_accounts(&run);
    } else {
        run_until_told(&run, lanes, in_flight);
        fprintf(stderr, "%u answers repeated, %u of them differently\n", run.repetitions, run.mismatches);
        status = run.mismatches == 0 ? 0 : 1;
    }
    client_close(&run.client);
    buffer_fini(&run.data);
    free(run.remembered);
    free(lanes);
    return status;
}
