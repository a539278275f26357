/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: duplicate member .amount.
 * clang: duplicate member 'amount' */
#include "account.h"
RECORD(price, "", FIELD(int64, amount), FIELD(text, amount));
