/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: .decide_ask. used but never defined
 * clang: function 'decide_ask' has internal linkage but is not defined */
#include "account.h"
COMMAND(account, ask, "Ask.");
