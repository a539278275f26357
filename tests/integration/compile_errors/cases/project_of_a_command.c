/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: fluvius_event_deposit. undeclared
 * clang: use of undeclared identifier 'fluvius_event_deposit' */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count));
PROJECT(sums, deposit);
static void project_sums_deposit(sums_rows *rows, const deposit *event) {}
