/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the tunnel promises: links work through it as without, and who is not to be let in is told why. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/supplemental/tls/tls.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/link_probe.h"
#include "tests/unit/client/certificates.h"
#include "tests/unit/client/tunneled.h"

TestSuite(tunnel, .init = tunneled_begin, .fini = certificates_end);

static void answer_next(struct tunneled *tunneled, const char *reply)
{
    struct server_frame frame = server_receive(&tunneled->server);
    server_answer(&frame, slice_text(reply));
}

/* ---- what works ---- */

Test(tunnel, frames_go_both_ways)
{
    struct tunneled tunneled;
    struct outcome outcome;
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_REQUIRED);
    struct link *link = client_link(tunneled.url, client_tls("client", "ca", NULL), &outcome);
    client_send_bytes(link, slice_text("ping"), &outcome);
    struct server_frame frame = server_receive(&tunneled.server);
    cr_assert(slice_is(server_bytes(&frame), "ping"));
    server_answer(&frame, slice_text("pong"));
    outcome_await(&outcome, &outcome.done, 1);
    cr_assert_eq(outcome.error, error_none);
    cr_assert(slice_is(buffer_slice(&outcome.reply), "pong"));
    char fault[TLS_FAULT_SIZE];
    link_fault(link, fault);
    cr_assert_str_empty(fault);
    link_close(&link);
    tunneled_await(&tunneled, &tunneled.pipes, 0);
    tunneled_close(&tunneled);
    buffer_fini(&outcome.reply);
}

Test(tunnel, a_large_frame_comes_whole)
{
    enum { SIZE = 1000000 };
    struct tunneled tunneled;
    struct outcome outcome;
    uint8_t *bytes = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_REQUIRED);
    struct link *link = client_link(tunneled.url, client_tls("client", "ca", NULL), &outcome);
    for (int i = 1; i <= 20; i++) {
        client_send_bytes(link, slice_of(bytes, SIZE), &outcome);
        struct server_frame frame = server_receive(&tunneled.server);
        cr_assert(slice_equal(server_bytes(&frame), slice_of(bytes, SIZE)));
        server_answer(&frame, slice_of(bytes, SIZE));
        outcome_await(&outcome, &outcome.done, i);
        cr_assert(slice_equal(buffer_slice(&outcome.reply), slice_of(bytes, SIZE)));
    }
    link_close(&link);
    tunneled_close(&tunneled);
    buffer_fini(&outcome.reply);
    free(bytes);
}

/* On the network it is what nng speaks. */
Test(tunnel, a_client_with_nngs_own_tls_is_answered)
{
    struct tunneled tunneled;
    nng_socket socket;
    nng_dialer dialer;
    nng_tls_config *config;
    char *reply = NULL;
    size_t size = 0;
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_NONE);
    cr_assert_eq(nng_tls_config_alloc(&config, NNG_TLS_MODE_CLIENT), 0);
    cr_assert_eq(nng_tls_config_ca_file(config, "ca.pem"), 0);
    cr_assert_eq(nng_tls_config_server_name(config, "localhost"), 0);
    cr_assert_eq(nng_req0_open(&socket), 0);
    cr_assert_eq(nng_dialer_create(&dialer, socket, tunneled.url), 0);
    cr_assert_eq(nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config), 0);
    cr_assert_eq(nng_dialer_start(dialer, 0), 0);
    cr_assert_eq(nng_send(socket, "ping", 4, 0), 0);
    answer_next(&tunneled, "pong");
    cr_assert_eq(nng_recv(socket, &reply, &size, NNG_FLAG_ALLOC), 0);
    cr_assert(slice_is(slice_of(reply, size), "pong"));
    nng_free(reply, size);
    nng_close(socket);
    nng_tls_config_free(config);
    tunneled_close(&tunneled);
}

