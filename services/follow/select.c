/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which records a follower is to see: see select.h. */
#include "services/follow/select.h"

struct selection selection_of(const struct follow *follow, struct slice realm)
{
    return (struct selection){.realm = realm,
                              .namespace = follow->namespace,
                              .resource = follow->resource,
                              .identifier = follow->identifier,
                              .types = follow->types,
                              .user = follow->user,
                              .trace = follow->trace,
                              .id = follow->id,
                              .has_id = follow->has_id,
                              .until_us = follow->until_us,
                              .platform = follow->platform || slice_is(follow->namespace, PLATFORM_NAMESPACE),
                              .receipts = follow->receipts};
}

static bool is_any_or(struct slice wanted, struct slice found)
{
    return wanted.size == 0 || slice_equal(wanted, found);
}

static bool type_is_one_of(struct slice types, struct slice type)
{
    struct reader reader = reader_of(types);
    struct slice wanted;
    uint32_t count;
    if (types.size == 0 || reader_array(&reader, &count) != error_none || count == 0)
        return true;
    for (uint32_t i = 0; i < count && reader_text(&reader, &wanted) == error_none; i++)
        if (slice_equal(wanted, type))
            return true;
    return false;
}

/* version-TRACE-parent-flags */
static bool trace_is_or_any(struct slice wanted, struct slice traceparent)
{
    enum { BEFORE = 3, SIZE = 32 };
    if (wanted.size == 0)
        return true;
    return traceparent.size >= BEFORE + SIZE && slice_equal(slice_of(traceparent.data + BEFORE, SIZE), wanted);
}

/* Whose it is, by which command, and when. */
static bool cause_is_wanted(const struct selection *selection, const struct record *record)
{
    return is_any_or(selection->user, record->user) &&
           (selection->until_us == 0 || record->time_us < selection->until_us) &&
           trace_is_or_any(selection->trace, record->traceparent) &&
           (!selection->has_id || memcmp(selection->id.bytes, record->id.bytes, sizeof record->id.bytes) == 0);
}

bool selection_has(const struct selection *selection, const struct record *record)
{
    const struct stream *stream = &record->stream;
    if (record->event.size == 0 && !selection->receipts)
        return false;
    if (!selection->platform && slice_is(stream->namespace, PLATFORM_NAMESPACE))
        return false;
    return is_any_or(selection->realm, stream->realm) && is_any_or(selection->namespace, stream->namespace) &&
           is_any_or(selection->resource, stream->resource) && is_any_or(selection->identifier, stream->identifier) &&
           type_is_one_of(selection->types, record->event) && cause_is_wanted(selection, record);
}
