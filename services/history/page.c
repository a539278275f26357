/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events of an aggregate and records of a partition, as they are, a page at a time. */
#include <stdlib.h>

#include "services/history/state.h"
#include "services/store/record.h"

/* Stops with error_full when the page is full. */
static enum error record_take(struct past *past, const struct store_record *row, uint64_t place)
{
    if (past->count > 0 && past->events.size > PAGE_BYTES)
        return error_full;
    struct record record = record_of(row);
    record_encode(&past->events, &record);
    past->count++;
    past->last = place;
    return past->events.failed ? error_no_memory : error_none;
}

static enum error event_take(void *context, const struct store_record *row)
{
    return record_take(context, row, row->version);
}

static enum error row_take(void *context, const struct store_record *row)
{
    return record_take(context, row, row->seq);
}

/* "next" comes last: end is where the stream or the partition ends. */
static void records_write(struct past *past, const char *name, uint64_t end)
{
    write_string(&past->body, name);
    write_array(&past->body, past->count);
    buffer_append(&past->body, past->events.data, past->events.size);
    write_string(&past->body, "next");
    if (past->last < end)
        write_unsigned(&past->body, past->last);
    else
        write_nil(&past->body);
}

void page_events(struct past *past, struct store *store)
{
    struct store_look look = {.stream = &past->stream,
                              .stream_hash = past->stream_hash,
                              .after_version = past->last,
                              .limit = past->request->limit,
                              .visit = event_take,
                              .context = past};
    enum error error = store_look_stream(store, &look, &past->head, &past->fault);
    if (error == error_none && past->count == 0 && past->request->limit > 0 && past->last < past->head.version)
        return; /* they are far: the next step is nearer */
    if (error != error_none && error != error_full) {
        past_fail_error(past, error);
    } else if (past->head.version == 0) {
        bool known = past->unknown == NULL || past->config->domain_count == 0;
        past_fail(past,
                  status_not_found,
                  known ? "unknown_aggregate" : past->unknown,
                  known ? "the aggregate does not exist" : "no such name in the domains served");
    } else {
        write_map(&past->body, 2);
        records_write(past, "events", past->head.version);
        past_done(past, false, 0);
    }
}

/* The partition's end, as it is committed now. */
static enum error head_read(struct past *past, struct store *store, uint64_t *out)
{
    struct store_partition *heads = calloc(past->config->log.partitions, sizeof heads[0]);
    enum error error = heads == NULL ? error_no_memory : store_read_heads(store, heads, &past->fault);
    if (error == error_none)
        *out = heads[past->request->partition].head;
    free(heads);
    return error;
}

void page_log(struct past *past, struct store *store)
{
    const struct request *request = past->request;
    uint64_t head = 0;
    if (request->partition < 0 || request->partition >= past->config->log.partitions) {
        past_fail(past, status_not_found, "unknown_partition", "the log has no such partition");
        return;
    }
    enum error error =
        store_read_log(store, (uint32_t)request->partition, past->last, request->limit, row_take, past, &past->fault);
    if (error == error_none || error == error_full)
        error = head_read(past, store, &head);
    if (error != error_none) {
        past_fail_error(past, error);
        return;
    }
    write_map(&past->body, 3);
    write_string(&past->body, "head");
    write_unsigned(&past->body, head);
    records_write(past, "records", head);
    past_done(past, false, 0);
}
