/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: has no member named .cuont.; did you mean .count
 * clang: no member named 'cuont' in 'struct sums' */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count), FIELD(text, note), OPTIONAL(int64, most));
PROJECT(sums, deposited);
static void project_sums_deposited(sums_rows *rows, const deposited *event)
{
    row_change(rows)->cuont++;
}
