/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The strict streaming transcoder between JSON (RFC 8259) and msgpack, used on the hot path of HTTP. No tree is built.
 * JSON in: UTF-8 checked, duplicate keys refused, at most limit_nesting deep, integers that fit int64_t stay integers,
 * other numbers become doubles, lone surrogates and numbers too large for a double are refused, nothing may follow.
 * JSON out: bytes as base64url without padding, NaN never occurs, integers beyond 2^53 are still written as numbers. */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include "proto/error.h"
#include "proto/writer.h"

struct json_fault {
    enum error error;
    size_t offset; /* byte of the JSON text where the fault was seen */
};

/* Appends one msgpack value to out, each head as short as it can be; on failure out is as it was. error_truncated (the
 * text ends too early), bad_json, bad_utf8 (also half a surrogate pair), bad_number, duplicate_key, too_deep, too_long
 * (a map of more than limit_map_entries), trailing_bytes, no_memory. fault may be NULL. */
enum error json_to_msgpack(struct slice json, struct buffer *out, struct json_fault *fault);

/* Appends the JSON form of one msgpack value to out; the value must have passed msgpack_check or be our own. On failure
 * out is as it was. */
enum error msgpack_to_json(struct slice value, struct buffer *out);

/* Appends text as a quoted JSON string. Bytes that are not UTF-8 become U+FFFD. */
void json_quote(struct buffer *out, struct slice text);

#endif
