/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Limits of fields, parsed and checked once. Part of making layouts. */
#ifndef LIBACTOR_DOMAIN_LAYOUT_LIMITS_H
#define LIBACTOR_DOMAIN_LAYOUT_LIMITS_H

#include "libactor/domain/layout.h"

/* Fills in the limits of a field whose kind, shape and places are known. */
enum error field_limits(struct layout_maker *maker, struct layout_field *field);
/* The values of an enum have names that can travel, none twice. */
enum error enum_check(struct layout_maker *maker, const struct layout_field *field);

#endif
