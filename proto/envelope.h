/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Messages as C structs, and their encoding. Field names and limits: messages.def. Decoders take bytes that passed
 * msgpack_check, ignore keys they do not know (so old readers read new writers), and name the first faulty field.
 * Decoded structs are views into the message; nothing is allocated. */
#ifndef PROTO_ENVELOPE_H
#define PROTO_ENVELOPE_H

#include "proto/identity.h"
#include "proto/reader.h"
#include "proto/status.h"
#include "proto/writer.h"

/* A frame's "t". */
#define FRAME_REQUEST "req"
#define FRAME_WORK "work"

/* What is wrong with a message: field is a key of messages.def ("agg"), or "" for the message as a whole. */
struct envelope_fault {
    enum error error;
    const char *field;
};

struct request {
    enum operation operation;
    struct uuid id;
    bool has_id;
    struct slice namespace, command, resource, identifier; /* empty when absent */
    struct slice data;                                     /* one msgpack map; an empty map when absent */
    int64_t expected;                                      /* valid when has_expected */
    bool has_expected, dry_run;
    uint32_t deadline_ms; /* default and maximum already put in */
    struct slice traceparent, token;
    int64_t at_version; /* -1 when absent */
    int64_t at_time_us; /* 0 when absent */
    int64_t partition;  /* -1 when absent */
    uint64_t from;
    uint32_t limit;     /* default and maximum already put in */
    struct slice scope; /* raw map, as aggregate_in_scope takes it; empty when absent */
    struct slice raw;   /* the request's own bytes */
};

/* A request with nothing but an operation: every other field absent or at its default. */
struct request request_of(enum operation operation);
/* Checks the type and range of every field, and that the operation has what it needs: error_bad_type, out_of_range,
 * bad_identifier, bad_uuid, too_long (trace context) or missing_field, with the field. */
enum error request_decode(struct slice value, struct request *out, struct envelope_fault *fault);
/* Is it for query processes? What asks for rows, for what was, or for what comes; only commands and the state as it is
 * are for the owner of the aggregate, and some for the broker itself. */
bool request_offered(const struct request *request);
/* Leaves out what is absent or at its default (an empty data, a deadline_ms of limit_deadline_ms, a limit of 0 or
 * limit_page_default), and fields of other operations: ver is written for state and changes alone, p for log, from and
 * n for events, changes and log, scope for what one aggregate is asked. A deadline_ms of 0 is written: no time is left.
 */
void request_encode(struct buffer *out, const struct request *request);

struct request_frame {
    bool work; /* "t" is work: decode with work_frame_decode */
    uint32_t max_bytes;
    struct slice token;
    uint32_t count;
    struct reader requests; /* count raw values follow */
};
/* Checks the whole message first. max_bytes has room for limit_reply_bytes_each for each request, and as much besides.
 */
enum error request_frame_decode(struct slice message, struct request_frame *out, struct envelope_fault *fault);
/* Writes the head of a frame of count requests, which the caller appends. token may be empty. */
void request_frame_begin(struct buffer *out, uint32_t max_bytes, struct slice token, uint32_t count);

struct fault {
    struct slice path, code, message;
};

struct reply {
    enum status status;
    struct uuid id;
    bool has_id, has_version;
    uint64_t version;
    struct slice position, identifier, code, message; /* empty when absent */
    struct slice faults;                              /* raw array of fault maps, empty when absent */
    uint32_t retry_ms;                                /* 0 when absent */
    struct slice data;                                /* raw, empty when absent */
};
enum error reply_decode(struct slice value, struct reply *out);
void reply_encode(struct buffer *out, const struct reply *reply);
/* All but its data, which the caller appends: one value. */
void reply_begin(struct buffer *out, const struct reply *reply);
/* Reads the next fault map of reply.faults. */
enum error fault_decode(struct reader *faults, struct fault *out);
void fault_encode(struct buffer *out, const struct fault *fault);

struct reply_frame {
    bool whole; /* the frame itself was at fault: see fault; else replies follow */
    struct reply fault;
    uint32_t count;
    struct reader replies;
};
enum error reply_frame_decode(struct slice message, struct reply_frame *out);
void reply_frame_begin(struct buffer *out, uint32_t count);
void reply_frame_fault(struct buffer *out, enum status status, const char *code, const char *message);

/* ---- queries: a request's data and its reply's ---- */

enum query_total { QUERY_TOTAL_USUAL = 0, QUERY_TOTAL_COUNTED, QUERY_TOTAL_NONE }; /* usual: but behind a cursor */

