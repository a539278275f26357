/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: implicit declaration of function .fluvius_row_2
 * clang: implicit declaration of function 'fluvius_row_2' */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count), FIELD(text, note), OPTIONAL(int64, most));
PROJECT(sums, deposited);
static void project_sums_deposited(sums_rows *rows, const deposited *event)
{
    row_change(rows, TEXT("a"), TEXT("b"))->count++;
}
