/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON->URL (jsonurl.org): JSON that may stand in a path as it is, as the path query of lists uses it: an object
 * without its outermost parentheses.
 *
 *   members = member *("," member)        member = literal ":" value
 *   value   = literal / "()" / "(" value *("," value) ")" / "(" members ")"
 *   literal = 'quoted' / true / false / null / number / text     + is a space, %XX a byte; ( ) , : end a text unless
 *                                                                they are escaped or quoted
 *
 * Strict and bounded: at most limit_nesting levels, UTF-8 checked, no empty text unless quoted, no key twice, nothing
 * behind the end. Pure. */
#ifndef GATEWAY_JSONURL_H
#define GATEWAY_JSONURL_H

#include "proto/error.h"
#include "proto/writer.h"

/* Appends the msgpack map that text means. error_bad_json, truncated, bad_utf8, bad_number, too_deep, duplicate_key,
 * too_long, no_memory; out is then as it was. */
enum error jsonurl_to_msgpack(struct slice text, struct buffer *out);

#endif
