/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's process: what is opened in which order, and the loop. */
#include "services/gateway/gateway.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "services/gateway/server.h"
#include "services/gateway/transfer.h"

#define TICK_US 1000000
#define DRAIN_US 10000000 /* what is in flight after that is answered `unavailable` */
#define FLUSH_US 2000000  /* and then this long to be taken */

enum { EXIT_TROUBLE = 1, EXIT_BAD_SETTINGS = 2 };

static int fail(const char *what, const char *why, int code)
{
    fprintf(stderr, "fluvius-gateway: %s: %s\n", what, why);
    return code;
}

/* ---- opening ---- */

static struct slice listener_host(const struct listener *listener)
{
    struct slice host = {0};
    host_of(slice_text(listener->url + strlen("http://")), &host);
    return host;
}

static int gateway_open_guard(struct gateway *gateway)
{
    char fault[TOKENS_FAULT_SIZE] = "";
    if (tokens_load(&gateway->tokens, gateway->settings.token_file, fault) != 0)
        return fail("token file", fault, EXIT_BAD_SETTINGS);
    enum error error = listen_open(gateway->settings.http, &gateway->listener);
    if (error != 0)
        return fail(gateway->settings.http, error_text(error), EXIT_BAD_SETTINGS);
    gateway->guard = (struct guard){.hosts = gateway->settings.hosts,
                                    .origins = gateway->settings.origins,
                                    .address = listener_host(&gateway->listener),
                                    .tokens = gateway->tokens};
    return 0;
}

static int gateway_open_tls(struct gateway *gateway)
{
    const struct gateway_settings *settings = &gateway->settings;
    char fault[TLS_FAULT_SIZE];
    enum error error = tls_settings_client(&settings->tls, settings->bus_urls, &gateway->tls, fault);
    if (error == error_none)
        return 0;
    return fail("TLS", error == error_bad_settings ? fault : error_text(error), EXIT_BAD_SETTINGS);
}

/* Few frames in flight make full ones: measured with 64 connections, two cost 44 us of all processes' time a command,
 * four 54 us, sixteen 80 us. One (32 us) would let any slow request hold up all others. What query processes answer has
 * a connection of its own, so that commands never wait behind a read that takes long, or that nobody answers. What is
 * in flight beyond HTTP's own requests is the catalog's poll. */
static enum error gateway_open_client(struct gateway *gateway)
{
    struct client_config config = {.urls = gateway->settings.bus_urls,
                                   .tls = gateway->tls,
                                   .frames = 2,
                                   .max_in_flight = (uint32_t)gateway->settings.max_in_flight + 1};
    enum error error = client_open(&gateway->client, &config);
    return error == error_none ? client_open(&gateway->reader, &config) : error;
}

static int gateway_open_reads(struct gateway *gateway)
{
    const struct gateway_settings *settings = &gateway->settings;
    struct direct_config config = {.url = settings->reads, .journal = settings->journal};
    if (settings->reads == NULL || settings->reads[0] == '\0')
        return 0;
    enum error error = direct_open(&gateway->direct, &config);
    return error == error_none ? 0 : fail("journal", error_text(error), EXIT_BAD_SETTINGS);
}

static bool gateway_open_sessions(struct gateway *gateway)
{
    uint8_t seed[32];
    if (getentropy(seed, sizeof seed) != 0)
        return false;
    mcp_sessions_init(&gateway->mcp.sessions, gateway->settings.service_token, seed);
    return true;
}

int gateway_open(struct gateway *gateway)
{
    gateway->listener.socket = -1;
    stats_init(&gateway->stats);
    int code = gateway_open_tls(gateway);
    if (code == 0)
        code = gateway_open_guard(gateway);
    if (code == 0)
        code = gateway_open_reads(gateway);
    if (code != 0)
        return code;
    if (!gateway_open_sessions(gateway) || !catalog_init(gateway))
        return fail("start", error_text(error_no_memory), EXIT_TROUBLE);
    enum error error = gateway_open_client(gateway);
    if (error != 0)
        return fail(gateway->settings.bus_urls, error_text(error), EXIT_BAD_SETTINGS);
    error = server_open(gateway);
    return error == 0 ? 0 : fail("libmicrohttpd", error_text(error), EXIT_TROUBLE);
}

