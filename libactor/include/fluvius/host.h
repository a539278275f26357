/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Running a domain: what a shard, a projector, the testing kit and the command line need of a loaded module.
 * Aggregates are decided, applied, encoded and described here through the descriptors alone, and events projected to
 * rows; nothing knows a domain's C types. Pure: no clock,
 * no I/O (loading a shared object is in loader.h). Single-threaded per aggregate and per domain. */
#ifndef FLUVIUS_HOST_H
#define FLUVIUS_HOST_H

#include "fluvius/module.h"
#include "proto/error.h"
#include "proto/identity.h"
#include "proto/writer.h"

struct domain;    /* a checked module: names resolved, limits parsed */
struct aggregate; /* one instance's state, with the arena that owns what it points to */

struct domain_fault {
    char text[512]; /* what is wrong, with file and line where the module knows them */
};

/* Checks a module's ABI, strides and descriptors (names, limits, fallbacks, patterns, duplicates, upcaster chains) and
 * makes a domain of it. The module must outlive it. error_bad_module with the reason. */
enum error domain_new(struct domain **out, const fluvius_module *module, struct domain_fault *fault);
void domain_free(struct domain **domain);

/* Bounds on what a decision may make. A new domain has 256 KiB an event, 1,000,000 bytes a state (so that its reply
 * fits a frame of 1 MiB), 1,024 events a decision. */
struct domain_limits {
    uint32_t event_bytes, state_bytes, events;
};
void domain_limit(struct domain *domain, const struct domain_limits *limits);

const char *domain_namespace(const struct domain *domain);
/* XXH3-64 of the description: equal for equal record shapes, whatever the compiler. */
uint64_t domain_fingerprint(const struct domain *domain);
/* The description as one msgpack map (see docs/DOMAINS.md): namespace, doc, fingerprint, resources with their state
 * schema, commands and events with their JSON Schemas. Owned by the domain. */
struct slice domain_description(const struct domain *domain);

/* Find by wire name; NULL when there is none. */
const struct domain_resource *domain_resource(const struct domain *domain, struct slice resource);
const struct domain_command *domain_command(const struct domain_resource *resource, struct slice command);
const struct domain_event *domain_event(const struct domain_resource *resource, struct slice event);
/* Can it read an event of that schema version? Not one that it does not have, nor a version newer than its own. */
bool domain_reads(const struct domain *domain, struct slice resource, struct slice event, uint32_t schema);
/* Is there a command of that name on any resource? Tells "unknown command" from "not a command of this resource". */
bool domain_has_command(const struct domain *domain, struct slice command);
/* May create: the command is accepted while the aggregate does not exist (".creates = true" in its declaration). Others
 * are answered not_found when it does not. */
bool domain_command_creates(const struct domain_command *command);

/* One fault of a command's data. */
struct data_fault {
    const char *code; /* required, unknown_field, expected_integer, below_minimum, ... the list is in docs/DOMAINS.md */
    char path[256];   /* JSON pointer */
    char message[160];
};
#define DATA_FAULTS_MAX 32
struct data_faults {
    uint32_t count; /* at most DATA_FAULTS_MAX are kept; count goes on */
    struct data_fault items[DATA_FAULTS_MAX];
};

/* Appends those that were kept as a reply's list of faults. */
void faults_encode(struct buffer *out, const struct data_faults *faults);

/* ---- an aggregate ---- */

/* An instance in its initial state, version 0. NULL when memory is out. */
struct aggregate *aggregate_new(const struct domain_resource *resource);
void aggregate_free(struct aggregate **aggregate);
uint64_t aggregate_version(const struct aggregate *aggregate);
/* Bytes of memory it takes in all. */
size_t aggregate_bytes(const struct aggregate *aggregate);

/* Applies one event: upcasts data from schema to the current version, decodes, applies, counts the version up.
 * error_unknown_event, error_invalid_data, error_no_memory; the state is then unchanged. */
enum error aggregate_apply(
    struct aggregate *aggregate, struct slice event, uint32_t schema, struct slice data, struct domain_fault *fault);

/* Appends the canonical bytes of the state: equal states give equal bytes, whatever the compiler or the way they were
 * reached. On failure out is as it was: error_no_memory, or error_invalid_data when the state has what cannot be
 * written (a number that is not finite, text that is not UTF-8): the domain's fault. */
enum error aggregate_encode(const struct aggregate *aggregate, struct buffer *out);
/* Takes a state that aggregate_encode wrote, at a version. error_invalid_data when it is none of this resource's,
 * error_no_memory; the aggregate is then unchanged. A snapshot is to be used only by a domain whose fingerprint is the
 * one that wrote it. */
enum error aggregate_restore(struct aggregate *aggregate, struct slice state, uint64_t version);

