/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: incompatible type for argument 3 of .fluvius_row_1
 * clang: passing 'char\[2\]' to parameter of incompatible type */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count), FIELD(text, note), OPTIONAL(int64, most));
PROJECT(sums, deposited);
static void project_sums_deposited(sums_rows *rows, const deposited *event)
{
    row_change(rows, "a")->count++;
}
