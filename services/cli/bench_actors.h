/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius bench actors`: what the actor runtime alone does on one core. */
#ifndef CLI_BENCH_ACTORS_H
#define CLI_BENCH_ACTORS_H

#include <stdbool.h>

/* Takes about three seconds. Prints one JSON object, or a short text, to standard output. Returns an exit code: 0, or
 * 13 when memory is out or the runtime lost a message. */
int bench_actors(bool json);

#endif
