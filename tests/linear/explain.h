/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Showing a person why an account's history is not linearizable: the first answer with which no order fits any more,
 * the end of an order that fits those before, and what is not in it. */
#ifndef TEST_LINEAR_EXPLAIN_H
#define TEST_LINEAR_EXPLAIN_H

#include "tests/linear/linear.h"

#include <stdio.h>

/* The calls are of one account, in order of start, and violated. */
enum error
explain(FILE *out, struct linear *linear, const char *account, const struct call *const *calls, uint32_t count);

#endif
