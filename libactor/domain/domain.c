/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Making a domain of a module: ABI and descriptors are checked, names are resolved, tables are built. */
#include "libactor/domain/maker.h"
#include "libactor/domain/print.h"
#include "proto/utf8.h"
#include <stdlib.h>

/* ---- the module ---- */

static enum error module_check(struct maker *maker, const fluvius_module *module)
{
    static const fluvius_entry *const nothing = NULL;
    if (module == NULL)
        return REFUSE(maker, nothing, "there is no module");
    if (module->abi != FLUVIUS_ABI)
        return REFUSE(maker, nothing, "built for ABI %u, this host has %u: build it again", module->abi, FLUVIUS_ABI);
    if (module->size != sizeof(fluvius_module) || module->field_size != sizeof(fluvius_field) ||
        module->type_size != sizeof(fluvius_type) || module->entry_size != sizeof(fluvius_entry) ||
        module->services_size != sizeof(fluvius_services))
        return REFUSE(maker, nothing, "built against other headers of ABI %u: build it again", FLUVIUS_ABI);
    if (module->name == NULL || module->options == NULL || module->entries == NULL || module->end <= module->entries)
        return REFUSE(maker, nothing, "it declares nothing");
    return 0;
}

static enum error entry_check(struct maker *maker, const fluvius_entry *entry)
{
    if (entry->size != sizeof(fluvius_entry) || entry->role < FLUVIUS_AGGREGATE || entry->role > FLUVIUS_PROJECT)
        return REFUSE(maker, entry, "a declaration of an unknown kind");
    bool whole = entry->name != NULL && entry->options != NULL;
    switch (entry->role) {
    case FLUVIUS_AGGREGATE:
        whole = whole && entry->state != NULL && entry->state->size >= sizeof(void *);
        break;
    case FLUVIUS_COMMAND:
        whole = whole && entry->state != NULL && entry->record != NULL && entry->decide != NULL;
        break;
    case FLUVIUS_EVENT:
        whole = whole && entry->state != NULL && entry->record != NULL && entry->apply != NULL;
        break;
    case FLUVIUS_PROJECTION:
        whole = whole && entry->state != NULL && entry->state->size >= sizeof(void *);
        break;
    case FLUVIUS_PROJECT:
        whole = whole && entry->state != NULL && entry->event != NULL && entry->apply != NULL;
        break;
    default:
        whole = whole && entry->event != NULL && entry->from != NULL && entry->record != NULL && entry->upcast != NULL;
    }
    return whole ? 0 : REFUSE(maker, entry, "a declaration that makes no sense");
}

static enum error entries_check(struct maker *maker, const fluvius_module *module)
{
    for (const fluvius_entry *const *at = module->entries; at < module->end; at++) {
        owner_set(maker, *at);
        enum error error = entry_check(maker, *at);
        if (error != 0)
            return error;
    }
    return 0;
}

/* The order in the module's section depends on compiler and optimization; this one on names and lines alone: what is
 * described, and its fingerprint, is then always the same. Aggregates and projections by name, what belongs to them as
 * declared. */
static bool entry_before(const fluvius_entry *a, const fluvius_entry *b)
{
    if (a->role != b->role)
        return a->role < b->role;
    if (a->role != FLUVIUS_AGGREGATE && a->role != FLUVIUS_PROJECTION && a->line != b->line)
        return a->line < b->line;
    return strcmp(a->name, b->name) < 0;
}

static enum error entries_sort(struct maker *maker, const fluvius_module *module)
{
    size_t count = (size_t)(module->end - module->entries);
    const fluvius_entry **sorted = arena_take(&maker->domain->arena, count * sizeof *sorted);
    if (sorted == NULL)
        return error_no_memory;
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && entry_before(module->entries[i], sorted[at - 1]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = module->entries[i];
    }
    maker->entries = sorted;
    maker->end = sorted + count;
    return 0;
}

/* ---- names ---- */

