/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Is an aggregate of a scope? Its state is asked field by field, by the names that the columns of its read model have.
 * What a scope says are texts, as in a URL; each is read as a value of its field. */
#include "libactor/domain/aggregate.h"
#include "proto/json.h"

struct judge {
    const struct aggregate *aggregate;
    const struct stream *stream;
    struct codec codec;
    struct buffer json; /* scratch */
    bool inside;        /* so far */
};

/* A value of any kind that is neither list nor record. */
union scalar {
    bool boolean;
    int64_t integer;
    int32_t days;
    uint32_t chosen;
    double number;
    fluvius_text text;
    fluvius_bytes bytes;
    uint8_t uuid[16];
};

static bool is_list(const struct layout_field *field)
{
    return field->shape == FLUVIUS_LIST || field->shape == FLUVIUS_MAP;
}

/* ---- fields ---- */

/* The value of a field in a record; NULL when it has none. */
static const uint8_t *value_of(const struct layout_field *field, const uint8_t *record)
{
    const uint8_t *at = record + field->offset;
    return field->inner > 0 && !*(const bool *)at ? NULL : at + field->inner;
}

/* A dotted name leads through records. NULL: there is no such field, or it is a record. */
static const struct layout_field *
field_find(const struct layout *layout, const uint8_t *record, struct slice name, const uint8_t **value)
{
    for (;;) {
        const uint8_t *dot = name.size == 0 ? NULL : memchr(name.data, '.', name.size);
        struct slice key = dot == NULL ? name : slice_of(name.data, (size_t)(dot - name.data));
        uint32_t guess = 0;
        const struct layout_field *field = layout_find(layout, key, &guess);
        bool leads_on = field != NULL && field->kind == FLUVIUS_RECORD && !is_list(field);
        if (field == NULL || leads_on == (dot == NULL))
            return NULL;
        record = record == NULL ? NULL : value_of(field, record);
        *value = record;
        if (dot == NULL)
            return field;
        layout = field->record;
        name = slice_of(dot + 1, name.size - key.size - 1);
    }
}

/* ---- values ---- */

/* Numbers and booleans have no form of their own as texts: they are read as JSON. */
static bool wanted_read(struct judge *judge,
                        const struct layout_field *field,
                        struct slice text,
                        const struct path *path,
                        union scalar *out)
{
    bool as_json = field->kind == FLUVIUS_BOOL || field->kind == FLUVIUS_DOUBLE;
    buffer_clear(&judge->json);
    if (!as_json || json_to_msgpack(text, &judge->json, NULL) != error_none) {
        buffer_clear(&judge->json);
        write_text(&judge->json, text);
    }
    if (judge->json.failed)
        judge->codec.no_memory = true;
    return !judge->codec.no_memory && scalar_decode_from(&judge->codec, field, buffer_slice(&judge->json), path, out);
}

static bool text_equal(const fluvius_text *a, const fluvius_text *b)
{
    return a->data != NULL && slice_equal(text_slice(*a), text_slice(*b));
}

/* value is a field's, wanted was read for it. */
static bool value_equal(const struct layout_field *field, const void *value, const union scalar *wanted)
{
    switch (field->kind) {
    case FLUVIUS_BOOL:
        return *(const bool *)value == wanted->boolean;
    case FLUVIUS_DOUBLE:
        return *(const double *)value == wanted->number;
    case FLUVIUS_DATE:
        return *(const int32_t *)value == wanted->days;
    case FLUVIUS_ENUM:
        return memcmp(value, &wanted->chosen, sizeof wanted->chosen) == 0;
    case FLUVIUS_UUID:
        return memcmp(value, wanted->uuid, sizeof wanted->uuid) == 0;
    case FLUVIUS_TEXT:
    case FLUVIUS_BYTES: /* laid out alike */
        return text_equal(value, &wanted->text);
    default: /* int64, decimal in units of its scale, timestamp in microseconds */
        return *(const int64_t *)value == wanted->integer;
    }
}

static void field_judge(struct judge *judge, struct slice name, struct slice text, const struct path *path)
{
    const struct aggregate *aggregate = judge->aggregate;
    const uint8_t *value = NULL;
    const struct layout_field *field = field_find(aggregate->resource->state, aggregate_state(aggregate), name, &value);
    union scalar wanted;
    if (field == NULL)
        fault_add(&judge->codec, path, "unknown_field", "is no field of the state that a scope can name");
    else if (field->shape == FLUVIUS_LIST)
        fault_add(&judge->codec, path, "expected_list", "a list is equal to no text");
    else if (field->shape == FLUVIUS_MAP)
        fault_add(&judge->codec, path, "expected_map", "a map is equal to no text");
    else if (wanted_read(judge, field, text, path, &wanted) && (value == NULL || !value_equal(field, value, &wanted)))
        judge->inside = false;
}

/* ---- the scope ---- */

/* What stands beside the state and is known with it. */
static bool audit_judge(struct judge *judge, struct slice name, struct slice text)
{
    const struct slice *part = slice_is(name, "_id")      ? &judge->stream->identifier
                               : slice_is(name, "_realm") ? &judge->stream->realm
                                                          : NULL;
    if (part != NULL && !slice_equal(*part, text))
        judge->inside = false;
    return part != NULL;
}

static void scope_judge(struct judge *judge, struct slice scope)
{
    struct path top = {.name = slice_text("scope")};
    struct reader reader = reader_of(scope);
    struct slice name;
    uint32_t entries = 0;
    if (reader_map(&reader, &entries) != error_none)
        fault_add(&judge->codec, &top, "expected_map", "must be a map of texts");
    for (; entries > 0 && !judge->codec.no_memory; entries--) {
        struct msgpack_value value;
        struct slice raw;
        if (reader_text(&reader, &name) != error_none || reader_raw(&reader, &raw) != error_none)
            return;
        struct path path = {.up = &top, .name = name};
        struct reader inside = reader_of(raw);
        if (reader_next(&inside, &value) != error_none || value.kind != MSGPACK_KIND_TEXT)
            fault_add(&judge->codec, &path, "expected_text", "must be a text");
        else if (!audit_judge(judge, name, value.bytes))
            field_judge(judge, name, value.bytes, &path);
    }
}

enum error aggregate_in_scope(const struct aggregate *aggregate,
                              const struct stream *stream,
                              struct slice scope,
                              bool *out,
                              struct data_faults *faults)
{
    struct domain *domain = aggregate->resource->domain;
    struct judge judge = {.aggregate = aggregate, .stream = stream, .inside = aggregate->version > 0};
    arena_reset(&domain->scratch);
    judge.codec = codec_of(domain, CODEC_COMMAND, &domain->scratch);
    judge.codec.faults = faults;
    faults->count = 0;
    scope_judge(&judge, scope);
    buffer_fini(&judge.json);
    if (judge.codec.no_memory)
        return error_no_memory;
    if (faults->count > 0)
        return error_invalid_data;
    *out = judge.inside;
    return error_none;
}
