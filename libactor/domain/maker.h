/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What making a domain of a module works with, between domain.c (aggregates, commands, events) and projection.c.
 * Private to both. */
#ifndef LIBACTOR_DOMAIN_MAKER_H
#define LIBACTOR_DOMAIN_MAKER_H

#include "libactor/domain/model.h"

struct maker {
    struct domain *domain;
    struct layout_maker layouts;
    const fluvius_entry *const *entries, *const *end; /* the module's, in order */
};

/* Whose fault it is that is told next. */
static inline void owner_set(struct maker *maker, const fluvius_entry *entry)
{
    maker->layouts.file = entry == NULL ? NULL : entry->file;
    maker->layouts.owner = entry == NULL ? NULL : entry->name;
}

#define REFUSE(MAKER, ENTRY, ...) layout_fault(&(MAKER)->layouts, (ENTRY) == NULL ? 0 : (ENTRY)->line, __VA_ARGS__)

/* The entry's name on the wire. error_bad_module when it cannot be one, or the doc is not UTF-8. */
enum error name_set(struct maker *maker, const fluvius_entry *entry, struct slice *out);
/* Tells that another what has the name; error_bad_module. */
enum error name_taken(struct maker *maker, const fluvius_entry *entry, const char *what, struct slice name);
/* How many entries have the role; state NULL: of whatever state. */
uint32_t entries_of(const struct maker *maker, uint32_t role, const fluvius_type *state);

/* Makes the projections of a domain whose resources are made. */
enum error projections_make(struct maker *maker);

#endif
