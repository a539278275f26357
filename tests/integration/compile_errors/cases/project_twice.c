/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: redefinition of .fluvius_project_sums_deposited
 * clang: redefinition of 'fluvius_project_sums_deposited' */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count));
PROJECT(sums, deposited);
PROJECT(sums, deposited);
static void project_sums_deposited(sums_rows *rows, const deposited *event) {}
