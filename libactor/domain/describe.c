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

static void write_domain(struct buffer *out, const struct domain *domain, const char *fingerprint)
{
    buffer_clear(out);
    write_map(out, 4);
    write_pair(out, "namespace", domain->namespace);
    write_pair(out, "doc", domain->module->options->doc);
    write_pair(out, "fingerprint", fingerprint);
    write_string(out, "resources");
    write_array(out, domain->resource_count);
    for (uint32_t i = 0; i < domain->resource_count; i++)
        write_resource(out, &domain->resources[i]);
}

enum error domain_describe(struct domain *domain)
{
    struct buffer *out = &domain->description;
    char hex[17];
    write_domain(out, domain, "");
    domain->fingerprint = XXH3_64bits(out->data, out->size);
    for (int i = 0; i < 16; i++)
        hex[i] = "0123456789abcdef"[domain->fingerprint >> (60 - 4 * i) & 15];
    hex[16] = '\0';
    write_domain(out, domain, hex);
    return out->failed ? error_no_memory : 0;
}
