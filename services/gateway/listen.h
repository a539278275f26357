/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The listening socket: a clear error when the address cannot be had, and the port that was chosen for 0. */
#ifndef GATEWAY_LISTEN_H
#define GATEWAY_LISTEN_H

#include "proto/error.h"
#include "proto/slice.h"

struct listener {
    int socket;
    char url[128]; /* http://ADDR:PORT, as bound */
};

/* address is ADDR:PORT or [V6]:PORT; * or nothing before the colon is every address. error_bad_address,
 * error_address_in_use, error_io. */
enum error listen_open(const char *address, struct listener *out);

#endif
