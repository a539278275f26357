/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bound on aggregates that are loaded at once. After a take-over all aggregates of a unit are wanted in the same
 * moment: what the reader is not asked for yet waits here in order, so that receipts and replies that are asked of the
 * store do not stand behind thousands of loads, and their results do not fill the memory. */
#include "services/shard/state.h"

static bool reader_full(const struct shard *shard)
{
    return shard->config.loads != 0 && shard->loading >= shard->config.loads;
}

static void load_ask(struct shard *shard, struct fetch *fetch)
{
    shard->loading++;
    effects_fetch(shard->effects, fetch);
}

void load_start(struct shard *shard, struct fetch *fetch)
{
    if (!reader_full(shard)) {
        load_ask(shard, fetch);
        return;
    }
    fetch->next = NULL;
    *shard->loads_last = fetch;
    shard->loads_last = &fetch->next;
    shard->loads_waiting++;
}

static struct fetch *load_take(struct shard *shard)
{
    struct fetch *fetch = shard->loads;
    if (fetch == NULL)
        return NULL;
    shard->loads = fetch->next;
    if (shard->loads == NULL)
        shard->loads_last = &shard->loads;
    shard->loads_waiting--;
    return fetch;
}

void load_ended(struct shard *shard)
{
    struct fetch *fetch;
    shard->loading--;
    while (!reader_full(shard) && (fetch = load_take(shard)) != NULL) {
        if (fetch_stale(shard, fetch))
            fetch_free(&fetch);
        else
            load_ask(shard, fetch);
    }
}

/* The runtime keeps an actor that is being activated until it hears how that ended, also when it was reset meanwhile:
 * that takes effect now, and what waits in its mailbox starts over. */
void load_stale(struct shard *shard, struct fetch *fetch)
{
    struct actor *actor =
        runtime_find(shard->runtime, fetch->stream_key.data, fetch->stream_key.size, fetch->stream_hash);
    struct entity *entity = actor == NULL ? NULL : actor_state(actor);
    if (entity == NULL || entity->serial != fetch->serial || !entity->fetching)
        return;
    entity->fetching = false;
    runtime_activated(shard->runtime, actor);
}

void loads_free(struct shard *shard)
{
    struct fetch *fetch;
    while ((fetch = load_take(shard)) != NULL)
        fetch_free(&fetch);
}
