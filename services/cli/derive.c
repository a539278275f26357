/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See derive.h. */
#include "services/cli/derive.h"

#include <stdio.h>

struct run {
    uint64_t fingerprint;
    struct aggregate *aggregate;
    struct store_snapshot snapshot; /* state: in memory */
    struct buffer memory;
    struct buffer state; /* of the aggregate at some version */
    enum derive_snapshot outcome;
    struct domain_fault fault;
};

static enum error snapshot_keep(void *context, const struct store_snapshot *snapshot)
{
    struct run *run = context;

    buffer_clear(&run->memory);
    buffer_append(&run->memory, snapshot->state.data, snapshot->state.size);
    run->snapshot = *snapshot;
    run->outcome = snapshot->fingerprint == run->fingerprint ? DERIVE_DIFFERENT : DERIVE_STALE;
    return run->memory.failed ? error_no_memory : error_none;
}

static enum error event_skip(void *context, const struct store_record *record)
{
    (void)context;
    (void)record;
    return error_none;
}

/* The aggregate has the snapshot's version: are they equal? Not finding that out leaves DERIVE_DIFFERENT. */
static enum error snapshot_compare(struct run *run)
{
    enum error error;

    buffer_clear(&run->state);
    error = aggregate_encode(run->aggregate, &run->state);
    if (error == error_none && slice_equal(buffer_slice(&run->state), buffer_slice(&run->memory))) {
        run->outcome = DERIVE_EQUAL;
    }
    return error;
}

static enum error event_apply(void *context, const struct store_record *record)
{
    struct run *run = context;
    enum error error = aggregate_apply(run->aggregate, record->event, record->schema, record->data, &run->fault);

    if (error != error_none || run->outcome != DERIVE_DIFFERENT || record->version != run->snapshot.version) {
        return error;
    }
    return snapshot_compare(run);
}

static enum error
run_both(struct run *run, struct store *store, uint32_t unit, const struct stream *stream, char *fault)
{
    uint64_t hash = stream_hash(stream);
    struct store_fault store_fault = {{0}};
    enum error error = store_read_stream(
        store, unit, stream, hash, UINT64_MAX, true, NULL, snapshot_keep, event_skip, run, &store_fault);

    if (error == error_none) {
        error =
            store_read_stream(store, unit, stream, hash, UINT64_MAX, false, NULL, NULL, event_apply, run, &store_fault);
    }
    if (error == error_none) {
        buffer_clear(&run->state);
        error = aggregate_encode(run->aggregate, &run->state);
    }
    if (error != error_none) {
        const char *text = run->fault.text[0] != '\0' ? run->fault.text : store_fault.text;

        snprintf(fault, DERIVE_FAULT_SIZE, "%s%s%s", error_text(error), text[0] == '\0' ? "" : ": ", text);
    }
    return error;
}

enum error derive(struct store *store,
                  uint32_t unit,
                  const struct stream *stream,
                  const struct domain *domain,
                  const struct domain_resource *resource,
                  struct derived *out,
                  char *fault)
{
    struct run run = {.fingerprint = domain_fingerprint(domain), .aggregate = aggregate_new(resource)};
    enum error error = error_no_memory;

    if (run.aggregate == NULL) {
        snprintf(fault, DERIVE_FAULT_SIZE, "%s", error_text(error));
    } else {
        error = run_both(&run, store, unit, stream, fault);
    }
    if (error == error_none) {
        *out = (struct derived){.version = aggregate_version(run.aggregate),
                                .snapshot = run.outcome,
                                .snapshot_version = run.snapshot.version,
                                .state = run.state};
        run.state = (struct buffer){0};
    }
    aggregate_free(&run.aggregate);
    buffer_fini(&run.memory);
    buffer_fini(&run.state);
    return error;
}
