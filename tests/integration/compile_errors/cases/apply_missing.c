/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: .apply_asked. used but never defined
 * clang: function 'apply_asked' has internal linkage but is not defined */
#include "account.h"
EVENT(account, asked, "Asked.");
