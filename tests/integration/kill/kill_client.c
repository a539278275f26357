/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One client of the kill test: keeps a number of bank commands in flight until its standard input ends, and writes a
 * line for every answer, for the checker to compare with the store. Now and then it sends a command again that was
 * answered before, with the same id, and demands the same answer word for word; among them commands that make a new
 * account. It also reads, rehearses (dry runs), and acts on what it has read (expected versions).
 *
 *   kill_client BUS open ACCOUNTS IN_FLIGHT [HISTORY]        opens the accounts
 *   kill_client BUS SEED ACCOUNTS IN_FLIGHT [HISTORY [PERCENT [patient]]] > LOG
 *   PERCENT: so many requests are reads or dry runs, half of each; else a few
 *   patient: gives every command all the time there is, so that none may end undecided
 *   LOG: the commands' answers, a line each; HISTORY: everything, for tests/linear. See exchange.h for both.
 *   FLUVIUS_TOKEN in the environment is its token. */
#include "tests/integration/kill/exchange.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { REMEMBERED = 4096 };

struct lane {
    struct run *run;
    struct exchange now;    /* in flight */
    struct exchange before; /* the first answer, when this is a repetition */
    bool repetition;
};

struct run {
    struct client *client;
    FILE *history; /* or NULL */
    uint32_t number;
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    uint64_t random;
    uint32_t accounts, looks, open, mismatches, repetitions; /* looks: percent that are reads or dry runs */
    bool stop, patient;
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

static const char *command_choose(struct run *run)
{
    uint64_t dice = random_below(run, 100);
    return dice < 73 ? "deposit" : dice < 87 ? "withdraw" : dice < 97 ? "open" : dice < 98 ? "close" : "read";
}

static void look_choose(struct run *run, struct exchange *exchange)
{
    uint64_t dice = random_below(run, 200);
    if (run->looks == 0 || dice >= 2 * run->looks)
        return;
    exchange->dry_run = dice >= run->looks;
    snprintf(exchange->command, sizeof exchange->command, "%s", exchange->dry_run ? "deposit" : "read");
}

/* A few give up so soon that nobody knows what became of them. */
static void exchange_choose(struct run *run, struct exchange *exchange)
{
    memset(exchange, 0, sizeof *exchange);
    exchange->amount = 1 + (uint32_t)random_below(run, 1000);
    snprintf(exchange->command, sizeof exchange->command, "%s", command_choose(run));
    bool new = strcmp(exchange->command, "open") == 0 && random_below(run, 2) == 0;
    if (!new) {
        unsigned account = (unsigned)random_below(run, run->accounts);
        snprintf(exchange->account, sizeof exchange->account, "kill-%u", account);
        exchange->dry_run = !exchange_is_read(exchange) && random_below(run, 100) < 2;
        look_choose(run, exchange);
    }
    bool hasty = !run->patient && random_below(run, 100) < 1;
    exchange->deadline_ms = hasty ? 1 + (uint32_t)random_below(run, 20) : limit_deadline_max_ms;
    exchange->id = client_new_id();
}

/* A deposit that is to happen only if nothing happened since the account was read. */
static void exchange_follow(struct run *run, struct exchange *exchange)
{
    struct exchange read = *exchange;
    memset(exchange, 0, sizeof *exchange);
    exchange->amount = 1 + (uint32_t)random_below(run, 1000);
    snprintf(exchange->command, sizeof exchange->command, "deposit");
    memcpy(exchange->account, read.account, sizeof read.account);
    exchange->has_expected = true;
    exchange->expected = read.version;
    exchange->deadline_ms = limit_deadline_max_ms;
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
        lane->now.deadline_ms = limit_deadline_max_ms;
    } else if (exchange_is_read(&lane->now) && lane->now.status == status_ok) {
        exchange_follow(run, &lane->now);
    } else {
        exchange_choose(run, &lane->now);
    }
    struct request request = exchange_request(&lane->now, &run->data);
    enum error error = client_send(run->client, &request, answered, lane);
    if (error != error_none) {
        fprintf(stderr, "cannot send: %s\n", error_text(error));
        exit(2);
    }
}

static void repetition_judge(struct run *run, const struct exchange *before, const struct exchange *now)
{
    run->repetitions++;
    if (exchange_same_answer(before, now))
        return;
    run->mismatches++;
    fprintf(stderr,
            "first answer and repetition differ:\n  %s %llu %s / %s %llu %s\n",
            status_name(before->status),
            (unsigned long long)before->version,
            before->position,
            status_name(now->status),
            (unsigned long long)now->version,
            now->position);
}

static void exchange_finish(struct run *run, const struct lane *lane)
{
    if (run->history != NULL)
        exchange_record(run->history, run->number, &lane->now);
    if (lane->repetition) {
        if (lane->now.decided || lane->now.status == status_reused)
            repetition_judge(run, &lane->before, &lane->now);
    } else if (exchange_is_command(&lane->now)) {
        exchange_log(stdout, &lane->now);
        if (lane->now.decided)
            run->remembered[run->count++ % REMEMBERED] = lane->now;
    }
}

static void answered(void *context, const struct reply *reply)
{
    struct lane *lane = context;
    struct run *run = lane->run;
    pthread_mutex_lock(&run->mutex);
    exchange_keep(&lane->now, reply);
    exchange_finish(run, lane);
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
        struct exchange exchange = {.command = "open", .deadline_ms = limit_deadline_max_ms, .id = client_new_id()};
        struct buffer memory = {0};
        struct reply reply;
        snprintf(exchange.account, sizeof exchange.account, "kill-%u", i);
        struct request request = exchange_request(&exchange, &run->data);
        enum error error = client_call(run->client, &request, &reply, &memory);
        if (error == error_none)
            exchange_keep(&exchange, &reply);
        failed += error != error_none || (reply.status != status_ok && reply.status != status_rejected);
        if (error == error_none && run->history != NULL)
            exchange_record(run->history, run->number, &exchange);
        buffer_fini(&memory);
    }
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 8) {
        fprintf(stderr, "usage: kill_client BUS SEED ACCOUNTS IN_FLIGHT [HISTORY [PERCENT [patient]]]\n");
        return 2;
    }
    struct run run = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                      .finished = PTHREAD_COND_INITIALIZER,
                      .patient = argc == 8,
                      .history = argc > 5 ? fopen(argv[5], "w") : NULL,
                      .number = (uint32_t)(strtoull(argv[2], NULL, 10) % 100),
                      .random = strtoull(argv[2], NULL, 10) * 2654435761u + 1,
                      .accounts = (uint32_t)atoi(argv[3]),
                      .looks = argc > 6 ? (uint32_t)atoi(argv[6]) : 0,
                      .remembered = calloc(REMEMBERED, sizeof(struct exchange))};
    uint32_t in_flight = (uint32_t)atoi(argv[4]);
    struct lane *lanes = calloc(in_flight, sizeof *lanes);
    struct client_config config = {.urls = argv[1], .token = getenv("FLUVIUS_TOKEN")};
    if (run.remembered == NULL || lanes == NULL || (argc > 5 && run.history == NULL) ||
        client_open(&run.client, &config) != error_none)
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
    if (run.history != NULL && fclose(run.history) != 0)
        status = 2;
    buffer_fini(&run.data);
    free(run.remembered);
    free(lanes);
    return status;
}
