/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The formats that a text can be limited to, by their names in JSON Schema. */
#ifndef LIBACTOR_DOMAIN_FORMAT_H
#define LIBACTOR_DOMAIN_FORMAT_H

#include "proto/slice.h"

enum text_format {
    TEXT_ANY = 0,
    TEXT_EMAIL,     /* local@domain as most mail systems take it: no quotes, no comments, ASCII; at most 254 bytes */
    TEXT_URI,       /* a scheme, ':' and something after it, of the characters of RFC 3986 */
    TEXT_HOSTNAME,  /* RFC 1123 */
    TEXT_UUID,      /* the 36-character form */
    TEXT_DATE,      /* YYYY-MM-DD */
    TEXT_DATE_TIME, /* RFC 3339 */
};

/* false when there is none of that name. */
bool text_format_find(const char *name, enum text_format *out);
bool text_format_fits(enum text_format format, struct slice text);

#endif
