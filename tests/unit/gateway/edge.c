/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's process over real sockets, with a bus that does what the test says. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/gateway/gateway.h"
#include "tests/unit/gateway/bus.h"

static struct gateway gateway;
static pthread_t thread;
static int port;
static bool running;

static void *serve(void *context)
{
    gateway_run(context);
    return NULL;
}

static void start_with(const char *setting)
{
    char *arguments[] = {"fluvius-gateway", "--http=127.0.0.1:0", "--log-level=error", (char *)setting, NULL};
    gateway = (struct gateway){0};
    cr_assert_eq(gateway_settings_load(&gateway.settings, setting == NULL ? 3 : 4, arguments), SETTINGS_OK);
    log_init("gateway", gateway.settings.log_level);
    gateway.inbox = inbox_new();
    process_init(gateway.inbox, false);
    cr_assert_eq(gateway_open(&gateway), 0);
    port = atoi(strrchr(gateway.listener.url, ':') + 1);
    cr_assert_eq(pthread_create(&thread, NULL, serve, &gateway), 0);
    running = true;
}

static void start(void)
{
    start_with(NULL);
}

static void ask_to_stop(void)
{
    kill(getpid(), SIGTERM);
}

static void stop(void)
{
    if (!running)
        return;
    running = false;
    ask_to_stop();
    pthread_join(thread, NULL);
    cr_assert_eq(gateway.waiting, 0);
    cr_assert_eq(gateway.exchanges.open, 0);
    cr_assert_eq(gateway.body_bytes, 0);
    cr_assert_eq(gateway.answer_bytes, 0);
    gateway_close(&gateway);
    cr_assert_eq(gateway.peers.count, 0);
    process_fini();
    inbox_free(&gateway.inbox);
    gateway_settings_fini(&gateway.settings);
}
TestSuite(edge, .init = start, .fini = stop, .timeout = 60);
TestSuite(small_edge, .fini = stop, .timeout = 60);

/* ---- a small HTTP client ---- */

static int dial(void)
{
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(connect(made, (struct sockaddr *)&address, sizeof address), 0);
    return made;
}

static void say_bytes(int to, const void *bytes, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t more = send(to, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);
        cr_assert_gt(more, 0);
        sent += (size_t)more;
    }
}

static void say(int to, const char *text)
{
    say_bytes(to, text, strlen(text));
}

static char heard[1 << 16];

/* Reads one whole answer; 0 when the connection ends before. Gives the status. */
static int hear(int from)
{
    size_t size = 0, whole = SIZE_MAX;
    while (size < whole && size < sizeof heard - 1) {
        ssize_t more = recv(from, heard + size, sizeof heard - 1 - size, 0);
        if (more <= 0)
            return 0;
        size += (size_t)more;
        heard[size] = '\0';
        const char *end = strstr(heard, "\r\n\r\n"), *length = strstr(heard, "Content-Length: ");
        if (end != NULL)
            whole = (size_t)(end + 4 - heard) + (length != NULL && length < end ? (size_t)atoi(length + 16) : 0);
    }
    return atoi(heard + strlen("HTTP/1.1 "));
}

static int ask(const char *text)
{
    int made = dial();
    say(made, text);
    int status = hear(made);
    close(made);
    return status;
}

#define HOST " HTTP/1.1\r\nHost: localhost\r\n"
#define GET(PATH) "GET " PATH HOST "\r\n"
#define DEPOSIT                                                                                                        \
    "POST /bank:deposit/account/a" HOST "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"amount\":1}"

/* ---- tests ---- */

Test(edge, command_goes_to_the_bus_and_back)
{
    cr_assert_eq(ask(DEPOSIT), 200, "%s", heard);
    cr_assert_not_null(strstr(heard, "\"_id\":\"a\",\"_etag\":\"1\"},\"status\":\"OK\"}"), "%s", heard);
    cr_assert_not_null(strstr(heard, "ETag: \"1\"\r\n"));
    cr_assert_eq(bus_count(), 1);
}

static int ask_mcp(const char *body)
{
    char text[2048];
    snprintf(text,
             sizeof text,
             "POST /mcp" HOST "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body),
             body);
    return ask(text);
}

