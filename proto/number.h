/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as text, the same in every locale: the C library's functions read and print the decimal point that the locale
 * says, so it never gets to see one. Private to proto. */
#ifndef PROTO_NUMBER_H
#define PROTO_NUMBER_H

#include "proto/error.h"
#include "proto/slice.h"

/* Writes value in base 10 or 16 before end, and returns where it begins: at most 20 characters. */
char *number_before(char *end, uint64_t value, unsigned base);

/* The double nearest to text, which is a number as RFC 8259 (section 6) writes it; ties go to even. error_bad_number
 * when it is too large for a double; too small is 0. */
enum error number_parse(struct slice text, double *out);

#define NUMBER_TEXT_MAX 40
/* The decimal form of a finite double that reads back as the same double, with no digit too many (15 at most, or 16, or
 * 17), and with a point or an exponent, so that it does not read back as an integer. Returns its length. */
size_t number_format(double value, char out[NUMBER_TEXT_MAX]);

#endif
