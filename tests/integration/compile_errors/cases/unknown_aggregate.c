/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: unknown type name .acount.
 * clang: unknown type name 'acount' */
#include "account.h"
COMMAND(acount, ask, "Ask.");
