/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Making the projections of a domain: names, rows, and the events that each is about. Running them is in project.c. */
#include "libactor/domain/maker.h"

/* A header that several files include declares a projection once in each of them: the same one. */
static bool is_same_declaration(const fluvius_entry *a, const fluvius_entry *b)
{
    return a->line == b->line && strcmp(a->name, b->name) == 0 && a->file != NULL && b->file != NULL &&
           strcmp(a->file, b->file) == 0 && a->state->size == b->state->size && a->state->count == b->state->count;
}

static bool is_declared_before(const struct maker *maker, const fluvius_entry *const *entry)
{
    for (const fluvius_entry *const *at = maker->entries; at < entry; at++)
        if ((*at)->role == FLUVIUS_PROJECTION && is_same_declaration(*at, *entry))
            return true;
    return false;
}

/* ---- what it is about ---- */

static bool is_of(const struct maker *maker, const fluvius_entry *project, const fluvius_entry *projection)
{
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++)
        if ((*at)->role == FLUVIUS_PROJECTION && (*at)->state == project->state)
            return is_same_declaration(*at, projection);
    return false;
}

static const struct domain_event *event_of(const struct domain *domain, const fluvius_entry *entry)
{
    for (uint32_t i = 0; i < domain->resource_count; i++)
        for (uint32_t j = 0; j < domain->resources[i].event_count; j++)
            if (domain->resources[i].events[j].entry == entry)
                return &domain->resources[i].events[j];
    return NULL;
}

static bool event_before(const struct domain_event *a, const struct domain_event *b)
{
    return a->resource != b->resource ? a->resource < b->resource : a < b;
}

static enum error project_add(struct maker *maker, struct domain_projection *projection, const fluvius_entry *entry)
{
    const struct domain_event *event = event_of(maker->domain, entry->event);
    uint32_t at = projection->project_count;
    owner_set(maker, entry);
    if (event == NULL)
        return REFUSE(maker, entry, "PROJECT of %s, which is no event of this module", entry->event->name);
    for (; at > 0 && event_before(event, projection->projects[at - 1].event); at--)
        projection->projects[at] = projection->projects[at - 1];
    if (at > 0 && projection->projects[at - 1].event == event)
        return REFUSE(maker, entry, "there is another PROJECT of the event %s", entry->event->name);
    projection->projects[at] = (struct domain_project){.event = event, .entry = entry};
    projection->project_count++;
    return 0;
}

/* By default rows are an aggregate's own: so all its events are of one kind of aggregate. */
static enum error resource_set(struct maker *maker, struct domain_projection *projection)
{
    const struct domain_project *projects = projection->projects;
    owner_set(maker, projection->entry);
    if (projection->project_count == 0)
        return REFUSE(maker, projection->entry, "no PROJECT tells of an event that changes its rows");
    if (projection->options->global)
        return 0;
    projection->resource = projects[0].event->resource;
    const struct domain_event *last = projects[projection->project_count - 1].event;
    if (last->resource != projection->resource)
        return REFUSE(maker,
                      projection->entry,
                      "its events are of %.*s and %.*s: rows of several aggregates must be declared .global = true",
                      (int)projection->resource->name.size,
                      (const char *)projection->resource->name.data,
                      (int)last->resource->name.size,
                      (const char *)last->resource->name.data);
    return 0;
}

static enum error projects_make(struct maker *maker, struct domain_projection *projection)
{
    uint32_t count = entries_of(maker, FLUVIUS_PROJECT, NULL);
    projection->projects = arena_take_zeroed(&maker->domain->arena, (count + 1) * sizeof *projection->projects);
    if (projection->projects == NULL)
        return error_no_memory;
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++) {
        if ((*at)->role != FLUVIUS_PROJECT || !is_of(maker, *at, projection->entry))
            continue;
        enum error error = project_add(maker, projection, *at);
        if (error != 0)
            return error;
    }
    return resource_set(maker, projection);
}

/* ---- the projection ---- */

static enum error options_check(struct maker *maker, const fluvius_entry *entry)
{
    const fluvius_projection_options *options = entry->options;
    if (entry->version > sizeof(fluvius_row_services))
        return REFUSE(maker, entry, "built for a later host, which can do more with rows");
    if (options->version > 1000000)
        return REFUSE(maker, entry, ".version is above 1000000");
    if (options->global && options->parts)
        return REFUSE(maker, entry, ".parts and .global: parts are of one aggregate, global rows are of all");
    return 0;
}

static enum error projection_name_set(struct maker *maker, const fluvius_entry *entry, struct slice *out)
{
    const struct domain *domain = maker->domain;
    enum error error = name_set(maker, entry, out);
    if (error == 0 && domain_projection(domain, *out) != NULL)
        return name_taken(maker, entry, "projection", *out);
    if (error == 0 && domain_resource(domain, *out) != NULL)
        return REFUSE(maker, entry, "there is an aggregate of the name %.*s", (int)out->size, (const char *)out->data);
    return error;
}

static enum error projection_make(struct maker *maker, const fluvius_entry *entry)
{
    struct domain *domain = maker->domain;
    struct domain_projection *projection = &domain->projections[domain->projection_count];
    owner_set(maker, entry);
    *projection = (struct domain_projection){.domain = domain, .entry = entry, .options = entry->options};
    enum error error = projection_name_set(maker, entry, &projection->name);
    if (error == 0)
        error = options_check(maker, entry);
    maker->layouts.state = true;
    if (error == 0)
        error = layout_make(&maker->layouts, entry->state, &projection->row);
    maker->layouts.state = false;
    if (error == 0)
        error = projects_make(maker, projection);
    if (error == 0)
        domain->projection_count++;
    return error;
}

/* A handler of something that is no projection would otherwise be left out in silence. */
static enum error strays_check(struct maker *maker)
{
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++) {
        owner_set(maker, *at);
        if ((*at)->role == FLUVIUS_PROJECT && entries_of(maker, FLUVIUS_PROJECTION, (*at)->state) == 0)
            return REFUSE(maker, *at, "belongs to no PROJECTION of this module");
    }
    return 0;
}

enum error projections_make(struct maker *maker)
{
    struct domain *domain = maker->domain;
    uint32_t count = entries_of(maker, FLUVIUS_PROJECTION, NULL);
    domain->projections = arena_take_zeroed(&domain->arena, (count + 1) * sizeof *domain->projections);
    if (domain->projections == NULL)
        return error_no_memory;
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++) {
        if ((*at)->role != FLUVIUS_PROJECTION || is_declared_before(maker, at))
            continue;
        enum error error = projection_make(maker, *at);
        if (error != 0)
            return error;
    }
    return strays_check(maker);
}

/* ---- what hosts ask ---- */

uint32_t domain_projection_count(const struct domain *domain)
{
    return domain->projection_count;
}

const struct domain_projection *domain_projection_at(const struct domain *domain, uint32_t index)
{
    return &domain->projections[index];
}

const struct domain_projection *domain_projection(const struct domain *domain, struct slice name)
{
    for (uint32_t i = 0; i < domain->projection_count; i++)
        if (slice_equal(domain->projections[i].name, name))
            return &domain->projections[i];
    return NULL;
}

struct slice projection_name(const struct domain_projection *projection)
{
    return projection->name;
}

bool projection_is_global(const struct domain_projection *projection)
{
    return projection->resource == NULL;
}

uint64_t projection_fingerprint(const struct domain_projection *projection)
{
    return projection->fingerprint;
}

struct slice projection_description(const struct domain_projection *projection)
{
    return projection->description;
}
