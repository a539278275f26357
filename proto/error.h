/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The errors that functions return: 0 is success, the rest come from errors.def. These are for callers in C; what a
 * client of the platform sees is a status (status.h) with a code and a message. */
#ifndef PROTO_ERROR_H
#define PROTO_ERROR_H

enum error {
    error_none = 0,
#define ERROR(NAME, TEXT) error_##NAME,
#include "proto/errors.def"
#undef ERROR
    error_count
};

/* The name ("bad_utf8") and the text of an error; never NULL, also for a number that is none. */
const char *error_name(enum error error);
const char *error_text(enum error error);

#endif
