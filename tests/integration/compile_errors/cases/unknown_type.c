/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: unknown type name .int46.
 * clang: unknown type name 'int46' */
#include "account.h"
RECORD(price, "", FIELD(int46, amount));
