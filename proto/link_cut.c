/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See link_cut.h. nng does not show its descriptors, so the one with the pipe's two addresses is looked for among all
 * of this process: about a millisecond with a thousand connections, for something that seldom happens. */
#include "proto/link_cut.h"

#include <dirent.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool address_equal(const struct sockaddr_storage *a, const nng_sockaddr *b)
{
    if (a->ss_family == AF_INET && b->s_family == NNG_AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)a;
        return in->sin_port == b->s_in.sa_port && in->sin_addr.s_addr == b->s_in.sa_addr;
    }
    if (a->ss_family == AF_INET6 && b->s_family == NNG_AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)a;
        return in->sin6_port == b->s_in6.sa_port && memcmp(&in->sin6_addr, b->s_in6.sa_addr, 16) == 0;
    }
    return false;
}

static bool descriptor_joins(int descriptor, const nng_sockaddr *local, const nng_sockaddr *remote)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getpeername(descriptor, (struct sockaddr *)&address, &size) != 0 || !address_equal(&address, remote))
        return false;
    size = sizeof address;
    return getsockname(descriptor, (struct sockaddr *)&address, &size) == 0 && address_equal(&address, local);
}

static bool descriptor_find(const nng_sockaddr *local, const nng_sockaddr *remote, int *out)
{
    bool found = false;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return false;
    for (const struct dirent *entry; !found && (entry = readdir(directory)) != NULL;) {
        *out = atoi(entry->d_name); /* "." and ".." give 0, which is no such socket */
        found = descriptor_joins(*out, local, remote);
    }
    closedir(directory);
    return found;
}

static bool descriptor_of(nng_pipe pipe, int *out)
{
    nng_sockaddr local, remote;
    return nng_pipe_get_addr(pipe, NNG_OPT_LOCADDR, &local) == 0 &&
           nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &remote) == 0 && descriptor_find(&local, &remote, out);
}

static void address_convert(const struct sockaddr_storage *from, nng_sockaddr *out)
{
    *out = (nng_sockaddr){.s_family = NNG_AF_UNSPEC};
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        out->s_in =
            (nng_sockaddr_in){.sa_family = NNG_AF_INET, .sa_port = in->sin_port, .sa_addr = in->sin_addr.s_addr};
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)from;
        out->s_in6 = (nng_sockaddr_in6){.sa_family = NNG_AF_INET6, .sa_port = in->sin6_port};
        memcpy(out->s_in6.sa_addr, &in->sin6_addr, 16);
    }
}

bool socket_is_ours(const struct sockaddr_storage *local, const struct sockaddr_storage *remote)
{
    nng_sockaddr here, there;
    int descriptor;
    address_convert(local, &here);
    address_convert(remote, &there);
    return descriptor_find(&here, &there, &descriptor);
}

bool pipe_mute(nng_pipe pipe)
{
    int descriptor;
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &drop};
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    char waste[16384];
    if (!descriptor_of(pipe, &descriptor))
        return false;
    setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    while (recv(descriptor, waste, sizeof waste, MSG_DONTWAIT) > 0)
        continue;
    return true;
}

bool pipe_cut(nng_pipe pipe)
{
    int descriptor;
    return descriptor_of(pipe, &descriptor) && shutdown(descriptor, SHUT_RDWR) == 0;
}
