/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench_http_load.h. Reads as much HTTP as it needs: a status line, Content-Length, a body. */
#include "services/cli/bench_http_load.h"

#include "services/common/process.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes of bodies are counted, not kept: who measures shall cost little. */
struct connection {
    int socket;
    uint64_t sent_us;
    size_t size, whole; /* so many bytes of an answer have come, of so many; whole 0: its head is not all there */
    char head[2048];
};

struct run {
    const struct http_load *load;
    struct http_result *result;
    int poll;
    uint32_t open;
    uint64_t until_us;
    char bytes[262144];
};

static int connect_to(uint16_t port)
{
    int one = 1, handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (handle >= 0 && connect(handle, (struct sockaddr *)&address, sizeof address) != 0) {
        close(handle);
        return -1;
    }
    setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return handle;
}

static void connection_end(struct run *run, struct connection *connection, bool failed)
{
    close(connection->socket);
    connection->socket = -1;
    run->open--;
    run->result->failed += failed;
}

static void request_send(struct run *run, struct connection *connection)
{
    uint64_t now_us = clock_monotonic_us();
    if (now_us >= run->until_us) {
        connection_end(run, connection, false);
        return;
    }
    connection->sent_us = now_us;
    connection->size = connection->whole = 0;
    const struct slice *request = &run->load->request;
    if (send(connection->socket, request->data, request->size, MSG_NOSIGNAL) != (ssize_t)request->size)
        connection_end(run, connection, true);
}

/* The whole answer's size once its head is there; 0 before. */
static size_t answer_size(const struct connection *connection, size_t size)
{
    const char *end = memmem(connection->head, size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - connection->head) + 4;
    for (const char *at = connection->head; at < end; at = (const char *)memchr(at, '\n', (size_t)(end - at) + 2) + 1)
        if (strncasecmp(at, "content-length:", 15) == 0)
            return head + strtoul(at + 15, NULL, 10);
    return head;
}

/* Takes what came; keeps of it what may be head. */
static void bytes_take(struct connection *connection, const char *bytes, size_t size)
{
    size_t room = sizeof connection->head - 1, had = connection->size < room ? connection->size : room;
    size_t kept = size < room - had ? size : room - had;
    connection->size += size;
    if (connection->whole > 0)
        return;
    memcpy(connection->head + had, bytes, kept);
    connection->head[had + kept] = 0;
    connection->whole = answer_size(connection, had + kept);
}

static void answer_take(struct run *run, struct connection *connection)
{
    ssize_t size = recv(connection->socket, run->bytes, sizeof run->bytes, 0);
    if (size <= 0) {
        connection_end(run, connection, true);
        return;
    }
    bytes_take(connection, run->bytes, (size_t)size);
    if (connection->whole == 0 || connection->size < connection->whole)
        return;
    run->result->answers++;
    run->result->failed += strncmp(connection->head, "HTTP/1.1 200", 12) != 0;
    histogram_add(&run->result->latency, clock_monotonic_us() - connection->sent_us);
    request_send(run, connection);
}

static void run_loop(struct run *run)
{
    struct epoll_event events[64];
    while (run->open > 0) {
        int count = epoll_wait(run->poll, events, 64, 1000);
        for (int i = 0; i < count; i++)
            answer_take(run, events[i].data.ptr);
        if (count == 0 && clock_monotonic_us() > run->until_us + 5000000)
            return;
    }
}

static bool run_open(struct run *run, struct connection *connections)
{
    for (uint32_t i = 0; i < run->load->connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        connections[i].socket = connect_to(run->load->port);
        if (connections[i].socket < 0 || epoll_ctl(run->poll, EPOLL_CTL_ADD, connections[i].socket, &event) != 0)
            return false;
        run->open++;
    }
    return true;
}

bool http_load_run(const struct http_load *load, struct http_result *out)
{
    struct connection *connections = calloc(load->connections, sizeof *connections);
    struct run run = {.load = load, .result = out, .poll = epoll_create1(EPOLL_CLOEXEC)};
    memset(out, 0, sizeof *out);
    bool ok = connections != NULL && run_open(&run, connections);
    uint64_t start_us = clock_monotonic_us();
    run.until_us = start_us + load->milliseconds * 1000ull;
    for (uint32_t i = 0; ok && i < load->connections; i++)
        request_send(&run, &connections[i]);
    if (ok)
        run_loop(&run);
    out->per_second = (double)out->answers * 1e6 / (double)(clock_monotonic_us() - start_us);
    for (uint32_t i = 0; connections != NULL && i < load->connections; i++)
        if (connections[i].socket > 0)
            close(connections[i].socket);
    close(run.poll);
    free(connections);
    return ok;
}
