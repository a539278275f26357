/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which processes there are beside the broker, by what they serve, and the alarm for a kind of which there was one and
 * is none: nobody of it is left to complain. One that is started again is given the time that a request waits. */
#include "broker/state.h"

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
            broker->missed_us[i] = session->seen_us;
}

uint32_t services_alarms(const struct broker *broker, struct buffer *out)
{
    uint32_t count = 0;
    for (int i = 0; i < SERVICE_KINDS; i++) {
        uint64_t due_us = broker->missed_us[i] + broker->config.parked_ms * 1000ull;
        if (broker->missed_us[i] == 0 || broker->now_us < due_us || services_count(broker, kinds[i].serves) > 0)
            continue;
        write_string(out, kinds[i].alarm);
        count++;
    }
    return count;
}