enum error name_set(struct maker *maker, const fluvius_entry *entry, struct slice *out)
{
    const fluvius_options *options = entry->options;
    const char *name = options->name != NULL ? options->name : entry->name;
    *out = slice_text(name);
    if (!name_valid(*out))
        return REFUSE(maker,
                      entry,
                      "the name %s must be 1 to %d letters, digits, '_' and '-', a letter first",
                      name,
                      NAME_BYTES_MAX);
    if (options->doc != NULL && utf8_valid_size(slice_text(options->doc)) != strlen(options->doc))
        return REFUSE(maker, entry, "its doc is not UTF-8");
    return 0;
}

enum error name_taken(struct maker *maker, const fluvius_entry *entry, const char *what, struct slice name)
{
    return REFUSE(maker, entry, "there is another %s of the name %.*s", what, (int)name.size, (const char *)name.data);
}

uint32_t entries_of(const struct maker *maker, uint32_t role, const fluvius_type *state)
{
    uint32_t count = 0;
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++)
        count += (*at)->role == role && (state == NULL || (*at)->state == state);
    return count;
}

/* ---- commands ---- */

static enum error command_make(struct maker *maker, struct domain_resource *resource, const fluvius_entry *entry)
{
    struct domain_command *command = &resource->commands[resource->command_count];
    owner_set(maker, entry);
    *command = (struct domain_command){.entry = entry, .resource = resource, .options = entry->options};
    enum error error = name_set(maker, entry, &command->name);
    if (error == 0 && domain_command(resource, command->name) != NULL)
        return name_taken(maker, entry, "command", command->name);
    if (error == 0)
        error = layout_make(&maker->layouts, entry->record, &command->layout);
    if (error == 0)
        resource->command_count++;
    return error;
}

/* ---- events and their versions ---- */

static enum error upcast_add(struct maker *maker, struct domain_event *event, const fluvius_entry *entry)
{
    owner_set(maker, entry);
    if (entry->version < 1 || entry->version >= event->version)
        return REFUSE(
            maker, entry, "an UPCAST from version %u, but the event is of version %u", entry->version, event->version);
    struct domain_upcast *upcast = &event->upcasts[entry->version - 1];
    if (upcast->entry != NULL)
        return REFUSE(maker, entry, "there is another UPCAST from version %u", entry->version);
    upcast->entry = entry;
    enum error error = layout_make(&maker->layouts, entry->from, &upcast->from);
    return error != 0 ? error : layout_make(&maker->layouts, entry->record, &upcast->to);
}

/* Every version leads to the next: none missing, and each makes what the next one reads. */
static enum error upcasts_check(struct maker *maker, const struct domain_event *event)
{
    owner_set(maker, event->entry);
    for (uint32_t version = 1; version < event->version; version++) {
        const struct domain_upcast *upcast = &event->upcasts[version - 1];
        if (upcast->entry == NULL)
            return REFUSE(maker,
                          event->entry,
                          "is of version %u, but there is no UPCAST from version %u",
                          event->version,
                          version);
        bool last = version + 1 == event->version;
        const fluvius_type *next = last                                    ? event->entry->record
                                   : event->upcasts[version].entry == NULL ? NULL
                                                                           : event->upcasts[version].entry->from;
        if (next != NULL && upcast->entry->record != next)
            return REFUSE(maker,
                          upcast->entry,
                          "the UPCAST from version %u makes %s, but version %u is %s",
                          version,
                          upcast->entry->record->name,
                          version + 1,
                          next->name);
    }
    return 0;
}

static enum error upcasts_make(struct maker *maker, struct domain_event *event)
{
    event->upcasts = arena_take_zeroed(&maker->domain->arena, event->version * sizeof *event->upcasts);
    if (event->upcasts == NULL)
        return error_no_memory;
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++) {
        if ((*at)->role != FLUVIUS_UPCAST || (*at)->event != event->entry)
            continue;
        enum error error = upcast_add(maker, event, *at);
        if (error != 0)
            return error;
    }
    return upcasts_check(maker, event);
}

