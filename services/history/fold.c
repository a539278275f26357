/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An aggregate as it was: its events from the first one on, or from its snapshot, are applied with the domain's code,
 * up to a version, a time, or the number of changes that are to be shown. */
#include "services/history/state.h"

enum { FOLD_EVENTS = 4096, CLOCK_EVENTS = 16 }; /* of a step; between two looks at the clock */

static enum error event_apply(struct past *past, const struct store_record *record)
{
    struct journal *journal = past->config->journal;
    journal_begin(journal, past->config->lane, &journal_load, past->stream_hash);
    enum error error = aggregate_apply(past->aggregate, record->event, record->schema, record->data, &past->fold_fault);
    journal_end(journal, past->config->lane);
    return error;
}

static bool shows_changes(const struct past *past)
{
    return past->request->operation == operation_changes;
}

/* May what is asked for begin with the snapshot? Time goes forward along a stream. */
static bool snapshot_fits(const struct past *past, const struct store_snapshot *snapshot)
{
    int64_t at_us = past->request->at_time_us;
    if (snapshot->fingerprint != past->fingerprint)
        return false;
    if (shows_changes(past))
        return snapshot->version <= past->changes.from;
    return snapshot->version <= past->to_version && (at_us == 0 || snapshot->time_us <= at_us);
}

/* One that cannot be read is none: it is only a short cut. */
static bool snapshot_take(void *context, const struct store_snapshot *snapshot)
{
    struct past *past = context;
    if (!snapshot_fits(past, snapshot) ||
        aggregate_restore(past->aggregate, snapshot->state, snapshot->version) != error_none)
        return false;
    past->last = snapshot->version;
    if (shows_changes(past) && snapshot->version == past->changes.from)
        past->body.failed = changes_begin(past) != error_none;
    return true;
}

static void step_begin(struct past *past)
{
    past->paused = false;
    past->step_us = past->config->now_us == NULL ? 0 : past->config->now_us();
}

static bool step_over(const struct past *past)
{
    return past->config->now_us != NULL && past->last % CLOCK_EVENTS == 0 &&
           past->config->now_us() - past->step_us >= TURN_US;
}

/* Stops with error_full at an event that is not of it, and when the step's time is over. */
static enum error event_take(void *context, const struct store_record *record)
{
    struct past *past = context;
    int64_t at_us = past->request->at_time_us;
    past->ended = !shows_changes(past) && at_us != 0 && record->time_us > at_us;
    if (past->ended || record->version > past->to_version || (shows_changes(past) && changes_full(past)))
        return error_full;
    enum error error = event_apply(past, record);
    if (error == error_none && shows_changes(past))
        error = changes_note(past, record);
    if (error != error_none)
        return error;
    past->last = record->version;
    past->paused = step_over(past);
    return past->paused ? error_full : error_none;
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
    if (scope_refuses(past))
        return;
    enum error error = aggregate_encode(past->aggregate, &past->body);
    if (error == error_none)
        past_done(past, true, version);
    else
        past_fail_error(past, error);
}

void fold_step(struct past *past, struct store *store)
{
    uint64_t left = past->to_version > past->last ? past->to_version - past->last : 0;
    struct store_look look = {.stream = &past->stream,
                              .stream_hash = past->stream_hash,
                              .after_version = past->last,
                              .limit = left < FOLD_EVENTS ? (uint32_t)left : FOLD_EVENTS,
                              .take = past->last == 0 ? snapshot_take : NULL,
                              .visit = event_take,
                              .context = past};
    step_begin(past);
    enum error error = store_look_stream(store, &look, &past->head, &past->fault);
    uint64_t top = past->head.version < past->to_version ? past->head.version : past->to_version;
    if ((error == error_none || past->paused) && past->last < top)
        return;
    if (error != error_none && error != error_full)
        past_fail_error(past, error);
    else if (shows_changes(past))
        changes_answer(past);
    else
        state_answer(past);
}
