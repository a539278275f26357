/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Talking to a running platform: the settings that every such command has, the connection, and one request. Where --bus
 * is not given the bus is the one in DATA/fluvius.json, which `fluvius up` wrote, or else the default address. */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include "proto/client.h"
#include "services/common/tls_settings.h"

struct connect_settings {
    char *bus, *data, *token;
    int64_t deadline_ms;
    struct tls_settings tls;
};

/* Entries for a settings table whose struct has a connect_settings as MEMBER. */
#define CONNECT_SETTINGS(STRUCT, MEMBER)                                                                               \
    {"bus", SETTING_TEXT, offsetof(STRUCT, MEMBER.bus), NULL, 0, 0, "URL of a broker, or several with commas"},        \
        {"data", SETTING_TEXT, offsetof(STRUCT, MEMBER.data), "./data", 0, 0, "find the bus of the platform there"},   \
        {"token", SETTING_SECRET, offsetof(STRUCT, MEMBER.token), NULL, 0, 0, "credentials; better FLUVIUS_TOKEN"},    \
        TLS_CLIENT_SETTINGS(STRUCT, MEMBER.tls),                                                                       \
    {                                                                                                                  \
        "deadline", SETTING_INTEGER, offsetof(STRUCT, MEMBER.deadline_ms), "10000", 1, 60000, "time to answer, in ms"  \
    }

/* A line on standard error says what went wrong: error other than error_none. */
enum error connect_open(const struct connect_settings *settings, struct client **out);
/* *out NULL when no URL of the list is a tls+tcp:// one. */
enum error connect_tls(const struct connect_settings *settings, const char *urls, struct tls **out);
/* Sends and waits. The reply's slices live in memory (zero it first; buffer_fini it). The deadline is that of settings.
 */
enum error connect_call(struct client *client,
                        const struct connect_settings *settings,
                        struct request *request,
                        struct reply *out,
                        struct buffer *memory);
/* Opens, calls once, closes. */
enum error connect_once(const struct connect_settings *settings,
                        struct request *request,
                        struct reply *out,
                        struct buffer *memory);

#endif
