/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events as they come, over HTTP: what GET /_events asks for, and how a record is written as a CloudEvent (1.0.2, JSON)
 * and as a piece of an event stream (text/event-stream of the HTML standard). Pure. */
#ifndef GATEWAY_EVENTS_H
#define GATEWAY_EVENTS_H

#include "services/gateway/call.h"

struct events_query {
    bool stream; /* text/event-stream, or else one page as JSON */
    bool causes; /* the page as a tree: who caused what */
    struct follow follow;
    /* What follow points into, so it stays where it is: */
    uint8_t memory[URL_MAX]; /* decoded values */
    size_t used;
    struct buffer types, partitions;
};

/* From the call's URL, parameters and header. A stream begins at the end of the log unless it is told where, a page at
 * its beginning. False: refusal says why. *out is given back with events_query_fini in either case. */
bool events_query_read(const struct call *call, struct events_query *out, struct refusal *refusal);
void events_query_fini(struct events_query *query);

/* Does the client take an event stream? */
bool events_accepts_stream(const struct head *head);

/* One record as a JSON object. */
void render_cloud_event(struct buffer *out, uint64_t incarnation, const struct record *record);
/* All of a reply's records, with commas between. */
void render_cloud_events(struct buffer *out, uint64_t incarnation, struct slice records);
/* All of a reply's records as a tree of traces, commands and events, with commas between traces. False when memory is
 * out. */
bool render_causation(struct buffer *out, struct slice records);
/* All of a reply's records as events of a stream. seqs, one a partition, is the reply's position: where the stream is
 * after all of them. Each event's id is the position after it, from which those that follow come again. */
void render_stream(struct buffer *out, uint64_t incarnation, struct slice records, uint64_t *seqs, uint32_t partitions);

#endif
