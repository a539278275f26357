/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A module of a later ABI: the loader must refuse it. */
#include <fluvius/module.h>

__attribute__((visibility("default"))) const fluvius_module *fluvius_module_1(void)
{
    static const fluvius_module module = {.abi = FLUVIUS_ABI + 1, .size = sizeof(fluvius_module), .name = "later"};
    return &module;
}
