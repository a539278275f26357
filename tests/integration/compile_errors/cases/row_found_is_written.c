/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: increment of member .count. in read-only object
 * clang: cannot assign to variable|read-only|cannot assign to non-static data member */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count), FIELD(text, note), OPTIONAL(int64, most));
PROJECT(sums, deposited);
static void project_sums_deposited(sums_rows *rows, const deposited *event)
{
    row_find(rows)->count++;
}
