/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records that the two files of one domain share. */
#ifndef TESTS_SDK_PARTS_H
#define TESTS_SDK_PARTS_H

#include <fluvius/domain.h>

ENUM(unit_of_measure, "", piece, (cubic_metre, "m3"));
RECORD(amount_of, "", FIELD(int64, count), FIELD(unit_of_measure, unit));

/* A projection over aggregates of both files. */
PROJECTION(flow, ("", .global = true), FIELD(int64, moves), FIELD(int64, pieces));

#endif