#define CALL(TOOL) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"" TOOL "\"}}"

Test(edge, an_unknown_tool_is_looked_for_in_newer_descriptions)
{
    cr_assert_eq(ask_mcp(CALL("bank_nothing")), 200, "%s", heard);
    cr_assert_not_null(strstr(heard, "\"code\":-32602"), "%s", heard);
    cr_assert_eq(ask_mcp("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/get\",\"params\":{\"name\":"
                         "\"describe_bank\"}}"),
                 200);
    cr_assert_not_null(strstr(heard, "The domain bank"), "%s", heard);
}

Test(edge, connection_serves_many_requests)
{
    int made = dial();
    for (int i = 0; i < 100; i++) {
        say(made, i % 2 == 0 ? DEPOSIT : GET("/bank.account/a"));
        cr_assert_eq(hear(made), 200, "%d: %s", i, heard);
    }
    close(made);
    cr_assert_eq(bus_count(), 100);
}

Test(edge, pipelined_requests_are_answered_in_order)
{
    int made = dial();
    bus_hold(true);
    say(made, DEPOSIT GET("/livez"));
    bus_wait(1);
    bus_hold(false);
    bus_answer(&(struct reply){.status = status_rejected, .code = slice_text("no")});
    char first[4096] = "";
    for (size_t size = 0; strstr(first, "\"status\":\"OK\"") == NULL;) {
        ssize_t more = recv(made, first + size, sizeof first - 1 - size, 0);
        cr_assert_gt(more, 0);
        size += (size_t)more;
    }
    cr_assert_lt(strstr(first, "422"), strstr(first, "200 OK"));
    close(made);
}

