/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: not compatible with any association
 * clang: not compatible with any generic association */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count), FIELD(text, note), OPTIONAL(int64, most));
PROJECT(sums, deposited);
static void project_sums_deposited(sums_rows *rows, const deposited *event)
{
    account_status status = account_status_open;
    row_change(rows, key_of(rows, status))->count++;
}
