/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Why a bus in plain TCP is not reached: nng tries again and again and never says. */
#ifndef PROTO_LINK_PROBE_H
#define PROTO_LINK_PROBE_H

#include <stdbool.h>

#define LINK_PROBE_SIZE 512

/* Connects once to a tcp:// URL, at most a few seconds. True: a bus answered. Otherwise fault says what is there
 * instead: "tcp://broker:7410 speaks TLS: tls+tcp:// is meant"; empty when url is no tcp:// one. */
bool link_probe(const char *url, char fault[LINK_PROBE_SIZE]);

#endif