Test(edge, chunked_body_is_put_together)
{
    cr_assert_eq(ask("POST /bank:deposit/account/a" HOST
                     "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "5\r\n{\"amo\r\n7\r\nunt\":1}\r\n0\r\n\r\n"),
                 200,
                 "%s",
                 heard);
}

Test(edge, waiting_request_does_not_stop_others)
{
    int waiting = dial();
    bus_hold(true);
    say(waiting, DEPOSIT);
    bus_wait(1);
    cr_assert_eq(ask(GET("/livez")), 200);
    bus_hold(false);
    cr_assert_eq(ask(GET("/bank.account/a")), 200);
    bus_answer(&(struct reply){.status = status_ok});
    cr_assert_eq(hear(waiting), 200);
    close(waiting);
}

Test(edge, client_that_leaves_while_waiting_does_no_harm)
{
    int waiting = dial();
    bus_hold(true);
    say(waiting, DEPOSIT);
    bus_wait(1);
    close(waiting);
    cr_assert_eq(ask(GET("/livez")), 200);
    bus_answer(&(struct reply){.status = status_ok});
    cr_assert_eq(ask(GET("/livez")), 200);
}

Test(small_edge, requests_above_the_bound_are_busy)
{
    start_with("--max-in-flight=2");
    int waiting[2] = {dial(), dial()};
    bus_hold(true);
    say(waiting[0], DEPOSIT);
    say(waiting[1], DEPOSIT);
    bus_wait(2);
    cr_assert_eq(ask(DEPOSIT), 429);
    cr_assert_not_null(strstr(heard, "Retry-After: 1\r\n"), "%s", heard);
    cr_assert_not_null(strstr(heard, "urn:fluvius:problem:busy"));
    bus_answer(&(struct reply){.status = status_ok});
    cr_assert_eq(hear(waiting[0]), 200);
    cr_assert_eq(hear(waiting[1]), 200);
    bus_hold(false);
    cr_assert_eq(ask(DEPOSIT), 200);
    close(waiting[0]), close(waiting[1]);
}

Test(edge, refused_body_is_read_and_the_connection_stays)
{
    int made = dial();
    say(made, "POST /nowhere" HOST "Content-Length: 5\r\n\r\n");
    say(made, "12345");
    cr_assert_eq(hear(made), 404);
    say(made, GET("/livez"));
    cr_assert_eq(hear(made), 200);
    close(made);
}

/* How many bytes the other side let through. */
static size_t say_chunks(int to, size_t bytes)
{
    static char chunk[65536 + 16];
    size_t head = (size_t)sprintf(chunk, "10000\r\n");
    memset(chunk + head, ' ', 65536);
    memcpy(chunk + head + 65536, "\r\n", 2);
    for (size_t sent = 0; sent < bytes; sent += 65536) {
        if (send(to, chunk, head + 65538, MSG_NOSIGNAL) < 0)
            return sent;
    }
    return bytes;
}

Test(edge, body_that_grows_over_the_limit_is_told_so)
{
    int made = dial();
    say(made,
        "POST /bank:deposit/account/a" HOST "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    say_chunks(made, 2 << 20);
    say(made, "0\r\n\r\n");
    cr_assert_eq(hear(made), 413, "%s", heard);
    say(made, GET("/livez"));
    cr_assert_eq(hear(made), 200);
    close(made);
    cr_assert_eq(bus_count(), 0);
}

Test(edge, body_without_end_is_cut_off)
{
    int made = dial();
    say(made,
        "POST /bank:deposit/account/a" HOST "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    cr_assert_lt(say_chunks(made, 64 << 20), 64 << 20);
    cr_assert_eq(hear(made), 0);
    close(made);
}

Test(edge, client_that_asks_before_it_sends_is_told_at_once)
{
    int made = dial();
    say(made, "POST /bank:deposit/account/a" HOST "Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n");
    cr_assert_eq(hear(made), 413, "%s", heard);
    cr_assert_eq(hear(made), 0);
    close(made);
    made = dial();
    say(made,
        "POST /bank:close/account/a" HOST "Content-Length: 2\r\nContent-Type: application/json\r\n"
        "Expect: 100-continue\r\n\r\n");
    cr_assert_eq(hear(made), 100, "%s", heard);
    say(made, "{}");
    cr_assert_eq(hear(made), 200);
    close(made);
}

Test(edge, ambiguous_length_closes_the_connection)
{
    int made = dial();
    say(made, "POST /bank:close/account/a" HOST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    cr_assert_eq(hear(made), 400);
    cr_assert_not_null(strstr(heard, "ambiguous_length"));
    cr_assert_eq(hear(made), 0);
    close(made);
    cr_assert_eq(bus_count(), 0);
}

Test(edge, nul_in_the_target_is_refused)
{
    static const char text[] = "POST /bank:close/account/a\0b" HOST "\r\n";
    int made = dial();
    say_bytes(made, text, sizeof text - 1);
    cr_assert_eq(hear(made), 400, "%s", heard);
    cr_assert_not_null(strstr(heard, "bad_character"), "%s", heard);
    close(made);
    cr_assert_eq(bus_count(), 0);
}

Test(edge, head_has_the_fields_and_no_body)
{
    int made = dial();
    say(made, "HEAD /bank.account/a" HOST "\r\n");
    char text[4096] = "";
    size_t size = 0;
    while (strstr(text, "\r\n\r\n") == NULL)
        size += (size_t)recv(made, text + size, sizeof text - 1 - size, 0);
    cr_assert_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\n");
    cr_assert_not_null(strstr(text, "ETag: \"1\""));
    close(made);
}

Test(edge, thousand_half_sent_requests_do_not_stop_others)
{
    static int half[1000];
    for (int i = 0; i < 1000; i++) {
        half[i] = dial();
        say(half[i],
            i % 2 == 0 ? "GET /bank.account/a HTTP/1.1\r\nHost: loc"
                       : "POST /bank:deposit/account/a" HOST "Content-Type: application/json\r\n"
                         "Content-Length: 12\r\n\r\n{\"amo");
    }
    for (int i = 0; i < 20; i++)
        cr_assert_eq(ask(DEPOSIT), 200);
    for (int i = 0; i < 1000; i++)
        close(half[i]);
    cr_assert_eq(bus_count(), 20);
}

/* A state of which every byte takes six in JSON. */
static struct buffer large_state(void)
{
    static uint8_t text[900000];
    struct buffer data = {0};
    memset(text, 1, sizeof text);
    write_map(&data, 1);
    write_string(&data, "text");
    write_text(&data, slice_of(text, sizeof text));
    return data;
}

Test(edge, answers_that_nobody_takes_are_bounded)
{
    enum { CLIENTS = 40 };
    struct buffer data = large_state();
    int made[CLIENTS], taken = 0, busy = 0, small = 4096;
    bus_hold(true);
    for (int i = 0; i < CLIENTS; i++) {
        made[i] = dial();
        setsockopt(made[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        say(made[i], GET("/bank.account/a"));
    }
    bus_wait(CLIENTS);
    bus_hold(false);
    bus_answer(&(struct reply){.status = status_ok, .data = buffer_slice(&data)});
    cr_assert_eq(ask(DEPOSIT), 200, "small answers are not held up");
    for (int i = 0; i < CLIENTS; i++) {
        cr_assert_gt(recv(made[i], heard, sizeof heard - 1, 0), 12);
        taken += strncmp(heard, "HTTP/1.1 200", 12) == 0;
        busy += strncmp(heard, "HTTP/1.1 429", 12) == 0;
        close(made[i]);
    }
    cr_assert_eq(taken + busy, CLIENTS);
    cr_assert_gt(taken, 20);
    cr_assert_gt(busy, 10);
    buffer_fini(&data);
}

Test(edge, ready_follows_the_bus)
{
    cr_assert_eq(ask(GET("/bank.account/a")), 200); /* the catalog is asked for before the first turn ends */
    cr_assert_eq(ask(GET("/readyz")), 200, "%s", heard);
    bus_connect(false);
    cr_assert_eq(ask(GET("/readyz")), 503);
    cr_assert_not_null(strstr(heard, "no_broker"), "%s", heard);
    cr_assert_eq(ask(GET("/livez")), 200);
    bus_connect(true);
    bus_partitions(16, 1);
    cr_assert_eq(ask(GET("/readyz")), 503);
    cr_assert_not_null(strstr(heard, "\"unowned\""), "%s", heard);
    bus_partitions(0, 0);
    cr_assert_eq(ask(GET("/readyz")), 503);
    cr_assert_not_null(strstr(heard, "no_shard"), "%s", heard);
    bus_hold(true);
    int made = dial();
    say(made, GET("/readyz"));
    bus_wait(1);
    bus_answer(&(struct reply){.status = status_denied, .code = slice_text("bad_token")});
    cr_assert_eq(hear(made), 503, "%s", heard);
    close(made);
}

Test(edge, unknown_namespace_asks_again_once_a_second)
{
    cr_assert_eq(ask(GET("/_meta/bank/")), 200, "%s", heard);
    cr_assert_eq(ask(GET("/_meta/bonk/")), 404, "%s", heard);
    cr_assert_not_null(strstr(heard, "unknown_namespace"));
    cr_assert_eq(ask(GET("/_meta/bonk:x/")), 404);
    cr_assert_eq(ask(GET("/_meta/bank:x/")), 404);
    cr_assert_not_null(strstr(heard, "unknown_command"), "%s", heard);
}

Test(edge, metrics_count_requests)
{
    ask(DEPOSIT);
    ask(GET("/nowhere"));
    cr_assert_eq(ask(GET("/metrics")), 200);
    cr_assert_not_null(
        strstr(heard, "fluvius_http_requests_total{class=\"2xx\",service=\"gateway\"} 1\n"), "%s", heard);
    cr_assert_not_null(
        strstr(heard, "fluvius_http_requests_total{class=\"4xx\",service=\"gateway\"} 1\n"), "%s", heard);
    cr_assert_not_null(strstr(heard, "fluvius_http_in_flight{service=\"gateway\"} 0\n"), "%s", heard);
}

Test(edge, stopping_answers_what_is_in_flight)
{
    int waiting = dial(), idle = dial();
    bus_hold(true);
    say(waiting, DEPOSIT);
    bus_wait(1);
    ask_to_stop();
    cr_assert_eq(hear(idle), 0, "an idle connection is closed");
    bus_answer(&(struct reply){.status = status_ok, .has_version = true, .version = 9});
    cr_assert_eq(hear(waiting), 200, "%s", heard);
    cr_assert_not_null(strstr(heard, "Connection: close"), "%s", heard);
    cr_assert_eq(hear(waiting), 0);
    close(waiting), close(idle);
}
