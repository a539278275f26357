/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is demanded of every request for rows, whichever way it came: it is refused by faults within their bounds, or
 * becomes SQL of fixed words for both databases, in which every value is a parameter, and which SQLite takes and runs.
 */
#ifndef TESTS_FUZZ_JUDGE_H
#define TESTS_FUZZ_JUDGE_H

#include "proto/slice.h"

/* A request's data, a msgpack map that was checked, about the companies of tests/unit/readmodel/sample.h. */
void request_is_judged(struct slice request);

#endif