void gateway_close(struct gateway *gateway)
{
    if (gateway->reader != NULL)
        client_close(&gateway->reader);
    if (gateway->client != NULL)
        client_close(&gateway->client);
    tls_release(&gateway->tls);
    server_close(gateway);
    direct_close(&gateway->direct);
    if (gateway->listener.socket >= 0)
        close(gateway->listener.socket);
    catalog_fini(&gateway->catalog);
    mcp_index_fini(&gateway->mcp.index);
    document_cache_fini(&gateway->documents);
    exchange_pool_fini(&gateway->exchanges);
    tokens_free(&gateway->tokens);
}

/* ---- the loop ---- */

/* Gives out what other threads handed over; false when there was nothing. */
static bool gateway_take(struct gateway *gateway)
{
    struct inbox_node *node = inbox_take(gateway->inbox, 0), *next;
    bool any = node != NULL;
    for (; node != NULL; node = next) {
        next = node->next;
        if (node->kind == NODE_CATALOG) {
            catalog_polled(gateway, node);
            continue;
        }
        if (node->kind == NODE_STREAM) {
            stream_replied(gateway, node);
            continue;
        }
        struct exchange *exchange = (struct exchange *)node;
        transfer_answered(gateway, exchange);
        server_resume(gateway, exchange);
    }
    return any;
}

static int gateway_timeout_ms(const struct gateway *gateway, uint64_t now_us)
{
    uint64_t due_us = catalog_due_us(&gateway->catalog);
    if (due_us > now_us + TICK_US)
        due_us = now_us + TICK_US;
    int limit_ms = due_us <= now_us ? 0 : (int)((due_us - now_us + 999) / 1000);
    return server_timeout_ms(gateway, limit_ms);
}

static void gateway_wait(struct gateway *gateway)
{
    struct pollfd waits[] = {
        {.fd = server_descriptor(gateway), .events = POLLIN},
        {.fd = inbox_descriptor(gateway->inbox), .events = POLLIN},
    };
    poll(waits, 2, gateway_timeout_ms(gateway, clock_monotonic_us()));
}

static void gateway_tick(struct gateway *gateway)
{
    uint64_t now_us = clock_monotonic_us();
    catalog_tick(gateway, now_us);
    if (gateway->catalog.known && !gateway->ready) {
        gateway->ready = true;
        LOG(info, "ready", LOG_TEXT("http", gateway->listener.url));
        process_ready(gateway->listener.url);
    }
    if (now_us - gateway->swept_us < TICK_US)
        return;
    gateway->swept_us = now_us;
    streams_tick(gateway, now_us);
    peers_sweep(&gateway->peers, &gateway->stats, now_us);
}

static void gateway_turn(struct gateway *gateway)
{
    if (!gateway_take(gateway))
        gateway_wait(gateway);
    server_run(gateway);
    direct_rest(gateway->direct);
    gateway_tick(gateway);
}

/* Until every request has its answer, at most for a time. */
static void gateway_finish(struct gateway *gateway, uint64_t time_us)
{
    uint64_t end_us = clock_monotonic_us() + time_us;
    while (gateway->exchanges.open > 0 && clock_monotonic_us() < end_us) {
        gateway_turn(gateway);
        peers_dismiss(&gateway->peers);
    }
}

static void gateway_drain(struct gateway *gateway)
{
    LOG(info, "stopping", LOG_INTEGER("in_flight", gateway->waiting));
    gateway->stopping = true;
    server_quiesce(gateway);
    peers_dismiss(&gateway->peers);
    streams_stop(gateway);
    gateway_finish(gateway, DRAIN_US);
    client_close(&gateway->reader);
    client_close(&gateway->client);
    while (gateway_take(gateway))
        continue;
    gateway_finish(gateway, FLUSH_US);
}

void gateway_run(struct gateway *gateway)
{
    while (!process_stopping())
        gateway_turn(gateway);
    gateway_drain(gateway);
}
