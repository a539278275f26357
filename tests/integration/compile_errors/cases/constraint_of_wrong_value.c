/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: initialization of .* from .char
 * clang: incompatible pointer to integer conversion initializing */
#include "account.h"
RECORD(price, "", FIELD(int64, amount, .min = "1"));
