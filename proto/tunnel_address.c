/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tunnel's addresses: out of URLs, into texts, to listen on. */
#include "proto/tunnel_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool address_split(const char *url, const char *scheme, char host[256], char port[8])
{
    if (strncmp(url, scheme, strlen(scheme)) != 0)
        return false;
    const char *begin = url + strlen(scheme), *colon = strrchr(begin, ':'), *end = colon;
    if (colon == NULL || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strlen(colon + 1) > 5 || strtol(colon + 1, NULL, 10) > UINT16_MAX)
        return false;
    if (*begin == '[') {
        begin++;
        end = colon - 1;
        if (end < begin || *end != ']')
            return false;
    }
    if (end == begin || end - begin >= 256)
        return false;
    snprintf(host, 256, "%.*s", (int)(end - begin), begin);
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

uint16_t address_port(const struct sockaddr_storage *address)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;
    memcpy(&six, address, sizeof six);
    memcpy(&four, address, sizeof four);
    return ntohs(address->ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

void address_print(const struct sockaddr_storage *address, char out[64])
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool six = address->ss_family == AF_INET6;
    const void *number = six ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                             : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    inet_ntop(six ? AF_INET6 : AF_INET, number, host, sizeof host);
    snprintf(out, 64, six ? "[%s]:%u" : "%s:%u", host, address_port(address));
}

void socket_prepare(int socket)
{
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static enum error listen_error(void)
{
    return errno == EADDRINUSE ? error_address_in_use : error_bad_address;
}

static enum error listen_at(const struct addrinfo *address, int *out)
{
    int on = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_bad_address;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, 128) != 0) {
        enum error error = listen_error();
        close(fd);
        return error;
    }
    *out = fd;
    return error_none;
}

enum error address_listen(const char *host, const char *port, int *out, uint16_t *out_port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    if (getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &found) != 0)
        return error_bad_address;
    enum error error = listen_at(found, out);
    freeaddrinfo(found);
    if (error == error_none && getsockname(*out, (struct sockaddr *)&bound, &size) == 0)
        *out_port = address_port(&bound);
    return error;
}
