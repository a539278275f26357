/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Metadata: see meta.h. What a description lacks is left out. */
#include "services/gateway/meta.h"

#include <inttypes.h>

#include "proto/json.h"
#include "proto/reader.h"
#include "services/gateway/url.h"

/* ---- walking descriptions ---- */

struct walk {
    struct reader reader;
    uint32_t left;
};

static struct walk walk_of(struct slice array)
{
    struct walk walk = {.reader = reader_of(array)};
    if (array.size == 0 || reader_array(&walk.reader, &walk.left) != 0)
        walk.left = 0;
    return walk;
}

static bool walk_next(struct walk *walk, struct slice *out)
{
    if (walk->left == 0 || reader_raw(&walk->reader, out) != 0)
        return false;
    walk->left--;
    return true;
}

/* The raw value of a key; empty when it is not there. */
static struct slice field(struct slice map, const char *key)
{
    struct slice raw;
    return msgpack_find(map, key, &raw) == 0 ? raw : (struct slice){0};
}

static struct slice field_text(struct slice map, const char *key)
{
    struct slice raw = field(map, key), text;
    struct reader reader = reader_of(raw);
    return raw.size > 0 && reader_text(&reader, &text) == 0 ? text : (struct slice){0};
}

static bool field_true(struct slice map, const char *key)
{
    struct slice raw = field(map, key);
    struct reader reader = reader_of(raw);
    bool value = false;
    return raw.size > 0 && reader_bool(&reader, &value) == 0 && value;
}

static bool find_namespace(struct slice descriptions, struct slice namespace, struct slice *out)
{
    struct walk walk = walk_of(descriptions);
    struct slice description;
    while (walk_next(&walk, &description)) {
        if (slice_equal(field_text(description, "namespace"), namespace)) {
            *out = description;
            return true;
        }
    }
    return false;
}

/* The next command of that name from where the walk over resources stands. */
static bool next_command(struct walk *resources, struct slice name, struct slice *resource, struct slice *command)
{
    while (walk_next(resources, resource)) {
        struct walk commands = walk_of(field(*resource, "commands"));
        while (walk_next(&commands, command)) {
            if (slice_equal(field_text(*command, "name"), name))
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
    bool creates = field_true(command, "creates");
    member_text(out, "\"name\":", place->command);
    member_text(out, ",\"namespace\":", place->namespace);
    member_text(out, ",\"resource\":", place->resource);
    member_text(out, ",\"description\":", field_text(command, "doc"));
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
        struct place place = {.namespace = field_text(description, "namespace")};
        member_text(out, lead, place.namespace);
        member_text(out, ",\"description\":", field_text(description, "doc"));
        member_fingerprint(out, field(description, "fingerprint"));
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
        struct walk commands = walk_of(field(resource, "commands"));
        while (walk_next(&commands, &command)) {
            struct place place = {namespace, field_text(command, "name"), field_text(resource, "name")};
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
        struct slice version = field(event, "version");
        member_text(out, lead, field_text(event, "name"));
        member_text(out, ",\"description\":", field_text(event, "doc"));
        if (version.size > 0) {
            buffer_append_text(out, ",\"version\":");
            if (msgpack_to_json(version, out) != 0)
                buffer_append_text(out, "null");
        }
        member_schema(out, field(event, "schema"));
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
        member_text(out, lead, field_text(resource, "name"));
        member_text(out, ",\"description\":", field_text(resource, "doc"));
        resource_url(out, namespace, field_text(resource, "name"));
        member_schema(out, field(resource, "schema"));
        buffer_append_text(out, ",\"events\":[");
        events_render(out, field(resource, "events"));
        buffer_append_text(out, "]}");
        lead = ",{\"name\":";
    }
}

bool meta_namespace(struct answer *answer, struct slice descriptions, struct slice namespace)
{
    struct slice description;
    if (!find_namespace(descriptions, namespace, &description))
        return false;
    answer_begin(answer, 200, MEDIA_JSON);
    struct buffer *out = &answer->body;
    struct slice resources = field(description, "resources");
    member_text(out, "{\"name\":", namespace);
    member_text(out, ",\"description\":", field_text(description, "doc"));
    member_fingerprint(out, field(description, "fingerprint"));
    buffer_append_text(out, ",\"commands\":[");
    commands_render(out, namespace, resources);
    buffer_append_text(out, "],\"resources\":[");
    resources_render(out, namespace, resources);
    buffer_append_text(out, "]}");
    return true;
}

bool meta_command(struct answer *answer, struct slice descriptions, struct slice namespace, struct slice command)
{
    struct slice description, resource, found;
    if (!find_namespace(descriptions, namespace, &description))
        return false;
    struct walk resources = walk_of(field(description, "resources"));
    if (!next_command(&resources, command, &resource, &found))
        return false;
    answer_begin(answer, 200, MEDIA_JSON);
    struct buffer *out = &answer->body;
    buffer_append_text(out, "{");
    const char *lead = ",\"alternatives\":[{";
    for (bool alone = true;; alone = false) {
        struct place place = {namespace, command, field_text(resource, "name")};
        command_members(out, &place, found);
        member_schema(out, field(found, "schema"));
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
    return find_namespace(descriptions, namespace, &description);
}