static enum error event_make(struct maker *maker, struct domain_resource *resource, const fluvius_entry *entry)
{
    struct domain_event *event = &resource->events[resource->event_count];
    owner_set(maker, entry);
    *event = (struct domain_event){.entry = entry, .resource = resource, .options = entry->options};
    event->version = event->options->version == 0 ? 1 : event->options->version;
    if (event->version > 1000)
        return REFUSE(maker, entry, ".version is above 1000");
    enum error error = name_set(maker, entry, &event->name);
    if (error == 0 && domain_event(resource, event->name) != NULL)
        return name_taken(maker, entry, "event", event->name);
    if (error == 0)
        error = layout_make(&maker->layouts, entry->record, &event->layout);
    if (error == 0)
        error = upcasts_make(maker, event);
    if (error == 0)
        resource->event_count++;
    return error;
}

/* ---- resources ---- */

static enum error resource_fill(struct maker *maker, struct domain_resource *resource)
{
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++) {
        enum error error = 0;
        if ((*at)->role == FLUVIUS_COMMAND && (*at)->state == resource->entry->state)
            error = command_make(maker, resource, *at);
        if ((*at)->role == FLUVIUS_EVENT && (*at)->state == resource->entry->state)
            error = event_make(maker, resource, *at);
        if (error != 0)
            return error;
    }
    return 0;
}

static bool resource_can_exist(const struct domain_resource *resource)
{
    for (uint32_t i = 0; i < resource->command_count; i++)
        if (resource->commands[i].options->creates)
            return true;
    return false;
}

static enum error resource_tables(struct maker *maker, struct domain_resource *resource)
{
    struct domain *domain = maker->domain;
    uint32_t commands = entries_of(maker, FLUVIUS_COMMAND, resource->entry->state);
    uint32_t events = entries_of(maker, FLUVIUS_EVENT, resource->entry->state);
    resource->commands = arena_take_zeroed(&domain->arena, (commands + 1) * sizeof *resource->commands);
    resource->events = arena_take_zeroed(&domain->arena, (events + 1) * sizeof *resource->events);
    return resource->commands == NULL || resource->events == NULL ? error_no_memory : 0;
}

static enum error resource_make(struct maker *maker, const fluvius_entry *entry)
{
    struct domain *domain = maker->domain;
    struct domain_resource *resource = &domain->resources[domain->resource_count];
    owner_set(maker, entry);
    *resource = (struct domain_resource){.entry = entry, .domain = domain, .options = entry->options};
    enum error error = name_set(maker, entry, &resource->name);
    if (error == 0 && domain_resource(domain, resource->name) != NULL)
        return name_taken(maker, entry, "aggregate", resource->name);
    maker->layouts.state = true;
    if (error == 0)
        error = layout_make(&maker->layouts, entry->state, &resource->state);
    maker->layouts.state = false;
    if (error == 0)
        error = resource_tables(maker, resource);
    if (error == 0)
        error = resource_fill(maker, resource);
    owner_set(maker, entry);
    if (error == 0 && !resource_can_exist(resource))
        return REFUSE(maker, entry, "none of its commands has .creates = true, so that it can never exist");
    if (error == 0)
        domain->resource_count++;
    return error;
}

/* Commands and events of something that is no aggregate would otherwise be left out in silence. */
static enum error strays_check(struct maker *maker)
{
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++) {
        bool found = (*at)->role != FLUVIUS_COMMAND && (*at)->role != FLUVIUS_EVENT;
        for (uint32_t i = 0; i < maker->domain->resource_count; i++)
            found = found || (*at)->state == maker->domain->resources[i].entry->state;
        owner_set(maker, *at);
        if (!found)
            return REFUSE(maker, *at, "belongs to no AGGREGATE of this module");
    }
    return 0;
}

static enum error resources_make(struct maker *maker)
{
    struct domain *domain = maker->domain;
    uint32_t count = entries_of(maker, FLUVIUS_AGGREGATE, NULL);
    domain->resources = arena_take_zeroed(&domain->arena, (count + 1) * sizeof *domain->resources);
    if (domain->resources == NULL)
        return error_no_memory;
    for (const fluvius_entry *const *at = maker->entries; at < maker->end; at++) {
        enum error error = (*at)->role == FLUVIUS_AGGREGATE ? resource_make(maker, *at) : 0;
        if (error != 0)
            return error;
    }
    owner_set(maker, NULL);
    if (count == 0)
        return layout_fault(&maker->layouts, 0, "it declares no AGGREGATE");
    return strays_check(maker);
}

/* ---- the domain ---- */

