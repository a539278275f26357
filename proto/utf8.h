/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checking UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. Used by both strict readers. */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include "proto/slice.h"

/* How many bytes from the start are whole, valid characters; text.size when all of it is valid. */
size_t utf8_valid_size(struct slice text);
/* The text up to the first byte that belongs to no whole character: for texts that were cut to fit somewhere. */
struct slice utf8_whole(struct slice text);
/* The same in place, of a text that ends with NUL. */
void utf8_trim(char *text);

#endif
