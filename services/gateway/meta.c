/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Metadata: see meta.h. What a description lacks is left out. */
#include "services/gateway/meta.h"

#include <inttypes.h>

#include "proto/json.h"
#include "services/gateway/description.h"
#include "services/gateway/url.h"

/* The next command of that name from where the walk over resources stands. */
static bool next_command(struct walk *resources, struct slice name, struct slice *resource, struct slice *command)
{
    while (walk_next(resources, resource)) {
        struct walk commands = walk_of(map_field(*resource, "commands"));
        while (walk_next(&commands, command)) {
            if (slice_equal(map_text(*command, "name"), name))
                return true;
        }
    }
    return false;
}

/* ---- writing members ---- */

static void member_text(struct buffer *out, const char *lead, struct slice text)
{
    buffer_append_text(out, lead);
    json_quote(out, text);
}

static void member_schema(struct buffer *out, struct slice raw)
{
    if (raw.size == 0)
        return;
    size_t size = out->size;
    buffer_append_text(out, ",\"schema\":");
    if (msgpack_to_json(raw, out) != 0)
        out->size = size;
}

/* A fingerprint is 64 bits: more than a JSON number is good for everywhere. */
static void member_fingerprint(struct buffer *out, struct slice raw)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value value;
    if (raw.size == 0 || reader_next(&reader, &value) != 0)
        return;
    if (value.kind == MSGPACK_KIND_TEXT)
        member_text(out, ",\"fingerprint\":", value.bytes);
    else if (value.kind == MSGPACK_KIND_INTEGER || value.kind == MSGPACK_KIND_BIG)
        buffer_printf(out, ",\"fingerprint\":\"%016" PRIx64 "\"", value.big);
}

struct place {
    struct slice namespace, command, resource;
};

/* Names are encoded as in a URL, so that they need no quoting in JSON; {identifier} is for the reader to fill in. */
static void command_url(struct buffer *out, const struct place *place, const char *identifier)
{
    buffer_append_text(out, "\"/");
    percent_encode(out, place->namespace);
    buffer_append_text(out, ":");
    percent_encode(out, place->command);
    buffer_append_text(out, "/");
    percent_encode(out, place->resource);
    buffer_printf(out, "/%s\"", identifier);
}

static void member_urls(struct buffer *out, const struct place *place, bool creates)
{
    buffer_append_text(out, ",\"urls\":[");
    if (creates) {
        command_url(out, place, ":new");
        buffer_append_text(out, ",");
    }
    command_url(out, place, "{identifier}");
    buffer_append_text(out, "]");
}

static void command_members(struct buffer *out, const struct place *place, struct slice command)
{
    bool creates = map_true(command, "creates");
    member_text(out, "\"name\":", place->command);
    member_text(out, ",\"namespace\":", place->namespace);
    member_text(out, ",\"resource\":", place->resource);
    member_text(out, ",\"description\":", map_text(command, "doc"));
    buffer_printf(out, ",\"generates_identifier\":%s", creates ? "true" : "false");
    member_urls(out, place, creates);
}

static void meta_url(struct buffer *out, const char *lead, const struct place *place)
{
    buffer_append_text(out, lead);
    buffer_append_text(out, "\"/_meta/");
    percent_encode(out, place->namespace);
    if (place->command.size > 0) {
        buffer_append_text(out, ":");
        percent_encode(out, place->command);
    }
    buffer_append_text(out, "/\"");
}

/* ---- the three pages ---- */

void meta_index(struct answer *answer, struct slice descriptions)
{
    answer_begin(answer, 200, MEDIA_JSON);
    struct buffer *out = &answer->body;
    struct walk walk = walk_of(descriptions);
    struct slice description;
    const char *lead = "{\"name\":";
    buffer_append_text(out, "{\"namespaces\":[");
    while (walk_next(&walk, &description)) {
        struct place place = {.namespace = map_text(description, "namespace")};
        member_text(out, lead, place.namespace);
        member_text(out, ",\"description\":", map_text(description, "doc"));
        member_fingerprint(out, map_field(description, "fingerprint"));
        meta_url(out, ",\"url\":", &place);
        buffer_append_text(out, "}");
        lead = ",{\"name\":";
    }
    buffer_append_text(out, "]}");
}

