/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See link_probe.h. */
#include "proto/link_probe.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/tunnel_state.h"

enum { PATIENCE_MS = 2000, TLS_ALERT = 0x15, TLS_HANDSHAKE = 0x16 };

static const uint8_t greeting[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0}; /* REQ's */
static const uint8_t expected[8] = {0, 'S', 'P', 0, 0, 0x31, 0, 0}; /* REP's */

static bool told(char *fault, const char *url, const char *why)
{
    snprintf(fault, LINK_PROBE_SIZE, "%.300s %.200s", url, why);
    return false;
}

/* A connected socket, or -1 with errno. */
static int connect_to(const struct addrinfo *address)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* of connect too */
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    int failure = errno == EINPROGRESS ? ETIMEDOUT : errno;
    close(fd);
    errno = failure;
    return -1;
}

static size_t answer_read(int fd, uint8_t answer[8])
{
    size_t size = 0;
    ssize_t got = 1;
    while (size < 8 && got > 0) {
        got = recv(fd, answer + size, 8 - size, 0);
        size += got > 0 ? (size_t)got : 0;
    }
    return size;
}

static bool answer_judge(const char *url, const uint8_t *answer, size_t size, char *fault)
{
    if (size == 8 && memcmp(answer, expected, 8) == 0)
        return true;
    if (size > 0 && (answer[0] == TLS_ALERT || answer[0] == TLS_HANDSHAKE))
        return told(fault, url, "speaks TLS: tls+tcp:// is meant");
    if (size == 0)
        return told(fault, url, "closed the connection or did not answer; it is no bus, or has too many connections");
    return told(fault, url, "is no bus of Fluvius");
}

static bool probe(const char *url, const struct addrinfo *address, char *fault)
{
    uint8_t answer[8];
    int fd = connect_to(address);
    if (fd < 0) {
        char why[128];
        snprintf(why, sizeof why, "cannot be reached: %s", strerror(errno));
        return told(fault, url, why);
    }
    size_t size = 0;
    if (send(fd, greeting, sizeof greeting, MSG_NOSIGNAL) == (ssize_t)sizeof greeting)
        size = answer_read(fd, answer);
    close(fd);
    return answer_judge(url, answer, size, fault);
}

bool link_probe(const char *url, char fault[LINK_PROBE_SIZE])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    char host[256], port[8];
    fault[0] = '\0';
    if (!address_split(url, "tcp://", host, port))
        return false;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        char why[128];
        snprintf(why, sizeof why, "is not found: %s", gai_strerror(failure));
        return told(fault, url, why);
    }
    bool good = false;
    for (const struct addrinfo *at = found; at != NULL && !good; at = at->ai_next)
        good = probe(url, at, fault);
    freeaddrinfo(found);
    return good;
}
