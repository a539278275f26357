/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The listening socket: see listen.h. */
#include "services/gateway/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/gateway/number.h"

#define BACKLOG 1024

struct endpoint {
    char host[256], port[8];
};

static bool port_valid(const char *text)
{
    uint64_t port;
    return number_parse(slice_text(text), &port) && port <= 65535;
}

static bool endpoint_parse(const char *address, struct endpoint *out)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);
    if (colon == NULL || size >= sizeof out->host || strlen(colon + 1) >= sizeof out->port || !port_valid(colon + 1))
        return false;
    bool brackets = size > 2 && address[0] == '[' && address[size - 1] == ']';
    if (!brackets && memchr(address, ':', size) != NULL)
        return false;
    memcpy(out->host, address + brackets, size - 2 * brackets);
    out->host[size - 2 * brackets] = '\0';
    strcpy(out->port, colon + 1);
    return true;
}

static enum error bind_error(void)
{
    if (errno == EADDRINUSE)
        return error_address_in_use;
    return errno == EADDRNOTAVAIL || errno == EACCES ? error_bad_address : error_io;
}

static enum error listen_on(const struct addrinfo *place, int *out)
{
    int one = 1, made = socket(place->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0)
        return error_io;
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(made, place->ai_addr, place->ai_addrlen) == 0 && listen(made, BACKLOG) == 0) {
        *out = made;
        return error_none;
    }
    enum error error = bind_error();
    close(made);
    return error;
}

static enum error url_write(struct listener *listener, const struct endpoint *endpoint)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char port[8];
    if (getsockname(listener->socket, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, size, NULL, 0, port, sizeof port, NI_NUMERICSERV) != 0)
        return error_io;
    const char *form = strchr(endpoint->host, ':') == NULL ? "http://%.100s:%s" : "http://[%.100s]:%s";
    snprintf(listener->url, sizeof listener->url, form, endpoint->host, port);
    return error_none;
}

enum error listen_open(const char *address, struct listener *out)
{
    struct endpoint endpoint;
    struct listener listener = {.socket = -1};
    struct addrinfo *places, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (!endpoint_parse(address, &endpoint))
        return error_bad_address;
    bool any = endpoint.host[0] == '\0' || strcmp(endpoint.host, "*") == 0;
    if (getaddrinfo(any ? NULL : endpoint.host, endpoint.port, &hints, &places) != 0)
        return error_bad_address;
    enum error error = listen_on(places, &listener.socket);
    freeaddrinfo(places);
    if (error == 0)
        error = url_write(&listener, &endpoint);
    if (error == 0)
        *out = listener;
    else if (listener.socket >= 0)
        close(listener.socket);
    return error;
}
