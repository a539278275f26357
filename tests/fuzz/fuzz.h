/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzz targets share. Each gives libFuzzer one function; whatever the bytes, nothing may be read outside them
 * (AddressSanitizer sees that), and what is accepted must keep the promises that are demanded here. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "proto/slice.h"

#include <stdlib.h>

/* Kept in every build, unlike assert. */
#define DEMAND(CONDITION)                                                                                              \
    do {                                                                                                               \
        if (!(CONDITION)) {                                                                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
