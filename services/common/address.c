/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tells loopback addresses from others. What cannot be read is not loopback: then a token file is asked for. */
#include "services/common/tokens.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Copies the host part of HOST:PORT or [HOST]:PORT. */
static bool host_of(const char *address, char *out, size_t size)
{
    const char *end;

    if (address[0] == '[') {
        address++;
        end = strchr(address, ']');
    } else {
        end = strrchr(address, ':');
    }
    if (end == NULL || end == address || (size_t)(end - address) >= size) {
        return false;
    }
    snprintf(out, size, "%.*s", (int)(end - address), address);
    return true;
}

bool address_is_loopback(const char *address)
{
    const char *after = strstr(address, "://");
    struct in6_addr six;
    struct in_addr four;
    char host[256];

    if (begins_with(address, "ipc://") || begins_with(address, "inproc://")) {
        return true;
    }
    if (!host_of(after == NULL ? address : after + 3, host, sizeof host)) {
        return false;
    }
    if (inet_pton(AF_INET, host, &four) == 1) {
        return ntohl(four.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &six) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&six);
    }
    return strcasecmp(host, "localhost") == 0;
}
