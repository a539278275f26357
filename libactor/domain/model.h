/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A loaded domain as the host holds it: names resolved, layouts made, and the scratch memory that its aggregates share
 * (a domain runs on one thread). Private to libactor/domain. */
#ifndef LIBACTOR_DOMAIN_MODEL_H
#define LIBACTOR_DOMAIN_MODEL_H

#include "fluvius/host.h"
#include "libactor/domain/codec.h"
#include "libactor/domain/layout.h"

/* What one domain's tables, or one decision's scratch, may take. */
enum { DOMAIN_MEMORY_MAX = 64 << 20, SCRATCH_MEMORY_MAX = 16 << 20 };

struct domain_command {
    struct slice name;
    const fluvius_entry *entry;
    const struct layout *layout;
    const struct domain_resource *resource;
    const fluvius_command_options *options;
};

/* From version i + 1, in an event's list of them, to the next. */
struct domain_upcast {
    const fluvius_entry *entry;
    const struct layout *from, *to;
};

struct domain_event {
    struct slice name; /* terminated */
    uint32_t version;
    const fluvius_entry *entry;
    const struct layout *layout;
    const struct domain_resource *resource;
    const fluvius_event_options *options;
    struct domain_upcast *upcasts; /* version - 1 of them */
};

struct domain_resource {
    struct slice name;
    struct domain *domain;
    const fluvius_entry *entry;
    const struct layout *state;
    const fluvius_aggregate_options *options;
    struct domain_command *commands;
    struct domain_event *events;
    uint32_t command_count, event_count;
};

/* What one event changes in a projection. */
struct domain_project {
    const struct domain_event *event;
    const fluvius_entry *entry;
};

struct domain_projection {
    struct slice name; /* terminated */
    struct domain *domain;
    const fluvius_entry *entry;
    const fluvius_projection_options *options;
    const struct layout *row;
    const struct domain_resource *resource; /* keyed by its aggregates; NULL: global */
    struct domain_project *projects;        /* by resource, then as declared */
    uint32_t project_count;
    uint64_t fingerprint;
    struct slice description; /* within the domain's */
};

struct domain {
    const fluvius_module *module;
    const char *namespace;
    struct domain_limits limits;
    struct domain_resource *resources;
    uint32_t resource_count;
    struct domain_projection *projections;
    uint32_t projection_count;
    uint64_t fingerprint;
    struct buffer description;
    struct arena arena;   /* owns the tables */
    struct arena scratch; /* reset by whoever starts to use it; nothing in it outlives a call from outside */
    struct buffer bytes;  /* likewise */
    struct data_faults faults;
};

/* A codec whose faults are the domain's, none yet. */
static inline struct codec codec_of(struct domain *domain, enum codec_mode mode, struct arena *arena)
{
    domain->faults.count = 0;
    return (struct codec){.mode = mode, .arena = arena, .faults = &domain->faults};
}

/* Writes domain->description and its fingerprint. */
enum error domain_describe(struct domain *domain);

/* Room in the domain's scratch for count values, zeroed; NULL when memory is out. */
#define SCRATCH_OF(DOMAIN, T) ((T *)arena_take_zeroed(&(DOMAIN)->scratch, sizeof(T)))

#endif
