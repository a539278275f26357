/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See builtin.h. */
#include "services/builtin/builtin.h"

enum error builtin_domain_new(struct domain **out, struct domain_fault *fault)
{
    return domain_new(out, fluvius_module_1(), fault);
}
