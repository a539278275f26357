/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0 */
/* gcc: fluvius_projection_options. has no member named .globl.; did you mean .global
 * clang: field designator 'globl' does not refer to any field in type 'const fluvius_projection_options' */
#include "account.h"
PROJECTION(sums, ("Sums.", .globl = true), FIELD(int64, count));
PROJECT(sums, deposited);
static void project_sums_deposited(sums_rows *rows, const deposited *event) {}
