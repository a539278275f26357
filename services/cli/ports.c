/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Binding addresses to see that they are free. SO_REUSEADDR is set as nng and libmicrohttpd set it, so that connections
 * of an earlier run that linger do not count. */
#include "services/cli/ports.h"

#include "proto/tls.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct place {
    char scheme[16]; /* "tcp://", "tls+tcp://", or empty */
    char host[256];  /* without brackets */
    char port[8];
    bool brackets;
};

static enum error fail(char *fault, enum error error, const char *why)
{
    snprintf(fault, ADDRESS_SIZE, "%s", why);
    return error;
}

static bool place_read(const char *address, struct place *out)
{
    const char *after = strstr(address, "://"), *host = after == NULL ? address : after + 3;
    const char *colon = strrchr(host, ':'), *end = colon;

    out->brackets = host[0] == '[';
    if (colon == NULL || (size_t)(host - address) >= sizeof out->scheme || strlen(colon + 1) >= sizeof out->port) {
        return false;
    }
    if (out->brackets) {
        host++;
        end = colon - 1;
        if (end < host || *end != ']') {
            return false;
        }
    }
    /* getaddrinfo takes numbers above 65535 and cuts them. */
    if ((size_t)(end - host) >= sizeof out->host || colon[1] == '\0' ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) || strtol(colon + 1, NULL, 10) > 65535) {
        return false;
    }
    snprintf(out->scheme, sizeof out->scheme, "%.*s", after == NULL ? 0 : (int)(after + 3 - address), address);
    snprintf(out->host, sizeof out->host, "%.*s", (int)(end - host), host);
    snprintf(out->port, sizeof out->port, "%s", colon + 1);
    return true;
}

static int port_of(int socket)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char port[8];

    if (getsockname(socket, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, size, NULL, 0, port, sizeof port, NI_NUMERICSERV) != 0) {
        return -1;
    }
    return (int)strtol(port, NULL, 10);
}

/* A bound socket, or -1 with errno. */
static int bind_first(const struct addrinfo *found)
{
    int one = 1, fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), saved;

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    /* Bound alone, two may share it; listening shows whether somebody else does. */
    if (bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0) {
        return fd;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static enum error place_bind(const struct place *place, int *out, char *fault)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
    bool any = place->host[0] == '\0' || strcmp(place->host, "*") == 0;
    int code = getaddrinfo(any ? NULL : place->host, place->port, &hints, &found), fd;

    if (code != 0) {
        return fail(fault, error_bad_address, gai_strerror(code));
    }
    fd = bind_first(found);
    freeaddrinfo(found);
    if (fd < 0) {
        return fail(fault, errno == EADDRINUSE ? error_address_in_use : error_bad_address, strerror(errno));
    }
    *out = fd;
    return error_none;
}

enum error ports_take(struct ports *ports, const char *address, char *out, char *fault)
{
    struct place place;
    enum error error;
    int fd;

    if (strncmp(address, "ipc://", 6) == 0 && strlen(address) < ADDRESS_SIZE) {
        snprintf(out, ADDRESS_SIZE, "%s", address);
        return error_none;
    }
    if (ports->count == PORTS_MAX || !place_read(address, &place) ||
        (place.scheme[0] != '\0' && strcmp(place.scheme, "tcp://") != 0 && !tls_url(place.scheme))) {
        return fail(fault, error_bad_address, "is not an address HOST:PORT, tcp://HOST:PORT or tls+tcp://HOST:PORT");
    }
    error = place_bind(&place, &fd, fault);
    if (error != error_none) {
        return error;
    }
    ports->sockets[ports->count++] = fd;
    snprintf(out, ADDRESS_SIZE, place.brackets ? "%s[%s]:%d" : "%s%s:%d", place.scheme, place.host, port_of(fd));
    return error_none;
}

void ports_release(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++) {
        close(ports->sockets[i]);
    }
    ports->count = 0;
}
