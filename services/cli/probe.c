/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See probe.h. */
#include "services/cli/probe.h"

#include "proto/slice.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define HOST_SIZE 256
#define STATUS_LINE "HTTP/1.1 "

/* Splits HOST:PORT; the brackets of [HOST]:PORT go. */
static bool address_split(const char *address, char host[HOST_SIZE], const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);

    if (size == 0 || size >= HOST_SIZE) {
        return false;
    }
    if (address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    }
    snprintf(host, HOST_SIZE, "%.*s", (int)size, address);
    *port = colon + 1;
    return true;
}

static int connect_to(const struct addrinfo *where, int64_t wait_ms)
{
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    int socket_ = socket(where->ai_family, where->ai_socktype | SOCK_CLOEXEC, where->ai_protocol);

    if (socket_ < 0) {
        return -1;
    }
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait); /* of connect, too */
    if (connect(socket_, where->ai_addr, where->ai_addrlen) != 0) {
        close(socket_);
        return -1;
    }
    return socket_;
}

static int ask(int socket_, const char *path)
{
    char text[512];
    size_t used = 0;
    ssize_t got;
    int size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);

    if (send(socket_, text, (size_t)size, MSG_NOSIGNAL) != size) {
        return -1;
    }
    while (used < strlen(STATUS_LINE) + 3) {
        got = recv(socket_, text + used, sizeof text - 1 - used, 0);
        if (got <= 0) {
            return -1;
        }
        used += (size_t)got;
    }
    text[used] = '\0';
    return strncmp(text, STATUS_LINE, strlen(STATUS_LINE)) == 0 ? atoi(text + strlen(STATUS_LINE)) : -1;
}

int probe_http(const char *address, const char *path, int64_t wait_ms)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char host[HOST_SIZE];
    const char *port;
    int status = -1, socket_ = -1;

    if (!address_split(address, host, &port) || getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    for (struct addrinfo *at = found; at != NULL && socket_ < 0; at = at->ai_next) {
        socket_ = connect_to(at, wait_ms);
    }
    freeaddrinfo(found);
    if (socket_ >= 0) {
        status = ask(socket_, path);
        close(socket_);
    }
    return status >= 100 && status <= 599 ? status : -1;
}
