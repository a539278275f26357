/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: has no member named .mim.; did you mean .min.
 * clang: field designator 'mim' does not refer to any field in type 'const int64_limits' */
#include "account.h"
RECORD(price, "", FIELD(int64, amount, .mim = 1));
