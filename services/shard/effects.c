/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Carries out the effects of a turn: claims, commits and releases go to the writers, fetches to the reader, replies and
 * news to the brokers. */
#include "services/shard/service.h"

enum { HEADS_EVERY_US = 10000, NEWS_EVERY_US = 250000 };

static void claims_run(struct service *service)
{
    for (uint32_t unit = 0; service->effects.claims != 0; unit++, service->effects.claims >>= 1)
        if (service->effects.claims & 1)
            unit_thread_claim(service->writers[unit]);
}

static void releases_run(struct service *service)
{
    for (uint32_t unit = 0; service->effects.releases != 0; unit++, service->effects.releases >>= 1)
        if (service->effects.releases & 1)
            unit_thread_release(service->writers[unit]);
    if (service->effects.beat && service->pool != NULL)
        pool_thread_hurry(service->pool);
    service->effects.beat = false;
}

static void loads_tell(struct service *service)
{
    uint64_t requests[POOL_UNITS_MAX];
    if (service->pool == NULL)
        return;
    shard_unit_requests(service->shard, requests);
    pool_thread_requests(service->pool, requests);
}

static void commits_run(struct service *service)
{
    struct batch *batch = service->effects.commits;
    service->effects.commits = NULL;
    service->effects.commits_last = &service->effects.commits;
    while (batch != NULL) {
        struct batch *next = batch->next;
        unit_thread_commit(service->writers[batch->unit], batch);
        batch = next;
    }
}

static void fetches_run(struct service *service)
{
    struct fetch *fetch = service->effects.fetches;
    service->effects.fetches = NULL;
    service->effects.fetches_last = &service->effects.fetches;
    while (fetch != NULL) {
        struct fetch *next = fetch->next;
        read_thread_fetch(service->reader, fetch);
        fetch = next;
    }
}

/* Records are only the fast path of the event bus: too many for a frame are left out, and subscribers pull them. */
static struct slice records_array(struct service *service, struct buffer *memory)
{
    struct effects *effects = &service->effects;
    if (effects->record_count > 0 && effects->records.size <= limit_frame_bytes / 4) {
        write_array(memory, effects->record_count);
        write_raw(memory, buffer_slice(&effects->records));
    }
    buffer_clear(&effects->records);
    effects->record_count = 0;
    return buffer_slice(memory);
}

static void news_gather(struct service *service, uint64_t now_us, struct brokers_news *news)
{
    bool all = brokers_want_all(service->brokers), due = now_us - service->news_us >= NEWS_EVERY_US;
    service->owned_pending |= service->effects.owned_changed;
    service->heads_pending |= service->effects.heads_changed;
    service->effects.owned_changed = service->effects.heads_changed = false;
    if (service->owned_pending || all || due) { /* again and again: frames may be lost, or overtake each other */
        buffer_clear(&service->owned);
        shard_owned(service->shard, &service->owned);
        news->owned = buffer_slice(&service->owned);
        service->owned_pending = false;
    }
    if (all || due || (service->heads_pending && now_us - service->heads_us >= HEADS_EVERY_US)) {
        buffer_clear(&service->heads);
        shard_heads(service->shard, &service->heads);
        news->heads = buffer_slice(&service->heads);
        service->heads_pending = false;
        service->heads_us = now_us;
    }
    if (!all && !due)
        return;
    service->news_us = now_us;
    loads_tell(service);
    buffer_clear(&service->alarms);
    shard_alarms(service->shard, &service->alarms);
    news->alarms = buffer_slice(&service->alarms);
    buffer_clear(&service->metrics);
    shard_metrics(service, &service->metrics);
    news->metrics = buffer_slice(&service->metrics);
}

void effects_run(struct service *service, uint64_t now_us)
{
    struct brokers_news news = {0};
    struct buffer records = {0};
    claims_run(service);
    commits_run(service);
    releases_run(service);
    fetches_run(service);
    news_gather(service, now_us, &news);
    news.records = records_array(service, &records);
    brokers_flush(service->brokers, service->effects.outgoing, &news, shard_jobs(service->shard), service->draining);
    buffer_fini(&records);
}