/* What a client asks for; whoever answers reads the map itself, with what it knows of the model. */
struct query_data {
    struct slice filter, scope, sort, include, exclude; /* raw: maps, and arrays of texts; empty: absent */
    uint32_t limit, page;                               /* 0: absent */
    struct slice cursor, text, at_least, identifier;
    enum query_total total;
    bool deleted;
};
void query_encode(struct buffer *out, const struct query_data *query);

struct query_page {
    struct slice rows; /* JSON: an array of objects, of which only the brackets are looked at on the way */
    uint32_t limit, page;
    uint64_t total, pages;
    bool has_total, has_pages;
    struct slice next; /* empty: the last page */
};
void query_page_encode(struct buffer *out, const struct query_page *page);
enum error query_page_decode(struct slice data, struct query_page *out);

/* ---- between shards, other services and brokers ---- */

/* What a process serves that is no shard. */
#define SERVES_QUERY "query"
#define SERVES_PROJECTOR "projector"

struct work_frame {
    struct slice token, shard;
    uint64_t boot;
    uint32_t partitions; /* 0 when absent */
    struct slice owned, heads, replies, records, descriptions, metrics,
        alarms;          /* raw, empty when absent; metrics is text */
    struct slice serves; /* SERVES_...; empty: a shard */
    bool leaving;        /* no shard, and it ends as it was told to */
};
enum error work_frame_decode(struct slice message, struct work_frame *out, struct envelope_fault *fault);
void work_frame_encode(struct buffer *out, const struct work_frame *frame);
/* The frame without its replies, of which so many follow: the caller sends them behind it, one after another. */
void work_frame_begin(struct buffer *out, const struct work_frame *frame, uint32_t replies);

struct work_reply {
    bool subscribed, unknown;
    uint64_t number;    /* 0 when absent */
    struct slice heads; /* raw array, empty when absent */
    uint32_t count;
    struct reader items;
};
enum error work_reply_decode(struct slice message, struct work_reply *out);
/* Writes all but the items; the caller appends count of them. */
void work_reply_begin(struct buffer *out, const struct work_reply *reply);

/* Reads the next pair of an array as owned or heads; false when it is no pair of natural numbers. */
bool pair_read(struct reader *pairs, uint64_t *first, uint64_t *second);

struct item {
    uint64_t key;
    uint32_t partition, deadline_ms;
    struct slice realm, user, roles /* raw array, empty when absent */, identifier, request;
};
enum error item_decode(struct slice value, struct item *out);
void item_encode(struct buffer *out, const struct item *item);

/* A committed record as readers of the log see it. */
struct record {
    uint32_t partition, schema;
    uint64_t seq, version;
    int64_t time_us;
    struct stream stream;
    struct slice event, data, command, user, traceparent;
    struct uuid id;
    bool has_status;
    enum status status;
};
void record_encode(struct buffer *out, const struct record *record);
enum error record_decode(struct slice value, struct record *out);

/* ---- following the log: a request's data and its reply's ---- */

struct follow {
    struct slice from; /* empty: from the beginning */
    int64_t since_us;  /* valid when has_since */
    bool has_since, platform, every_realm, receipts;
    struct slice partitions, types;               /* raw arrays; empty when absent */
    struct slice namespace, resource, identifier; /* empty when absent */
    struct slice user, trace;                     /* likewise */
    int64_t until_us;                             /* INT64_MAX, or 0 when it is encoded: absent */
    struct uuid id;                               /* valid when has_id */
    bool has_id;
    uint32_t limit, bytes, wait_ms; /* defaults and maxima already put in */
};
/* data passed msgpack_check. As it refuses what it does not know, nobody gets more than was asked for:
 * error_unknown_field, bad_type, out_of_range, too_long, with the field (valid as long as data) in *field. */
enum error follow_decode(struct slice data, struct follow *out, struct slice *field);
/* Leaves out what is absent or at its default; a limit or bytes of 0 is the default. */
void follow_encode(struct buffer *out, const struct follow *follow);

struct followed {
    struct slice records; /* raw array */
    uint32_t partitions;
    bool more;
};
void followed_encode(struct buffer *out, const struct followed *followed);
enum error followed_decode(struct slice data, struct followed *out);

/* ---- on the event bus: a topic byte, then a map ---- */

#define EVENT_TOPIC_HEADS 'h'
#define EVENT_TOPIC_RECORDS 'r'

struct event_frame {
    struct slice heads, records; /* raw arrays, empty when absent */
};
/* message has its topic byte before it. error_bad_type for a topic that is not known: skip such a message. */
enum error event_frame_decode(struct slice message, struct event_frame *out);
/* Appends a message of that topic; items is its raw array. */
void event_frame_encode(struct buffer *out, char topic, struct slice items);

#endif
