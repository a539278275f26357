/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an aggregate's events changed: the aggregate is folded again from its first event, and from a version on the
 * state after each event is compared with the one before. A page has as many events as were asked for, or as fit a
 * frame. */
#include "services/shard/state.h"

#include <stdlib.h>

enum { PAGE_BYTES = limit_frame_bytes / 4 };

void changes_free(struct changes **changes)
{
    if (*changes == NULL)
        return;
    buffer_fini(&(*changes)->base);
    buffer_fini(&(*changes)->before);
    buffer_fini(&(*changes)->after);
    buffer_fini(&(*changes)->events);
    free(*changes);
    *changes = NULL;
}

bool changes_full(const struct fetch *fetch)
{
    const struct changes *changes = fetch->changes;
    return changes != NULL && (changes->count >= fetch->limit || changes->events.size >= PAGE_BYTES);
}

bool changes_end(struct fetch *fetch)
{
    bool full = changes_full(fetch);
    if (full)
        fetch->changes->more = true;
    return full;
}

static void event_write(struct fetch *fetch, const struct fetched_event *event)
{
    struct changes *changes = fetch->changes;
    write_map(&changes->events, 2);
    write_string(&changes->events, "event");
    write_raw(&changes->events, slice_of(fetch->memory.data + event->record, event->record_size));
    write_string(&changes->events, "changes");
    state_diff(buffer_slice(&changes->before), buffer_slice(&changes->after), &changes->events);
    changes->count++;
}

/* Before the first event there is no state: everything of the first one is new. */
static void before_first(struct changes *changes)
{
    if (changes->before.size > 0)
        return;
    write_map(&changes->before, 0);
    buffer_append(&changes->base, changes->before.data, changes->before.size);
}

enum error changes_note(struct fetch *fetch, const struct fetched_event *event)
{
    struct changes *changes = fetch->changes;
    if (event->version < changes->from)
        return error_none;
    buffer_clear(&changes->after);
    enum error error = aggregate_encode(fetch->aggregate, &changes->after);
    if (error != error_none)
        return error;
    if (event->version == changes->from) {
        buffer_append(&changes->base, changes->after.data, changes->after.size);
    } else {
        before_first(changes);
        event_write(fetch, event);
    }
    struct buffer before = changes->before;
    changes->before = changes->after;
    changes->after = before;
    bool failed = changes->base.failed || changes->before.failed || changes->events.failed;
    return failed ? error_no_memory : error_none;
}

static void changes_write(const struct fetch *fetch, uint64_t version, struct buffer *out)
{
    const struct changes *changes = fetch->changes;
    write_map(out, 5);
    write_string(out, "from");
    write_unsigned(out, changes->from);
    write_string(out, "to");
    write_unsigned(out, version);
    write_string(out, "changes");
    state_diff(buffer_slice(&changes->base), buffer_slice(&changes->before), out);
    write_string(out, "events");
    write_array(out, changes->count);
    write_raw(out, buffer_slice(&changes->events));
    write_string(out, "next");
    if (changes->more || (changes_full(fetch) && fetch->more && version < fetch->to_version))
        write_unsigned(out, version);
    else
        write_nil(out);
}

void changes_answer(struct shard *shard, struct fetch *fetch, struct job *job)
{
    uint64_t version = aggregate_version(fetch->aggregate);
    bool short_of = fetch->to_version != UINT64_MAX && version < fetch->to_version && !changes_full(fetch);
    if (fetch->to_version < fetch->changes->from) {
        answer_fail(shard, job, status_invalid, "bad_version", "the versions stand the wrong way round");
        return;
    }
    if (version == 0 || version < fetch->changes->from || short_of) {
        answer_fail(shard,
                    job,
                    status_not_found,
                    version == 0 ? "unknown_aggregate" : "unknown_version",
                    "the aggregate does not have that version");
        return;
    }
    job->outcome.has_version = true;
    job->outcome.version = version;
    changes_write(fetch, version, &job->outcome.body);
    answer_now(shard, job);
}
