/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See fetch.h: the memory of a fetch. What runs on the reader thread is in fetch_run.c. */
#include "services/shard/fetch.h"

#include <stdlib.h>

struct fetch *fetch_new(enum fetch_kind kind, struct slice stream_key)
{
    struct fetch *fetch = calloc(1, sizeof *fetch + stream_key.size);
    if (fetch == NULL)
        return NULL;
    fetch->kind = kind;
    if (stream_key.size > 0) {
        memcpy(fetch->bytes, stream_key.data, stream_key.size);
        fetch->stream_key = slice_of(fetch->bytes, stream_key.size);
        stream_key_parse(fetch->stream_key, &fetch->stream);
    }
    return fetch;
}

void fetch_free(struct fetch **fetch)
{
    if (*fetch == NULL)
        return;
    job_free(&(*fetch)->job);
    buffer_fini(&(*fetch)->memory);
    free((*fetch)->events);
    free((*fetch)->heads);
    free(*fetch);
    *fetch = NULL;
}

struct slice fetched_name(const struct fetch *fetch, const struct fetched_event *event)
{
    return slice_of(fetch->memory.data + event->name, event->name_size);
}

struct slice fetched_data(const struct fetch *fetch, const struct fetched_event *event)
{
    return slice_of(fetch->memory.data + event->data, event->data_size);
}
