/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h: load from client processes. Each keeps in_flight deposits open, one command a request; when one is
 * answered the next goes out from its callback. A client is this program again (fluvius bench load), because nng cannot
 * be used in a child of a process that used it before. */
#include "services/cli/bench.h"

#include "services/common/process.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct load;

struct lane {
    struct load *load;
    uint64_t sent_us;
    uint32_t amount;
    char identifier[32];
};

struct load {
    const struct bench_options *options;
    struct client *client;
    struct lane *lanes;
    uint64_t until_us, random;
    uint32_t open;
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    struct bench_result result;
    struct buffer data;
};

static uint64_t random_next(struct load *load)
{
    load->random ^= load->random << 13; /* xorshift64: Marsaglia, 2003 */
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return load->random;
}

static void lane_done(void *context, const struct reply *reply);

/* With the mutex held, or before the client runs. */
static void lane_send(struct lane *lane, uint64_t now_us)
{
    struct load *load = lane->load;
    lane->amount = 1 + (uint32_t)(random_next(load) % 100);
    snprintf(lane->identifier,
             sizeof lane->identifier,
             "bench-%u",
             (uint32_t)(random_next(load) % load->options->aggregates));
    buffer_clear(&load->data);
    write_map(&load->data, 1);
    write_string(&load->data, "amount");
    write_integer(&load->data, lane->amount);
    struct request request = {.namespace = slice_text("bank"),
                              .command = slice_text("deposit"),
                              .resource = slice_text("account"),
                              .identifier = slice_text(lane->identifier),
                              .data = buffer_slice(&load->data),
                              .deadline_ms = limit_deadline_max_ms,
                              .at_version = -1,
                              .partition = -1};
    lane->sent_us = now_us;
    if (client_send(load->client, &request, lane_done, lane) != error_none) {
        load->result.failed++;
        load->open--;
    }
}

static void lane_done(void *context, const struct reply *reply)
{
    struct lane *lane = context;
    struct load *load = lane->load;
    uint64_t now_us = clock_monotonic_us();
    pthread_mutex_lock(&load->mutex);
    if (reply->status == status_ok) {
        load->result.ok++;
        load->result.amount += lane->amount;
        load->result.last_us = now_us;
        histogram_add(&load->result.latency, now_us - lane->sent_us);
    } else {
        load->result.failed++;
    }
    if (now_us < load->until_us)
        lane_send(lane, now_us);
    else
        load->open--;
    if (load->open == 0)
        pthread_cond_signal(&load->finished);
    pthread_mutex_unlock(&load->mutex);
}

bool bench_client_open(const struct bench_options *options, struct client **out)
{
    struct client_config config = {.urls = options->bus, .token = options->token};
    char fault[TLS_FAULT_SIZE] = "TLS cannot be used";
    bool ok = tls_settings_client(&options->tls, options->bus, &config.tls, fault) == error_none;
    if (!ok)
        fprintf(stderr, "fluvius bench: %s\n", fault);
    ok = ok && client_open(out, &config) == error_none;
    tls_release(&config.tls);
    return ok;
}

static bool load_run(struct load *load, uint32_t in_flight)
{
    load->lanes = calloc(in_flight, sizeof *load->lanes);
    random_bytes(&load->random, sizeof load->random);
    load->random |= 1;
    pthread_mutex_init(&load->mutex, NULL);
    pthread_cond_init(&load->finished, NULL);
    if (load->lanes == NULL || !bench_client_open(load->options, &load->client))
        return false;
    pthread_mutex_lock(&load->mutex);
    load->result.first_us = clock_monotonic_us();
    load->until_us = load->result.first_us + load->options->seconds * 1000000ull;
    load->open = in_flight;
    for (uint32_t i = 0; i < in_flight; i++) {
        load->lanes[i].load = load;
        lane_send(&load->lanes[i], load->result.first_us);
    }
    while (load->open > 0)
        pthread_cond_wait(&load->finished, &load->mutex);
    pthread_mutex_unlock(&load->mutex);
    client_close(&load->client);
    return true;
}

