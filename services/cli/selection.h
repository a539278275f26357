/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which records of the log: the options that every command has which shows or handles them. */
#ifndef CLI_SELECTION_H
#define CLI_SELECTION_H

#include "proto/envelope.h"
#include "services/common/settings.h"

struct selection {
    char *namespace, *resource, *identifier; /* NULL: any */
    struct setting_list types;               /* none: any */
};

/* Entries for a settings table whose struct has a selection as MEMBER. */
#define SELECTION_SETTINGS(STRUCT, MEMBER)                                                                             \
    {"namespace", SETTING_TEXT, offsetof(STRUCT, MEMBER.namespace), NULL, 0, 0, "only records of this namespace"},     \
        {"resource", SETTING_TEXT, offsetof(STRUCT, MEMBER.resource), NULL, 0, 0, "only records of this resource"},    \
        {"identifier",                                                                                                 \
         SETTING_TEXT,                                                                                                 \
         offsetof(STRUCT, MEMBER.identifier),                                                                          \
         NULL,                                                                                                         \
         0,                                                                                                            \
         0,                                                                                                            \
         "only records of this aggregate"},                                                                            \
    {                                                                                                                  \
        "types", SETTING_LIST, offsetof(STRUCT, MEMBER.types), NULL, 0, 0, "only these types of events"                \
    }

/* Appends the types as an array. */
void selection_types_write(const struct selection *selection, struct buffer *out);
/* Narrows out to them; types is written, and out points into it. */
void selection_fill(const struct selection *selection, struct buffer *types, struct follow *out);

#endif
