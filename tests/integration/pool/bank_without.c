/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A version of the bank that no longer has an event which was written. */
#define WITHOUT_WITHDRAWALS
#include "bank_next.c"
