/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The token file: who may use the platform. A line each: TOKEN USER REALM [ROLE,ROLE...]; # comments. The role "service"
 * is for shards. Without a file everybody is user "anonymous" of realm "default", which is allowed on loopback only.
 * Tokens are kept as SHA-256-sized hashes of XXH3 with a per-process secret, compared in constant time, never printed. */
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

/* path NULL or empty: no file. fault is a text of at least 256 bytes: names file and line, never the token. */
enum error tokens_load(struct tokens **out, const char *path, char *fault);
void tokens_free(struct tokens **tokens);
bool tokens_required(const struct tokens *tokens);
/* error_bad_token when token is not known, or missing where one is required. The principal lives as long as tokens. */
enum error tokens_check(const struct tokens *tokens, struct slice token, struct principal *out);
/* Is the host of a tcp:// URL or an ADDR:PORT a loopback address (or an ipc:// URL)? */
bool address_is_loopback(const char *address);

#endif
