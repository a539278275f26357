/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an aggregate's events changed: while it is folded, from a version on, the state after each event is compared
 * with the one before. A page has as many events as were asked for, or as fit a frame. */
#include "proto/diff.h"
#include "services/history/state.h"
#include "services/store/record.h"

void changes_fini(struct changes *changes)
{
    buffer_fini(&changes->base);
    buffer_fini(&changes->before);
    buffer_fini(&changes->after);
    buffer_fini(&changes->events);
    *changes = (struct changes){0};
}

bool changes_full(const struct past *past)
{
    return past->changes.count >= past->request->limit || past->changes.events.size >= PAGE_BYTES;
}

static void event_write(struct changes *changes, const struct store_record *row)
{
    struct record record = record_of(row);
    write_map(&changes->events, 2);
    write_string(&changes->events, "event");
    record_encode(&changes->events, &record);
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

enum error changes_begin(struct past *past)
{
    struct changes *changes = &past->changes;
    enum error error = aggregate_encode(past->aggregate, &changes->before);
    buffer_append(&changes->base, changes->before.data, changes->before.size);
    return error == error_none && (changes->base.failed || changes->before.failed) ? error_no_memory : error;
}

enum error changes_note(struct past *past, const struct store_record *record)
{
    struct changes *changes = &past->changes;
    if (record->version <= changes->from)
        return record->version == changes->from ? changes_begin(past) : error_none;
    buffer_clear(&changes->after);
    enum error error = aggregate_encode(past->aggregate, &changes->after);
    if (error != error_none)
        return error;
    before_first(changes);
    event_write(changes, record);
    struct buffer before = changes->before;
    changes->before = changes->after;
    changes->after = before;
    bool failed = changes->base.failed || changes->before.failed || changes->events.failed;
    return failed ? error_no_memory : error_none;
}

static void changes_write(struct past *past)
{
    const struct changes *changes = &past->changes;
    struct buffer *out = &past->body;
    uint64_t top = past->head.version < past->to_version ? past->head.version : past->to_version;
    write_map(out, 5);
    write_string(out, "from");
    write_unsigned(out, changes->from);
    write_string(out, "to");
    write_unsigned(out, past->last);
    write_string(out, "changes");
    state_diff(buffer_slice(&changes->base), buffer_slice(&changes->before), out);
    write_string(out, "events");
    write_array(out, changes->count);
    buffer_append(out, changes->events.data, changes->events.size);
    write_string(out, "next");
    if (past->last < top)
        write_unsigned(out, past->last);
    else
        write_nil(out);
}

void changes_answer(struct past *past)
{
    uint64_t version = past->last;
    bool short_of = past->to_version != UINT64_MAX && version < past->to_version && !changes_full(past);
    if (past->to_version < past->changes.from) {
        past_fail(past, status_invalid, "bad_version", "the versions stand the wrong way round");
        return;
    }
    if (version == 0 || version < past->changes.from || short_of) {
        past_fail(past,
                  status_not_found,
                  version == 0 ? "unknown_aggregate" : "unknown_version",
                  "the aggregate does not have that version");
        return;
    }
    changes_write(past);
    past_done(past, true, version);
}