Test(tunnel, a_server_that_asks_for_none_takes_clients_without_certificate)
{
    struct tunneled tunneled;
    struct outcome outcome;
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_NONE);
    struct link *link = client_link(tunneled.url, client_tls(NULL, "ca", NULL), &outcome);
    client_send_bytes(link, slice_text("ping"), &outcome);
    answer_next(&tunneled, "pong");
    outcome_await(&outcome, &outcome.done, 1);
    cr_assert_eq(outcome.error, error_none);
    link_close(&link);
    tunneled_close(&tunneled);
    buffer_fini(&outcome.reply);
}

Test(tunnel, a_server_name_stands_for_the_urls_host)
{
    struct tunneled tunneled;
    struct outcome outcome;
    tunneled_open(&tunneled, "elsewhere", TLS_CLIENTS_NONE);
    struct link *link = client_link(tunneled.url, client_tls(NULL, "ca", "elsewhere"), &outcome);
    outcome_await(&outcome, &outcome.connects, 1);
    link_close(&link);
    tunneled_close(&tunneled);
}

Test(tunnel, a_link_comes_back_to_a_broker_that_was_gone)
{
    struct tunneled tunneled;
    struct outcome outcome;
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_REQUIRED);
    struct link *link = client_link(tunneled.url, client_tls("client", "ca", NULL), &outcome);
    for (int i = 1; i <= 5; i++) {
        outcome_await(&outcome, &outcome.connects, i);
        client_send_bytes(link, slice_text("ping"), &outcome);
        struct server_frame frame = server_receive(&tunneled.server);
        cr_assert(server_drop(&frame));
        outcome_await(&outcome, &outcome.done, i);
        cr_assert_eq(outcome.error, error_closed);
    }
    outcome_await(&outcome, &outcome.connects, 6);
    link_close(&link);
    tunneled_close(&tunneled);
    buffer_fini(&outcome.reply);
}

Test(tunnel, the_server_knows_whose_connection_it_is)
{
    struct tunneled tunneled;
    struct outcome outcome;
    struct sockaddr_storage peer = {0};
    nng_sockaddr inner;
    bool checked = false;
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_OPTIONAL);
    for (int i = 0; i < 2; i++) {
        struct link *link = client_link(tunneled.url, client_tls(i == 0 ? "client" : NULL, "ca", NULL), &outcome);
        client_send_bytes(link, slice_text("ping"), &outcome);
        struct server_frame frame = server_receive(&tunneled.server);
        nng_pipe_get_addr(nng_msg_get_pipe(frame.message), NNG_OPT_REMADDR, &inner);
        cr_assert(tunnel_peer(tunneled.tunnel, ntohs(inner.s_in.sa_port), &peer, &checked));
        cr_assert_eq(peer.ss_family, AF_INET);
        cr_assert_eq(checked, i == 0);
        server_ignore(&frame);
        link_close(&link);
        tunneled_await(&tunneled, &tunneled.pipes, 0);
    }
    while (tunnel_peer(tunneled.tunnel, ntohs(inner.s_in.sa_port), &peer, &checked))
        sched_yield(); /* the tunnel learns of its end a moment after nng */
    cr_assert_not(tunnel_peer(tunneled.tunnel, 0, &peer, &checked));
    tunneled_close(&tunneled);
    buffer_fini(&outcome.reply);
}

Test(tunnel, closing_in_the_middle_of_everything_ends)
{
    struct tunneled tunneled;
    struct outcome outcome;
    static uint8_t bytes[1000000];
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_REQUIRED);
    for (int i = 0; i < 10; i++) {
        struct link *link = client_link(tunneled.url, client_tls("client", "ca", NULL), &outcome);
        if (i > 0)
            outcome_await(&outcome, &outcome.connects, 1);
        client_send_bytes(link, slice_of(bytes, sizeof bytes), &outcome);
        link_close(&link);
        outcome_await(&outcome, &outcome.done, 1);
    }
    while (tunneled_pipes(&tunneled) > 0)
        server_silent(&tunneled.server, 1); /* nng sees a connection's end once its frame was taken */
    tunneled_close(&tunneled);
    buffer_fini(&outcome.reply);
}

/* ---- who is refused ---- */