static enum error namespace_set(struct maker *maker)
{
    const fluvius_module *module = maker->domain->module;
    maker->domain->namespace = module->options->name != NULL ? module->options->name : module->name;
    if (name_valid(slice_text(maker->domain->namespace)))
        return 0;
    return layout_fault(&maker->layouts,
                        0,
                        "the namespace %s must be 1 to %d letters, digits, '_' and '-', a letter first",
                        maker->domain->namespace,
                        NAME_BYTES_MAX);
}

static enum error domain_fill(struct maker *maker, const fluvius_module *module)
{
    enum error error = module_check(maker, module);
    maker->domain->module = module;
    if (error == 0)
        error = entries_check(maker, module);
    if (error == 0)
        error = entries_sort(maker, module);
    owner_set(maker, NULL);
    if (error == 0)
        error = namespace_set(maker);
    if (error == 0)
        error = resources_make(maker);
    if (error == 0)
        error = projections_make(maker);
    if (error == 0)
        error = domain_describe(maker->domain);
    return error;
}

enum error domain_new(struct domain **out, const fluvius_module *module, struct domain_fault *fault)
{
    struct domain *domain = calloc(1, sizeof *domain);
    fault->text[0] = '\0';
    if (domain == NULL) {
        print_into(fault->text, sizeof fault->text, "%s", error_text(error_no_memory));
        return error_no_memory;
    }
    domain->limits = (struct domain_limits){.event_bytes = 256 << 10, .state_bytes = 1000000, .events = 1024};
    arena_init(&domain->arena, DOMAIN_MEMORY_MAX);
    arena_init(&domain->scratch, SCRATCH_MEMORY_MAX);
    struct maker maker = {.domain = domain, .layouts = {.arena = &domain->arena, .fault = fault}};
    maker.layouts.faults = &domain->faults;
    enum error error = domain_fill(&maker, module);
    if (error == error_no_memory)
        print_into(fault->text, sizeof fault->text, "%s", error_text(error));
    if (error != 0)
        domain_free(&domain);
    else
        *out = domain;
    return error;
}

void domain_free(struct domain **domain)
{
    if (*domain == NULL)
        return;
    buffer_fini(&(*domain)->description);
    buffer_fini(&(*domain)->bytes);
    arena_fini(&(*domain)->arena);
    arena_fini(&(*domain)->scratch);
    free(*domain);
    *domain = NULL;
}

void domain_limit(struct domain *domain, const struct domain_limits *limits)
{
    domain->limits = *limits;
}

const char *domain_namespace(const struct domain *domain)
{
    return domain->namespace;
}

uint64_t domain_fingerprint(const struct domain *domain)
{
    return domain->fingerprint;
}

struct slice domain_description(const struct domain *domain)
{
    return buffer_slice(&domain->description);
}

const struct domain_resource *domain_resource(const struct domain *domain, struct slice resource)
{
    for (uint32_t i = 0; i < domain->resource_count; i++)
        if (slice_equal(domain->resources[i].name, resource))
            return &domain->resources[i];
    return NULL;
}

const struct domain_command *domain_command(const struct domain_resource *resource, struct slice command)
{
    for (uint32_t i = 0; i < resource->command_count; i++)
        if (slice_equal(resource->commands[i].name, command))
            return &resource->commands[i];
    return NULL;
}

const struct domain_event *domain_event(const struct domain_resource *resource, struct slice event)
{
    for (uint32_t i = 0; i < resource->event_count; i++)
        if (slice_equal(resource->events[i].name, event))
            return &resource->events[i];
    return NULL;
}

bool domain_reads(const struct domain *domain, struct slice resource, struct slice event, uint32_t schema)
{
    const struct domain_resource *found = domain_resource(domain, resource);
    const struct domain_event *known = found == NULL ? NULL : domain_event(found, event);
    return known != NULL && schema >= 1 && schema <= known->version;
}

bool domain_has_command(const struct domain *domain, struct slice command)
{
    for (uint32_t i = 0; i < domain->resource_count; i++)
        if (domain_command(&domain->resources[i], command) != NULL)
            return true;
    return false;
}

bool domain_command_creates(const struct domain_command *command)
{
    return command->options->creates;
}
