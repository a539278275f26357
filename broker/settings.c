/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See settings.h. */
#include "broker/settings.h"

#include "proto/status.h"

#define AT(MEMBER) offsetof(struct broker_settings, MEMBER)

static const struct setting settings[] = {
    {"bus", SETTING_TEXT, AT(bus), "tcp://127.0.0.1:7410", 0, 0, "where clients and shards connect"},
    {"events", SETTING_TEXT, AT(events), "tcp://127.0.0.1:7411", 0, 0, "where subscribers to the event bus connect"},
    {"token-file", SETTING_TEXT, AT(token_file), NULL, 0, 0, "who may use the platform; needed beyond loopback"},
    {"frame-bytes", SETTING_INTEGER, AT(frame_bytes), "1048576", 4096, limit_frame_bytes, "largest frame taken"},
    {"frames", SETTING_INTEGER, AT(frames), "1024", 16, 16384, "frames held at once; more wait in their connections"},
    {"held-bytes",
     SETTING_INTEGER,
     AT(held_bytes),
     "134217728",
     1048576,
     INT64_MAX,
     "bytes of frames held at once; more are busy"},
    {"parked-commands",
     SETTING_INTEGER,
     AT(parked_commands),
     "65536",
     1,
     10000000,
     "requests that may wait for a shard"},
    {"parked-bytes", SETTING_INTEGER, AT(parked_bytes), "67108864", 65536, INT64_MAX, "their bytes"},
    {"parked-ms", SETTING_INTEGER, AT(parked_ms), "5000", 1, 600000, "how long a request waits for an owner"},
    {"silent-ms", SETTING_INTEGER, AT(silent_ms), "3000", 500, 600000, "a shard silent this long is lost"},
    {"idle-ms",
     SETTING_INTEGER,
     AT(idle_ms),
     "60000",
     1000,
     86400000,
     "a connection without a whole frame this long is closed"},
    {"send-ms",
     SETTING_INTEGER,
     AT(send_ms),
     "10000",
     100,
     600000,
     "a connection that takes no reply this long is closed"},
    {"connections", SETTING_INTEGER, AT(connections), "2048", 1, 65536, "connections at once"},
    {"connections-per-address",
     SETTING_INTEGER,
     AT(connections_per_address),
     "1024",
     1,
     65536,
     "of those, from one address"},
    TLS_SERVER_SETTINGS(struct broker_settings, tls),
    {"log-level", SETTING_TEXT, AT(log_level), "info", 0, 0, "debug, info, warning or error"},
    {0}};

const struct settings_table broker_settings_table = {
    .service = "fluvius-broker",
    .usage = "[options]",
    .doc = "Routes requests to the shards that own their partitions, and fans committed records out.",
    .settings = settings};