/* A client that fails: what it and the server say. why NULL: the server may say anything. */
static void
refused(const char *certificate, enum tls_clients clients, struct tls *tls, const char *says, const char *why)
{
    struct tunneled tunneled;
    struct outcome outcome, good;
    char fault[TLS_FAULT_SIZE], wanted[TLS_FAULT_SIZE];
    tunneled_open(&tunneled, certificate, clients);
    struct link *link = client_link(tunneled.url, tls, &outcome);
    link_fault_await(link, fault);
    snprintf(wanted, sizeof wanted, "%s %s", tunneled.url, says);
    cr_assert_str_eq(fault, wanted);
    tunneled_await(&tunneled, &tunneled.refusals, 1);
    if (why != NULL)
        cr_assert_str_eq(tunneled.why, why);
    cr_assert_geq(tunnel_refusals(tunneled.tunnel), 1);
    cr_assert_eq(outcome.connects, 0);
    link_close(&link);
    if (strcmp(certificate, "broker") == 0) { /* nobody else is disturbed */
        struct link *other = client_link(tunneled.url, client_tls("client", "ca", NULL), &good);
        outcome_await(&good, &good.connects, 1);
        link_close(&other);
    }
    tunneled_close(&tunneled);
}

Test(tunnel, a_client_without_certificate_is_told_so)
{
    refused("broker",
            TLS_CLIENTS_REQUIRED,
            client_tls(NULL, "ca", NULL),
            "wants a certificate of ours: set tls-certificate and tls-key",
            "shows no certificate");
}

Test(tunnel, a_client_of_another_authority_is_refused)
{
    refused("broker",
            TLS_CLIENTS_REQUIRED,
            client_tls("outsider", "ca", NULL),
            "does not know the authority of our certificate",
            "shows a certificate of an authority that is not in tls-authority");
}

Test(tunnel, a_certificate_that_is_not_needed_must_be_good_all_the_same)
{
    refused("broker",
            TLS_CLIENTS_OPTIONAL,
            client_tls("outsider", "ca", NULL),
            "does not know the authority of our certificate",
            "shows a certificate of an authority that is not in tls-authority");
}

Test(tunnel, a_client_whose_certificate_has_expired_is_refused)
{
    refused("broker",
            TLS_CLIENTS_REQUIRED,
            client_tls("late", "ca", NULL),
            "says that our certificate has expired",
            "shows a certificate that has expired");
}

Test(tunnel, a_server_of_another_authority_is_refused)
{
    refused("broker",
            TLS_CLIENTS_NONE,
            client_tls(NULL, "stranger", NULL),
            "shows a certificate of an authority that is not in tls-authority",
            "does not know the authority of our certificate");
}

Test(tunnel, a_server_of_another_name_is_refused)
{
    refused("elsewhere",
            TLS_CLIENTS_NONE,
            client_tls(NULL, "ca", NULL),
            "shows a certificate that is not for \"127.0.0.1\"",
            NULL);
    refused("broker",
            TLS_CLIENTS_NONE,
            client_tls(NULL, "ca", "elsewhere"),
            "shows a certificate that is not for \"elsewhere\"",
            NULL);
}

Test(tunnel, a_server_whose_certificate_has_expired_is_refused)
{
    refused("late",
            TLS_CLIENTS_NONE,
            client_tls(NULL, "ca", NULL),
            "shows a certificate that has expired",
            "says that our certificate has expired");
}

Test(tunnel, a_server_that_does_not_speak_tls_is_named)
{
    struct server server;
    struct outcome outcome;
    char url[128], fault[TLS_FAULT_SIZE];
    server_open(&server, NULL);
    snprintf(url, sizeof url, "tls+%s", server.url);
    struct link *link = client_link(url, client_tls(NULL, "ca", NULL), &outcome);
    link_fault_await(link, fault);
    cr_assert_str_eq(fault + strlen(url), " does not speak TLS (tcp:// instead of tls+tcp://?)");
    link_close(&link);
    server_close(&server);
}

Test(tunnel, nobody_there_is_said)
{
    struct outcome outcome;
    char fault[TLS_FAULT_SIZE];
    struct link *link = client_link("tls+tcp://127.0.0.1:1", client_tls(NULL, "ca", NULL), &outcome);
    link_fault_await(link, fault);
    cr_assert_str_eq(fault, "tls+tcp://127.0.0.1:1 cannot be reached: Connection refused");
    link_close(&link);
}