int bench_load_client(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "fluvius bench load is a part of fluvius bench commands\n");
        return 2;
    }
    struct bench_options options = {.bus = argv[1],
                                    .aggregates = (uint32_t)atoi(argv[2]),
                                    .in_flight = (uint32_t)atoi(argv[3]),
                                    .seconds = (uint32_t)atoi(argv[4]),
                                    .token = getenv("FLUVIUS_TOKEN"),
                                    .tls = {.certificate = getenv("FLUVIUS_TLS_CERTIFICATE"),
                                            .key = getenv("FLUVIUS_TLS_KEY"),
                                            .authority = getenv("FLUVIUS_TLS_AUTHORITY"),
                                            .server_name = getenv("FLUVIUS_TLS_SERVER_NAME")}};
    struct load load = {.options = &options};
    bool ok = load_run(&load, options.in_flight) && fwrite(&load.result, sizeof load.result, 1, stdout) == 1;
    buffer_fini(&load.data);
    free(load.lanes);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}

static void hand_on(const char *variable, const char *value)
{
    if (value != NULL)
        setenv(variable, value, 1);
}

static void exec_client(const struct bench_options *options, uint32_t in_flight, int out)
{
    char aggregates[16], open[16], seconds[16];
    snprintf(aggregates, sizeof aggregates, "%u", options->aggregates);
    snprintf(open, sizeof open, "%u", in_flight);
    snprintf(seconds, sizeof seconds, "%u", options->seconds);
    const struct tls_settings *tls = &options->tls;
    hand_on("FLUVIUS_TOKEN", options->token);
    hand_on("FLUVIUS_TLS_CERTIFICATE", tls->certificate);
    hand_on("FLUVIUS_TLS_KEY", tls->key);
    hand_on("FLUVIUS_TLS_AUTHORITY", tls->authority);
    hand_on("FLUVIUS_TLS_SERVER_NAME", tls->server_name);
    dup2(out, STDOUT_FILENO);
    execl("/proc/self/exe", "fluvius", "bench", "load", options->bus, aggregates, open, seconds, (char *)NULL);
    _exit(127);
}

static bool result_read(int in, struct bench_result *out)
{
    uint8_t *at = (uint8_t *)out;
    for (size_t left = sizeof *out; left > 0;) {
        ssize_t size = read(in, at, left);
        if (size <= 0)
            return false;
        at += size;
        left -= (size_t)size;
    }
    return true;
}

void bench_result_merge(struct bench_result *into, const struct bench_result *from)
{
    into->ok += from->ok;
    into->failed += from->failed;
    into->amount += from->amount;
    if (into->first_us == 0 || from->first_us < into->first_us)
        into->first_us = from->first_us;
    if (from->last_us > into->last_us)
        into->last_us = from->last_us;
    histogram_merge(&into->latency, &from->latency);
}

bool bench_load(const struct bench_options *options, uint32_t clients, uint32_t in_flight, struct bench_result *out)
{
    int *ins = calloc(clients, sizeof *ins);
    pid_t *pids = calloc(clients, sizeof *pids);
    struct bench_result *result = malloc(sizeof *result);
    bool ok = ins != NULL && pids != NULL && result != NULL;
    for (uint32_t i = 0; ok && i < clients; i++) {
        int ends[2];
        ok = pipe(ends) == 0 && (pids[i] = fork()) >= 0;
        if (ok && pids[i] == 0)
            exec_client(options, in_flight, ends[1]);
        close(ends[1]);
        ins[i] = ends[0];
    }
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; ok && i < clients; i++) {
        ok = result_read(ins[i], result);
        close(ins[i]);
        waitpid(pids[i], NULL, 0);
        bench_result_merge(out, result);
    }
    free(result);
    free(pids);
    free(ins);
    return ok;
}
