/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Signed session ids: see mcp_session.h. An id is the hexadecimal form of 8 bytes of time (seconds, big-endian), 16 of
 * nonce and 16 of signature. */
#include "services/gateway/mcp_session.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#define TIME_BYTES 8
#define NONCE_BYTES 16
#define MAC_BYTES 16
#define ID_BYTES (TIME_BYTES + NONCE_BYTES + MAC_BYTES)
#define SIGNED_BYTES (TIME_BYTES + NONCE_BYTES)

static void sign(const uint8_t key[32], struct slice text, uint8_t out[32])
{
    unsigned size = 32;
    HMAC(EVP_sha256(), key, 32, text.data, text.size, out, &size);
}

void mcp_sessions_init(struct mcp_sessions *sessions, const char *secret, const uint8_t seed[32])
{
    static const uint8_t label[] = "fluvius mcp session";
    unsigned size = 32;
    *sessions = (struct mcp_sessions){0};
    if (secret == NULL || secret[0] == '\0')
        memcpy(sessions->key, seed, sizeof sessions->key);
    else
        HMAC(EVP_sha256(), secret, (int)strlen(secret), label, sizeof label - 1, sessions->key, &size);
}

/* Over the id's first bytes and the principal, each text with its NUL. */
static void session_sign(const struct mcp_sessions *sessions,
                         const struct principal *principal,
                         const uint8_t id[ID_BYTES],
                         uint8_t out[32])
{
    struct buffer text = {0};
    buffer_append(&text, id, SIGNED_BYTES);
    buffer_append(&text, principal->realm, strlen(principal->realm) + 1);
    buffer_append(&text, principal->user, strlen(principal->user) + 1);
    sign(sessions->key, buffer_slice(&text), out);
    buffer_fini(&text);
}

void mcp_session_write(const struct mcp_sessions *sessions,
                       const struct principal *principal,
                       const struct uuid *nonce,
                       uint64_t now_s,
                       char out[MCP_SESSION_SIZE])
{
    uint8_t id[ID_BYTES], mac[32];
    uint64_t end_s = now_s + MCP_SESSION_S;
    for (int i = 0; i < TIME_BYTES; i++)
        id[i] = (uint8_t)(end_s >> (56 - 8 * i));
    memcpy(id + TIME_BYTES, nonce->bytes, NONCE_BYTES);
    session_sign(sessions, principal, id, mac);
    memcpy(id + SIGNED_BYTES, mac, MAC_BYTES);
    for (int i = 0; i < ID_BYTES; i++)
        sprintf(out + (size_t)2 * (size_t)i, "%02x", id[i]);
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool id_read(struct slice text, uint8_t out[ID_BYTES])
{
    if (text.size != (size_t)2 * ID_BYTES)
        return false;
    for (size_t i = 0; i < ID_BYTES; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

/* What an ended session is remembered by. */
static uint64_t id_mark(const uint8_t id[ID_BYTES])
{
    uint64_t mark;
    memcpy(&mark, id + SIGNED_BYTES, sizeof mark);
    return mark == 0 ? 1 : mark;
}

static bool id_ended(const struct mcp_sessions *sessions, const uint8_t id[ID_BYTES])
{
    uint64_t mark = id_mark(id);
    for (size_t i = 0; i < MCP_SESSION_ENDED_MAX; i++) {
        if (sessions->ended[i] == mark)
            return true;
    }
    return false;
}

bool mcp_session_valid(const struct mcp_sessions *sessions,
                       const struct principal *principal,
                       struct slice text,
                       uint64_t now_s)
{
    uint8_t id[ID_BYTES], mac[32];
    uint64_t end_s = 0;
    if (!id_read(text, id))
        return false;
    session_sign(sessions, principal, id, mac);
    if (CRYPTO_memcmp(mac, id + SIGNED_BYTES, MAC_BYTES) != 0)
        return false;
    for (int i = 0; i < TIME_BYTES; i++)
        end_s = end_s << 8 | id[i];
    return now_s < end_s && !id_ended(sessions, id);
}

void mcp_session_end(struct mcp_sessions *sessions, struct slice text)
{
    uint8_t id[ID_BYTES];
    if (!id_read(text, id))
        return;
    sessions->ended[sessions->next] = id_mark(id);
    sessions->next = (sessions->next + 1) % MCP_SESSION_ENDED_MAX;
}
