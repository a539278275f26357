/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The token file: who may use the platform. A line each: TOKEN USER REALM [ROLE,ROLE...]; # comments. The role
 * "service" is for shards. The file must be readable by its owner alone. Without a file everybody is user "anonymous"
 * of realm "default", which is allowed on loopback only.
 *
 * FLUVIUS_SERVICE_TOKEN (or the file that it names: file:PATH), which `fluvius up` sets for its children, is one more
 * token, of user "service" with the role "service". It does not make tokens required, but where it is set only tokens
 * are services; where neither it nor a file is set, anonymous is also a service.
 *
 * Tokens are found by a hash keyed with a per-process secret and then compared in constant time; they are never
 * printed, and the memory that holds them is left out of core dumps. */
#ifndef COMMON_TOKENS_H
#define COMMON_TOKENS_H

#include "proto/error.h"
#include "proto/slice.h"

struct tokens;
struct principal {
    const char *user, *realm;
    struct slice roles; /* msgpack array of text */
    bool service;
};

#define TOKENS_FAULT_SIZE 512

/* path NULL or empty: no file. fault has at least TOKENS_FAULT_SIZE bytes: it names file and line, never the token.
 * Reads FLUVIUS_SERVICE_TOKEN. */
enum error tokens_load(struct tokens **out, const char *path, char *fault);
void tokens_free(struct tokens **tokens);
/* There is a file: requests without a token are refused. */
bool tokens_required(const struct tokens *tokens);
/* error_bad_token when token is not known, or missing where one is required. The principal lives as long as tokens.
 * Any thread. */
enum error tokens_check(const struct tokens *tokens, struct slice token, struct principal *out);
/* Is the host of a tcp:// or tls+tcp:// URL or an ADDR:PORT a loopback address ("127.0.0.0/8", "[::1]", "localhost"),
 * or the URL an ipc:// or inproc:// one? */
bool address_is_loopback(const char *address);

#endif
