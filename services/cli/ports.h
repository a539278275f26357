/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The addresses that `fluvius up` gives its services: port 0 is replaced by a free one, and a port that is taken is
 * told before anything starts. */
#ifndef CLI_PORTS_H
#define CLI_PORTS_H

#include "proto/error.h"

#include <stddef.h>

#define ADDRESS_SIZE 300
#define PORTS_MAX 16

/* Sockets that hold the ports until all are chosen. Zero it first. */
struct ports {
    int sockets[PORTS_MAX];
    size_t count;
};

/* address is ADDR:PORT, [ADDR6]:PORT or a tcp:// or tls+tcp:// URL of one; an ipc:// URL is taken as it is. Binds it,
 * writes it to out (at least ADDRESS_SIZE bytes) with the port that it got, and keeps the socket. error_address_in_use,
 * error_bad_address; fault (ADDRESS_SIZE bytes) then says why. */
enum error ports_take(struct ports *ports, const char *address, char *out, char *fault);
/* Closes the sockets, so that the services can listen. */
void ports_release(struct ports *ports);

#endif
