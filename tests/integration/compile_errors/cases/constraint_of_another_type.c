/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: int64_limits.* has no member named .max_length
 * clang: field designator 'max_length' does not refer to any field in type 'const int64_limits' */
#include "account.h"
RECORD(price, "", FIELD(int64, amount, .max_length = 10));
