/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See tunneled.h. */
#include "tests/unit/client/tunneled.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/client/certificates.h"

enum { HOUR = 3600, PATIENCE_S = 10 };

void tunneled_begin(void)
{
    certificates_begin();
    authority_make("ca");
    authority_make("stranger");
    certificate_make("broker", "ca", "DNS:localhost,IP:127.0.0.1", -HOUR, HOUR);
    certificate_make("elsewhere", "ca", "DNS:elsewhere", -HOUR, HOUR);
    certificate_make("late", "ca", "DNS:localhost,IP:127.0.0.1", -HOUR, -60);
    certificate_make("client", "ca", "DNS:client", -HOUR, HOUR);
    certificate_make("outsider", "stranger", "DNS:client", -HOUR, HOUR);
}

static struct timespec patience(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    return until;
}

/* ---- the broker ---- */

static void on_refused(void *context, const char *peer, const char *why, uint64_t unsaid)
{
    struct tunneled *tunneled = context;
    (void)peer, (void)unsaid;
    pthread_mutex_lock(&tunneled->lock);
    tunneled->refusals++;
    snprintf(tunneled->why, sizeof tunneled->why, "%s", why);
    pthread_cond_broadcast(&tunneled->changed);
    pthread_mutex_unlock(&tunneled->lock);
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *context)
{
    struct tunneled *tunneled = context;
    (void)pipe;
    pthread_mutex_lock(&tunneled->lock);
    tunneled->pipes += event == NNG_PIPE_EV_ADD_POST ? 1 : -1;
    pthread_cond_broadcast(&tunneled->changed);
    pthread_mutex_unlock(&tunneled->lock);
}

static uint16_t port_of(const char *url)
{
    return (uint16_t)atoi(strrchr(url, ':') + 1);
}

void tunneled_open(struct tunneled *tunneled, const char *certificate, enum tls_clients clients)
{
    char own[64], key[64], fault[TLS_FAULT_SIZE];
    struct tls *tls = NULL;
    memset(tunneled, 0, sizeof *tunneled);
    pthread_mutex_init(&tunneled->lock, NULL);
    pthread_cond_init(&tunneled->changed, NULL);
    snprintf(own, sizeof own, "%s.pem", certificate);
    snprintf(key, sizeof key, "%s.key", certificate);
    struct tls_files files = {.certificate = own, .key = key, .authority = "ca.pem"};
    cr_assert_eq(tls_open_server(&tls, &files, clients, fault), error_none, "%s", fault);
    struct tunnel_config config = {.url = "tls+tcp://127.0.0.1:0",
                                   .tls = tls,
                                   .connections = 64,
                                   .connections_per_address = PER_ADDRESS,
                                   .refused = on_refused,
                                   .context = tunneled};
    cr_assert_eq(tunnel_listen(&tunneled->tunnel, &config), error_none);
    tls_release(&tls);
    server_open(&tunneled->server, NULL);
    nng_pipe_notify(tunneled->server.socket, NNG_PIPE_EV_ADD_POST, on_pipe, tunneled);
    nng_pipe_notify(tunneled->server.socket, NNG_PIPE_EV_REM_POST, on_pipe, tunneled);
    tunneled->inner_port = port_of(tunneled->server.url);
    cr_assert_eq(tunnel_serve(tunneled->tunnel, tunneled->inner_port), error_none);
    snprintf(tunneled->url, sizeof tunneled->url, "%s", tunnel_url(tunneled->tunnel));
    tunneled->port = port_of(tunneled->url);
}

void tunneled_close(struct tunneled *tunneled)
{
    tunnel_close(&tunneled->tunnel);
    tunneled_await(tunneled, &tunneled->pipes, 0);
    server_close(&tunneled->server);
}

int tunneled_pipes(struct tunneled *tunneled)
{
    pthread_mutex_lock(&tunneled->lock);
    int pipes = tunneled->pipes;
    pthread_mutex_unlock(&tunneled->lock);
    return pipes;
}

void tunneled_await(struct tunneled *tunneled, const int *counter, int wanted)
{
    struct timespec until = patience();
    pthread_mutex_lock(&tunneled->lock);
    while (counter == &tunneled->pipes ? *counter != wanted : *counter < wanted)
        cr_assert_eq(pthread_cond_timedwait(&tunneled->changed, &tunneled->lock, &until), 0, "waited in vain");
    pthread_mutex_unlock(&tunneled->lock);
}

/* ---- clients ---- */

struct tls *client_tls(const char *certificate, const char *authority, const char *server_name)
{
    char own[64], key[64], trusted[64], fault[TLS_FAULT_SIZE];
    struct tls *tls = NULL;
    snprintf(own, sizeof own, "%s.pem", certificate == NULL ? "" : certificate);
    snprintf(key, sizeof key, "%s.key", certificate == NULL ? "" : certificate);
    snprintf(trusted, sizeof trusted, "%s.pem", authority);
    struct tls_files files = {.authority = trusted};
    if (certificate != NULL)
        files = (struct tls_files){.certificate = own, .key = key, .authority = trusted};
    cr_assert_eq(tls_open_client(&tls, &files, server_name, fault), error_none, "%s", fault);
    return tls;
}

static void on_watch(void *context, bool connected)
{
    struct outcome *outcome = context;
    pthread_mutex_lock(&outcome->lock);
    outcome->connects += connected;
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

static void on_done(void *context, enum error error, struct slice reply)
{
    struct outcome *outcome = context;
    pthread_mutex_lock(&outcome->lock);
    outcome->done++;
    outcome->error = error;
    buffer_clear(&outcome->reply);
    buffer_append(&outcome->reply, reply.data, reply.size);
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

struct link *client_link(const char *url, struct tls *tls, struct outcome *outcome)
{
    struct link *link = NULL;
    struct link_config config = {
        .url = url, .tls = tls, .max_bytes = 1 << 20, .slots = 4, .watch = on_watch, .watch_context = outcome};
    memset(outcome, 0, sizeof *outcome);
    pthread_mutex_init(&outcome->lock, NULL);
    pthread_cond_init(&outcome->changed, NULL);
    cr_assert_eq(link_open(&link, &config), error_none);
    tls_release(&tls);
    return link;
}

void client_send_bytes(struct link *link, struct slice bytes, struct outcome *outcome)
{
    cr_assert_eq(link_send(link, bytes, PATIENCE_S * 1000, on_done, outcome), error_none);
}

void outcome_await(struct outcome *outcome, const int *counter, int wanted)
{
    struct timespec until = patience();
    pthread_mutex_lock(&outcome->lock);
    while (*counter < wanted)
        cr_assert_eq(pthread_cond_timedwait(&outcome->changed, &outcome->lock, &until), 0, "waited in vain");
    pthread_mutex_unlock(&outcome->lock);
}

void link_fault_await(struct link *link, char fault[TLS_FAULT_SIZE])
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < PATIENCE_S * 1000; i++) {
        link_fault(link, fault);
        if (fault[0] != '\0')
            return;
        nanosleep(&pause, NULL);
    }
    cr_assert_fail("the link says nothing");
}

/* ---- without TLS ---- */

int raw_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience_tv = {.tv_sec = 5};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience_tv, sizeof patience_tv);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

bool raw_closed(int socket)
{
    char waste[256];
    ssize_t got;
    do
        got = recv(socket, waste, sizeof waste, 0);
    while (got > 0);
    return got == 0 || errno == ECONNRESET;
}
