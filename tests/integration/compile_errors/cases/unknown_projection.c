/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: unknown type name .summs_rows
 * clang: unknown type name 'summs_rows' */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count));
PROJECT(summs, deposited);
