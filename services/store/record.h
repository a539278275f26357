/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row of the log as its readers see it on the wire. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "proto/envelope.h"
#include "services/store/store.h"

/* A view, valid as long as the row. */
static inline struct record record_of(const struct store_record *row)
{
    return (struct record){.partition = row->partition,
                           .schema = row->schema,
                           .seq = row->seq,
                           .version = row->version,
                           .time_us = row->time_us,
                           .stream = row->stream,
                           .event = row->event,
                           .data = row->data,
                           .command = row->command,
                           .user = row->user,
                           .traceparent = row->traceparent,
                           .id = row->id,
                           .has_status = row->receipt,
                           .status = row->status};
}

#endif
