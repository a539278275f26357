/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See cut.h. The descriptor is found by asking every open one for its peer: a few milliseconds with thousands of
 * connections, for something that happens to hostile or dead peers only. */
#include "broker/cut.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static bool address_equal(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family)
        return false;
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *x = (const struct sockaddr_in *)a, *y = (const struct sockaddr_in *)b;
        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    if (a->sa_family == AF_INET6) {
        const struct sockaddr_in6 *x = (const struct sockaddr_in6 *)a, *y = (const struct sockaddr_in6 *)b;
        return x->sin6_port == y->sin6_port && memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
    }
    return false;
}

static bool descriptor_is(int descriptor, const struct sockaddr *peer)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getpeername(descriptor, (struct sockaddr *)&address, &size) != 0)
        return false;
    return address_equal((const struct sockaddr *)&address, peer);
}

bool connection_cut(const struct sockaddr *peer)
{
    bool cut = false;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return false;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && !cut;) {
        int descriptor = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && descriptor_is(descriptor, peer))
            cut = shutdown(descriptor, SHUT_RDWR) == 0;
    }
    closedir(directory);
    return cut;
}
