/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which processes there are beside the broker, by what they serve, and the alarm for a kind of which there was one and
 * is none: nobody of it is left to complain. One that is started again is given the time that a request waits.
 *
 * When the last one had said that it leaves, somebody has stopped it, and nobody is missed: that read models are kept
 * by no projector any more, query processes tell from the database. Queries that are then asked all the same are told,
 * a minute long each: whoever stopped the last query process may have meant to start another. */
#include "broker/state.h"

enum { UNSERVED_US = 60000000 };

static const struct {
    const char *serves, *alarm;
} kinds[SERVICE_KINDS] = {
    {SERVES_QUERY, "no query process is connected: queries are unavailable"},
    {SERVES_PROJECTOR, "no projector is connected: read models stay as they are"},
};

bool session_is_shard(const struct shard_session *session)
{
    return session->serves[0] == 0;
}

uint32_t services_count(const struct broker *broker, const char *serves)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < broker->session_count; i++)
        count += strcmp(broker->sessions[i]->serves, serves) == 0;
    return count;
}

uint32_t shards_count(const struct broker *broker)
{
    return services_count(broker, "");
}

void service_missed(struct broker *broker, const struct shard_session *session)
{
    for (int i = 0; i < SERVICE_KINDS; i++)
        if (strcmp(session->serves, kinds[i].serves) == 0)
            broker->missed_us[i] = session->leaving ? 0 : session->seen_us;
}

static bool is_missed(const struct broker *broker, int kind)
{
    uint64_t missed_us = broker->missed_us[kind];
    return missed_us != 0 && broker->now_us >= missed_us + broker->config.parked_ms * 1000ull;
}

static bool is_wanted(const struct broker *broker, int kind)
{
    return strcmp(kinds[kind].serves, SERVES_QUERY) == 0 && broker->unserved_us != 0 &&
           broker->now_us < broker->unserved_us + UNSERVED_US;
}

uint32_t services_alarms(const struct broker *broker, struct buffer *out)
{
    uint32_t count = 0;
    for (int i = 0; i < SERVICE_KINDS; i++) {
        if (services_count(broker, kinds[i].serves) > 0 || !(is_missed(broker, i) || is_wanted(broker, i)))
            continue;
        write_string(out, kinds[i].alarm);
        count++;
    }
    return count;
}
