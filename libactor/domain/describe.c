/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain's description: all that gateway, command line and queries know of it. Its fingerprint is the hash of all but
 * the fingerprint itself. */
#include "libactor/domain/model.h"
#include "libactor/domain/schema.h"
#include <xxhash.h>

static void write_pair(struct buffer *out, const char *key, const char *value)
{
    write_string(out, key);
    write_string(out, value == NULL ? "" : value);
}

static void write_command(struct buffer *out, const struct domain_command *command)
{
    write_map(out, 4);
    write_string(out, "name");
    write_text(out, command->name);
    write_pair(out, "doc", command->options->doc);
    write_string(out, "creates");
    write_bool(out, command->options->creates);
    write_string(out, "schema");
    schema_write(out, command->layout, command->options->doc);
}

static void write_event(struct buffer *out, const struct domain_event *event)
{
    write_map(out, 4);
    write_string(out, "name");
    write_text(out, event->name);
    write_pair(out, "doc", event->options->doc);
    write_string(out, "version");
    write_integer(out, event->version);
    write_string(out, "schema");
    schema_write(out, event->layout, event->options->doc);
}

static void write_resource(struct buffer *out, const struct domain_resource *resource)
{
    write_map(out, 6);
    write_string(out, "name");
    write_text(out, resource->name);
    write_pair(out, "doc", resource->options->doc);
    write_string(out, "version");
    write_integer(out, resource->options->version == 0 ? 1 : resource->options->version);
    write_string(out, "schema");
    schema_write(out, resource->state, resource->options->doc);
    write_string(out, "commands");
    write_array(out, resource->command_count);
    for (uint32_t i = 0; i < resource->command_count; i++)
        write_command(out, &resource->commands[i]);
    write_string(out, "events");
    write_array(out, resource->event_count);
    for (uint32_t i = 0; i < resource->event_count; i++)
        write_event(out, &resource->events[i]);
}

/* What a row's _id is made of. */
static const char *key_name(const struct domain_projection *projection)
{
    if (projection->resource == NULL)
        return "own";
    return projection->options->parts ? "part" : "aggregate";
}

static void write_projected_events(struct buffer *out, const struct domain_projection *projection)
{
    write_array(out, projection->project_count);
    for (uint32_t i = 0; i < projection->project_count; i++) {
        const struct domain_event *event = projection->projects[i].event;
        write_map(out, 2);
        write_string(out, "resource");
        write_text(out, event->resource->name);
        write_string(out, "event");
        write_text(out, event->name);
    }
}

static void write_projection(struct buffer *out, const struct domain_projection *projection, const char *fingerprint)
{
    write_map(out, 8);
    write_string(out, "name");
    write_text(out, projection->name);
    write_pair(out, "doc", projection->options->doc);
    write_pair(out, "fingerprint", fingerprint);
    write_string(out, "version");
    write_integer(out, projection->options->version == 0 ? 1 : projection->options->version);
    write_string(out, "global");
    write_bool(out, projection_is_global(projection));
    write_pair(out, "key", key_name(projection));
    write_string(out, "events");
    write_projected_events(out, projection);
    write_string(out, "schema");
    schema_write(out, projection->row, projection->options->doc);
}

static const char *hex_of(uint64_t number, char out[17])
{
    for (int i = 0; i < 16; i++)
        out[i] = "0123456789abcdef"[number >> (60 - 4 * i) & 15];
    out[16] = '\0';
    return out;
}

static void fingerprint_set(struct domain_projection *projection, struct buffer *scratch)
{
    buffer_clear(scratch);
    write_projection(scratch, projection, "");
    projection->fingerprint = XXH3_64bits(scratch->data, scratch->size);
}

static void write_projections(struct buffer *out, struct domain *domain)
{
    char hex[17];
    write_string(out, "projections");
    write_array(out, domain->projection_count);
    for (uint32_t i = 0; i < domain->projection_count; i++) {
        struct domain_projection *projection = &domain->projections[i];
        size_t at = out->size;
        write_projection(out, projection, hex_of(projection->fingerprint, hex));
        projection->description = slice_of(out->data + at, out->size - at); /* the last round's stays where it is */
    }
}

/* The key of projections is there only when there are any. */
static void write_domain(struct buffer *out, struct domain *domain, const char *fingerprint)
{
    buffer_clear(out);
    write_map(out, 4 + (domain->projection_count > 0));
    write_pair(out, "namespace", domain->namespace);
    write_pair(out, "doc", domain->module->options->doc);
    write_pair(out, "fingerprint", fingerprint);
    write_string(out, "resources");
    write_array(out, domain->resource_count);
    for (uint32_t i = 0; i < domain->resource_count; i++)
        write_resource(out, &domain->resources[i]);
    if (domain->projection_count > 0)
        write_projections(out, domain);
}

enum error domain_describe(struct domain *domain)
{
    struct buffer *out = &domain->description;
    char hex[17];
    for (uint32_t i = 0; i < domain->projection_count; i++)
        fingerprint_set(&domain->projections[i], out);
    write_domain(out, domain, "");
    domain->fingerprint = XXH3_64bits(out->data, out->size);
    /* Longer than the first by 16 bytes: with room for them nothing moves while slices of it are taken. */
    if (buffer_reserve(out, 16))
        write_domain(out, domain, hex_of(domain->fingerprint, hex));
    return out->failed ? error_no_memory : 0;
}
