/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests and replies as short texts, so that a test reads as a conversation. */
#ifndef TEST_GATEWAY_TALK_H
#define TEST_GATEWAY_TALK_H

#include <criterion/criterion.h>

#include "services/gateway/call.h"

/* A guard that listens on 127.0.0.1 and has no token file. */
struct guard talk_guard(void);

/* Starts over and opens a request: "POST /path", then "Name: value" lines; Host: localhost is added. */
enum call_next talk_open(struct call *call, const struct guard *guard, const char *text);
/* talk_open, then call_submit with the body. */
enum call_next talk_submit(struct call *call, const struct guard *guard, const char *text, const char *body);

/* The answer's body, NUL-terminated; valid until the next use of the call. */
const char *talk_body(struct call *call);
/* Does the answer's body have this text in it? */
bool talk_says(struct call *call, const char *text);

/* JSON as msgpack; the caller frees it with buffer_fini. */
struct buffer talk_pack(const char *json);

#define assert_refused(CALL, STATUS, CODE)                                                                             \
    do {                                                                                                               \
        cr_assert_eq((CALL)->answer.status, STATUS, "%d %s", (CALL)->answer.status, talk_body(CALL));                  \
        cr_assert_eq((CALL)->answer.media, MEDIA_PROBLEM);                                                             \
        cr_assert(talk_says(CALL, "\"errcode\":\"" CODE "\""), "%s", talk_body(CALL));                                 \
    } while (0)

#endif
