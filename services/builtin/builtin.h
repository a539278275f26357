/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The platform's own domain, which every process that runs domains has without loading it: namespace fluvius, with
 * consumer groups. It is written with the SDK like any other (group.c) and linked in. */
#ifndef BUILTIN_BUILTIN_H
#define BUILTIN_BUILTIN_H

#include "fluvius/host.h"

#define BUILTIN_NAMESPACE "fluvius"

/* Freed with domain_free. As domain_new; fails only for want of memory. */
enum error builtin_domain_new(struct domain **out, struct domain_fault *fault);

#endif
