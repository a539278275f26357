/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The strings of JSON text: finding where one ends, and taking its escapes out. Private to proto. */
#ifndef PROTO_JSON_TEXT_H
#define PROTO_JSON_TEXT_H

#include "proto/json.h"

struct json_string {
    const uint8_t *at, *end; /* between the quotes */
    bool escaped;            /* has a backslash */
};

/* Scans from behind the opening quote of text that ends at end, and checks what is between the quotes except its
 * escapes. On a fault *at is where it was seen. */
enum error json_string_scan(const uint8_t **at, const uint8_t *end, struct json_string *out);
/* Appends the string as msgpack text. On a fault *at is where it was seen: error_bad_json for an escape that is none,
 * error_bad_utf8 for half a surrogate pair. */
enum error json_string_write(const struct json_string *string, struct buffer *out, const uint8_t **at);

#endif
