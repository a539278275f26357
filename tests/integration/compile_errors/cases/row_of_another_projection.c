/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: incompatible pointer type
 * clang: incompatible pointer types initializing */
#include "account.h"
PROJECTION(days, "Days.", FIELD(int64, count));
PROJECTION(sums, "Sums.", FIELD(int64, count), FIELD(text, note), OPTIONAL(int64, most));
PROJECT(sums, deposited);
static void project_sums_deposited(sums_rows *rows, const deposited *event)
{
    days *row = row_change(rows);
    row->count++;
}
