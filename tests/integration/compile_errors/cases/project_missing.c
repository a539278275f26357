/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: project_sums_deposited. used but never defined
 * clang: function 'project_sums_deposited' has internal linkage but is not defined */
#include "account.h"
PROJECTION(sums, "Sums.", FIELD(int64, count));
PROJECT(sums, deposited);
