/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A small printf that depends on no locale and has no floating point, so that messages are the same everywhere.
 * Conversions: %s %.*s %.Ns %c %d %i %u %x and %%, with l, ll and z before an integer. */
#ifndef LIBACTOR_DOMAIN_PRINT_H
#define LIBACTOR_DOMAIN_PRINT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes at most size - 1 bytes and a NUL; what does not fit is cut between characters, and what is not UTF-8 ends the
 * text. Returns the bytes written, or -1 for a conversion that is none of the above (out is then empty). */
long print_list(char *out, size_t size, const char *format, va_list arguments);
long print_into(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Writes value in decimal, without a NUL; returns the bytes written, at most 20. */
size_t print_integer(char *out, int64_t value);

#endif
