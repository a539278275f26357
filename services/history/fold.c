/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An aggregate as it was: its events from the first one on are applied with the domain's code, up to a version, a time,
 * or the number of changes that are to be shown. */
#include "services/history/state.h"

enum { FOLD_EVENTS = 4096 }; /* a step */

static enum error event_apply(struct past *past, const struct store_record *record)
{
    struct journal *journal = past->config->journal;
    journal_begin(journal, &journal_load, past->stream_hash);
    enum error error = aggregate_apply(past->aggregate, record->event, record->schema, record->data, &past->fold_fault);
    journal_end(journal);
    return error;
}

static bool shows_changes(const struct past *past)
{
    return past->request->operation == operation_changes;
}

/* Stops with error_full at an event that is not of it. */
static enum error event_take(void *context, const struct store_record *record)
{
    struct past *past = context;
    int64_t at_us = past->request->at_time_us;
    past->ended = !shows_changes(past) && at_us != 0 && record->time_us > at_us;
    if (past->ended || (shows_changes(past) && changes_full(past)))
        return error_full;
    enum error error = event_apply(past, record);
    if (error == error_none && shows_changes(past))
        error = changes_note(past, record);
    if (error == error_none)
        past->last = record->version;
    return error;
}

static void state_answer(struct past *past)
{
    uint64_t version = past->last;
    if (version == 0 || (past->to_version != UINT64_MAX && version != past->to_version)) {
        past_fail(past,
                  status_not_found,
                  version == 0 ? "unknown_aggregate" : "unknown_version",
                  past->ended && version == 0 ? "the aggregate did not exist then"
                                              : "the aggregate does not have that version");
        return;
    }
    enum error error = aggregate_encode(past->aggregate, &past->body);
    if (error == error_none)
        past_done(past, true, version);
    else
        past_fail_error(past, error);
}

void fold_step(struct past *past, struct store *store)
{
    uint64_t left = past->to_version > past->last ? past->to_version - past->last : 0;
    uint32_t limit = left < FOLD_EVENTS ? (uint32_t)left : FOLD_EVENTS;
    enum error error = store_look_stream(
        store, &past->stream, past->stream_hash, past->last, limit, &past->head, event_take, past, &past->fault);
    uint64_t top = past->head.version < past->to_version ? past->head.version : past->to_version;
    if (error == error_none && past->last < top)
        return;
    if (error != error_none && error != error_full)
        past_fail_error(past, error);
    else if (shows_changes(past))
        changes_answer(past);
    else
        state_answer(past);
}
