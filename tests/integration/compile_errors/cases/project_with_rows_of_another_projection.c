/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: conflicting types for .project_sums_deposited
 * clang: conflicting types for 'project_sums_deposited' */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count));
PROJECTION(days, "Days.", FIELD(int64, count));
PROJECT(sums, deposited);
static void project_sums_deposited(days_rows *rows, const deposited *event) {}