static void commands_render(struct buffer *out, struct slice namespace, struct slice resources)
{
    struct walk walk = walk_of(resources);
    struct slice resource, command;
    bool first = true;
    while (walk_next(&walk, &resource)) {
        struct walk commands = walk_of(map_field(resource, "commands"));
        while (walk_next(&commands, &command)) {
            struct place place = {namespace, map_text(command, "name"), map_text(resource, "name")};
            buffer_append_text(out, first ? "{" : ",{");
            command_members(out, &place, command);
            meta_url(out, ",\"meta\":", &place);
            buffer_append_text(out, "}");
            first = false;
        }
    }
}

static void events_render(struct buffer *out, struct slice events)
{
    struct walk walk = walk_of(events);
    struct slice event;
    const char *lead = "{\"name\":";
    while (walk_next(&walk, &event)) {
        struct slice version = map_field(event, "version");
        member_text(out, lead, map_text(event, "name"));
        member_text(out, ",\"description\":", map_text(event, "doc"));
        if (version.size > 0) {
            buffer_append_text(out, ",\"version\":");
            if (msgpack_to_json(version, out) != 0)
                buffer_append_text(out, "null");
        }
        member_schema(out, map_field(event, "schema"));
        buffer_append_text(out, "}");
        lead = ",{\"name\":";
    }
}

static void resource_url(struct buffer *out, struct slice namespace, struct slice resource)
{
    buffer_append_text(out, ",\"url\":\"/");
    percent_encode(out, namespace);
    buffer_append_text(out, ".");
    percent_encode(out, resource);
    buffer_append_text(out, "/{identifier}\"");
}

static void resources_render(struct buffer *out, struct slice namespace, struct slice resources)
{
    struct walk walk = walk_of(resources);
    struct slice resource;
    const char *lead = "{\"name\":";
    while (walk_next(&walk, &resource)) {
        member_text(out, lead, map_text(resource, "name"));
        member_text(out, ",\"description\":", map_text(resource, "doc"));
        resource_url(out, namespace, map_text(resource, "name"));
        member_schema(out, map_field(resource, "schema"));
        buffer_append_text(out, ",\"events\":[");
        events_render(out, map_field(resource, "events"));
        buffer_append_text(out, "]}");
        lead = ",{\"name\":";
    }
}

/* Tables that only queries know: one row, and behind the name alone all of them. */
static void projections_render(struct buffer *out, struct slice namespace, struct slice projections)
{
    struct walk walk = walk_of(projections);
    struct slice projection;
    const char *lead = "{\"name\":";
    while (walk_next(&walk, &projection)) {
        member_text(out, lead, map_text(projection, "name"));
        member_text(out, ",\"description\":", map_text(projection, "doc"));
        resource_url(out, namespace, map_text(projection, "name"));
        member_schema(out, map_field(projection, "schema"));
        buffer_append_text(out, "}");
        lead = ",{\"name\":";
    }
}

bool meta_namespace(struct answer *answer, struct slice descriptions, struct slice namespace)
{
    struct slice description;
    if (!description_find(descriptions, namespace, &description))
        return false;
    answer_begin(answer, 200, MEDIA_JSON);
    struct buffer *out = &answer->body;
    struct slice resources = map_field(description, "resources");
    member_text(out, "{\"name\":", namespace);
    member_text(out, ",\"description\":", map_text(description, "doc"));
    member_fingerprint(out, map_field(description, "fingerprint"));
    buffer_append_text(out, ",\"commands\":[");
    commands_render(out, namespace, resources);
    buffer_append_text(out, "],\"resources\":[");
    resources_render(out, namespace, resources);
    buffer_append_text(out, "],\"projections\":[");
    projections_render(out, namespace, map_field(description, "projections"));
    buffer_append_text(out, "]}");
    return true;
}

bool meta_command(struct answer *answer, struct slice descriptions, struct slice namespace, struct slice command)
{
    struct slice description, resource, found;
    if (!description_find(descriptions, namespace, &description))
        return false;
    struct walk resources = walk_of(map_field(description, "resources"));
    if (!next_command(&resources, command, &resource, &found))
        return false;
    answer_begin(answer, 200, MEDIA_JSON);
    struct buffer *out = &answer->body;
    buffer_append_text(out, "{");
    const char *lead = ",\"alternatives\":[{";
    for (bool alone = true;; alone = false) {
        struct place place = {namespace, command, map_text(resource, "name")};
        command_members(out, &place, found);
        member_schema(out, map_field(found, "schema"));
        if (!next_command(&resources, command, &resource, &found)) {
            buffer_append_text(out, alone ? "}" : "}]}");
            return true;
        }
        buffer_append_text(out, alone ? lead : "},{");
    }
}

bool meta_has_namespace(struct slice descriptions, struct slice namespace)
{
    struct slice description;
    return description_find(descriptions, namespace, &description);
}