/* Is it of a scope: a msgpack map of names of fields ("branch", "holder.given" in a record) and texts, all of which its
 * state must have? Each text is read as a value of its field, true and numbers as JSON writes them; _id and _realm are
 * the stream's. What has no events is of none. error_invalid_data when a name is none or a text cannot be a value of
 * its field, whatever the state: faults has paths like /scope/branch; error_no_memory. */
enum error aggregate_in_scope(const struct aggregate *aggregate,
                              const struct stream *stream,
                              struct slice scope,
                              bool *out,
                              struct data_faults *faults);

/* ---- a decision ---- */

enum decision_outcome {
    DECISION_ACCEPTED = 1, /* events are in the list; none means no change */
    DECISION_REJECTED,     /* a business rule said no: code and message */
    DECISION_INVALID,      /* the data does not fit: faults; decide was not called */
    DECISION_TOO_LARGE,    /* the events or the state would pass a limit */
    DECISION_BROKEN,       /* the domain's fault: it emitted a bad event; message says which */
};

struct decided_event {
    const char *name;
    uint32_t schema;
    struct slice data;
};

/* Reused from one decision to the next; zero it first, fini at the end. All views are valid until the next decide. */
struct decision_result {
    enum decision_outcome outcome;
    uint32_t count;
    struct decided_event *events;
    char code[64], message[512];
    struct data_faults faults;
    void *memory; /* the host's */
};
void decision_fini(struct decision_result *result);

struct decision_input {
    const struct domain_command *command;
    struct slice data; /* one msgpack map that passed msgpack_check */
    int64_t now_us;    /* the command's time */
    const uint8_t *id; /* the command's 16 bytes, also the source of ids and randomness */
    struct slice user, realm, identifier;
};

/* Decodes and validates the data, calls the domain's decide, encodes and checks the events. The aggregate does not
 * change: apply the events to it when they are accepted. */
void aggregate_decide(const struct aggregate *aggregate,
                      const struct decision_input *input,
                      struct decision_result *result);

/* ---- hand-written projections: tables whose rows events change ---- */

struct domain_projection;

/* In the order of their names. */
uint32_t domain_projection_count(const struct domain *domain);
const struct domain_projection *domain_projection_at(const struct domain *domain, uint32_t index);
/* By wire name; NULL when there is none. No projection has the name of a resource. */
const struct domain_projection *domain_projection(const struct domain *domain, struct slice name);

struct slice projection_name(const struct domain_projection *projection);
/* Rows are shared by aggregates of any partition, and its handlers commute across aggregates: each aggregate's events
 * in their order, aggregates in any. Else a row belongs to one aggregate of one resource, and only its events touch it.
 */
bool projection_is_global(const struct domain_projection *projection);
/* Of its description: differs when name, version, row schema, keys or events do. Rows of another one are of no use. */
uint64_t projection_fingerprint(const struct domain_projection *projection);
/* Its entry under "projections" in the domain's description: a raw msgpack map (see docs/DOMAINS.md). */
struct slice projection_description(const struct domain_projection *projection);

struct projected_event {
    struct slice realm, resource, identifier; /* its stream; the namespace is the domain's */
    struct slice event;
    uint32_t schema;
    struct slice data;
    uint64_t version; /* of the aggregate, this event counted */
    int64_t time_us;
    struct slice user;
};

/* Where rows are: all of the event's realm, each with what earlier events changed, written or not. */
struct row_source {
    void *context;
    /* The canonical msgpack map of a row; data NULL when there is none. It is used until projection_apply returns. A
     * failure ends projection_apply with the same error. */
    enum error (*find)(void *context, struct slice key, struct slice *data);
};

#define PROJECTION_KEY_MAX 512 /* bytes of a row's key */

struct row_change {
    struct slice key;  /* the row's _id: UTF-8 without NUL, at most PROJECTION_KEY_MAX bytes */
    struct slice data; /* what the row is now: a canonical msgpack map; data NULL: there is none any more */
};

/* Reused from one event to the next; zero it first, fini at the end. All views are valid until the next apply. */
struct projection_result {
    uint32_t count;
    struct row_change *changes; /* each key once; rows that were read and come out as they were are left out */
    void *memory;               /* the host's */
};
void projection_fini(struct projection_result *result);

/* Runs the projection's handler of an event, if it has one. Changes nothing but result. error_unknown_event when the
 * domain does not know an event, or a resource, that it may be about; error_invalid_data when the event cannot be read,
 * the handler breaks a rule, or a row passes the domain's state_bytes; error_no_memory; what source->find gave. On
 * failure result has no changes and fault->text says why. */
enum error projection_apply(const struct domain_projection *projection,
                            const struct projected_event *event,
                            const struct row_source *source,
                            struct projection_result *result,
                            struct domain_fault *fault);

#endif
