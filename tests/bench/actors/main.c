/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The actor runtime's bench as a program of its own: bench_actors [--json]. */
#include "services/cli/bench_actors.h"

#include <string.h>

int main(int argc, char **argv)
{
    return bench_actors(argc > 1 && strcmp(argv[1], "--json") == 0);
}