Test(tunnel, a_link_needs_tls_for_a_tls_url)
{
    struct link *link = NULL;
    const struct link_config config = {.url = "tls+tcp://127.0.0.1:1", .max_bytes = 1000, .slots = 1};
    cr_assert_eq(link_open(&link, &config), error_bad_address);
}

/* ---- who does not come by TLS ---- */

Test(tunnel, a_plain_client_is_told_that_tls_is_spoken_here)
{
    struct tunneled tunneled;
    char url[64], fault[LINK_PROBE_SIZE];
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_REQUIRED);
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", tunneled.port);
    cr_assert_not(link_probe(url, fault));
    cr_assert_str_eq(fault + strlen(url), " speaks TLS: tls+tcp:// is meant");
    tunneled_await(&tunneled, &tunneled.refusals, 1);
    cr_assert_str_eq(tunneled.why, "does not speak TLS (tcp:// instead of tls+tcp://?)");
    tunneled_close(&tunneled);
}

Test(tunnel, a_plain_bus_is_found_by_the_probe)
{
    struct server server;
    char fault[LINK_PROBE_SIZE];
    server_open(&server, NULL);
    cr_assert(link_probe(server.url, fault), "%s", fault);
    server_close(&server);
    cr_assert_not(link_probe("tcp://127.0.0.1:1", fault));
    cr_assert_str_eq(fault, "tcp://127.0.0.1:1 cannot be reached: Connection refused");
}

Test(tunnel, handshakes_that_do_not_begin_count_as_connections)
{
    struct tunneled tunneled;
    int sockets[PER_ADDRESS];
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_REQUIRED);
    for (int i = 0; i < PER_ADDRESS; i++)
        sockets[i] = raw_connect(tunneled.port);
    int last = raw_connect(tunneled.port);
    cr_assert(raw_closed(last), "one more than an address may have is closed");
    close(last);
    for (int i = 0; i < PER_ADDRESS; i++)
        close(sockets[i]);
    struct outcome outcome; /* and there is room again */
    struct link *link = client_link(tunneled.url, client_tls("client", "ca", NULL), &outcome);
    outcome_await(&outcome, &outcome.connects, 1);
    link_close(&link);
    tunneled_close(&tunneled);
}

Test(tunnel, the_clients_loopback_port_is_for_its_own_process)
{
    struct tunneled tunneled;
    struct tunnel *dialer = NULL;
    tunneled_open(&tunneled, "broker", TLS_CLIENTS_REQUIRED);
    struct tls *tls = client_tls("client", "ca", NULL);
    cr_assert_eq(tunnel_dial(&dialer, tunneled.url, tls), error_none);
    uint16_t port = (uint16_t)atoi(strrchr(tunnel_url(dialer), ':') + 1);
    pid_t other = fork();
    if (other == 0)
        _exit(raw_closed(raw_connect(port)) ? 0 : 1);
    int status = 0;
    cr_assert_eq(waitpid(other, &status, 0), other);
    cr_assert_eq(status, 0, "another process was not turned away");
    tunnel_close(&dialer);
    tls_release(&tls);
    cr_assert_eq(tunneled.refusals, 0);
    tunneled_close(&tunneled);
}

Test(tunnel, addresses_that_cannot_be_used_are_refused)
{
    static const char *const urls[] = {"tls+tcp://127.0.0.1",
                                       "tls+tcp://127.0.0.1:70000",
                                       "tls+tcp://:80",
                                       "tls+tcp://[::1:80",
                                       "tcp://127.0.0.1:80",
                                       "tls+tcp://127.0.0.1:"};
    struct tls *tls = client_tls(NULL, "ca", NULL);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct tunnel *tunnel = NULL;
        cr_assert_eq(tunnel_dial(&tunnel, urls[i], tls), error_bad_address, "%s", urls[i]);
    }
    tls_release(&tls);
}
