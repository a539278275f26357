/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Query parameters: see query.h. */
#include "services/gateway/query.h"

#include "libactor/domain/scalar.h"
#include "services/gateway/number.h"

/* The limits as constants that a table can be made of. */
enum {
#define LIMIT(NAME, VALUE, DOC) cap_##NAME = VALUE,
#include "proto/messages.def"
};

enum parameter {
    PARAMETER_DRY_RUN,
    PARAMETER_VERSION,
    PARAMETER_AT,
    PARAMETER_AFTER,
    PARAMETER_LIMIT,
    PARAMETER_FROM,
    PARAMETER_TO,
    PARAMETER_CHANGES,
    PARAMETER_COUNT
};

static const struct {
    const char *name;
    enum url_kind kind;
    uint64_t min, max;
    const char *code, *detail;
} parameters[PARAMETER_COUNT] = {
    [PARAMETER_DRY_RUN] = {"dry_run", URL_COMMAND, 0, 1, "bad_dry_run", "dry_run is 1 or 0"},
    [PARAMETER_VERSION] = {"version", URL_STATE, 1, INT64_MAX, "bad_version", "version is an integer from 1"},
    [PARAMETER_AT] = {"at", URL_STATE, 1, INT64_MAX, "bad_at", "at is a time like 2026-01-31T12:00:00Z, from 1970 on"},
    [PARAMETER_AFTER] = {"after", URL_EVENTS, 0, INT64_MAX, "bad_after", "after is an integer from 0"},
    [PARAMETER_LIMIT] = {"limit", URL_EVENTS, 1, cap_page_limit, "bad_limit", "limit is an integer from 1 to 1000"},
    [PARAMETER_FROM] = {"from", URL_CHANGES, 0, INT64_MAX, "bad_from", "from is a version, an integer from 0"},
    [PARAMETER_TO] = {"to", URL_CHANGES, 1, INT64_MAX, "bad_to", "to is a version, an integer from 1"},
    [PARAMETER_CHANGES] = {"limit", URL_CHANGES, 1, cap_page_limit, "bad_limit", "limit is an integer from 1 to 1000"},
};

static bool parameter_find(enum url_kind kind, struct slice name, enum parameter *out)
{
    for (int i = 0; i < PARAMETER_COUNT; i++) {
        if (parameters[i].kind == kind && slice_is(name, parameters[i].name)) {
            *out = (enum parameter)i;
            return true;
        }
    }
    return false;
}

enum { TIME_BYTES_MAX = 64 };

bool query_time(struct slice text, int64_t *out_us)
{
    uint8_t copy[TIME_BYTES_MAX];
    if (text.size > sizeof copy)
        return false;
    for (size_t i = 0; i < text.size; i++)
        copy[i] = text.data[i] == ' ' ? '+' : text.data[i];
    return timestamp_parse(slice_of(copy, text.size), out_us) == SCALAR_OK;
}

/* Microseconds since 1970; false for a time before. */
static bool instant_parse(struct slice text, uint64_t *out)
{
    uint8_t decoded[3 * TIME_BYTES_MAX];
    size_t size = text.size;
    int64_t time_us;
    if (size == 0 || size > sizeof decoded)
        return false;
    memcpy(decoded, text.data, size);
    if (!form_decode(decoded, &size) || !query_time(slice_of(decoded, size), &time_us) || time_us < 0)
        return false;
    *out = (uint64_t)time_us;
    return true;
}

static bool parameter_value(enum parameter parameter, struct slice text, uint64_t *out)
{
    if (parameter == PARAMETER_DRY_RUN && (slice_is(text, "true") || slice_is(text, "false"))) {
        *out = slice_is(text, "true");
        return true;
    }
    uint64_t value = 0;
    if (parameter == PARAMETER_AT ? !instant_parse(text, &value) : !number_parse(text, &value))
        return false;
    if (value < parameters[parameter].min || value > parameters[parameter].max)
        return false;
    *out = value;
    return true;
}

static void query_set(struct url_query *out, enum parameter parameter, uint64_t value)
{
    switch (parameter) {
    case PARAMETER_DRY_RUN:
        out->dry_run = value == 1;
        break;
    case PARAMETER_VERSION:
        out->version = (int64_t)value;
        break;
    case PARAMETER_AT:
        out->at_us = (int64_t)value;
        break;
    case PARAMETER_AFTER:
    case PARAMETER_FROM:
        out->after = value;
        break;
    case PARAMETER_TO:
        out->to = (int64_t)value;
        break;
    case PARAMETER_LIMIT:
    case PARAMETER_CHANGES:
        out->limit = (uint32_t)value;
        break;
    case PARAMETER_COUNT:
        break;
    }
}

bool url_query_of_past(struct slice text)
{
    bool past = false;
    while (text.size > 0) {
        struct slice value = text_cut(&text, '&'), name = text_cut(&value, '=');
        past =
            past || slice_is(name, parameters[PARAMETER_VERSION].name) || slice_is(name, parameters[PARAMETER_AT].name);
    }
    return past;
}

bool url_query_parse(enum url_kind kind, struct slice text, struct url_query *out, struct refusal *refusal)
{
    bool seen[PARAMETER_COUNT] = {false};
    *out = (struct url_query){.version = -1, .to = -1, .limit = limit_page_default};
    while (text.size > 0) {
        struct slice value = text_cut(&text, '&');
        if (value.size == 0)
            continue;
        struct slice name = text_cut(&value, '=');
        enum parameter parameter;
        uint64_t number;
        if (!parameter_find(kind, name, &parameter))
            return refuse(
                refusal, problem_bad_parameter, "unknown_parameter", "a query parameter that is not known here");
        if (seen[parameter])
            return refuse(
                refusal, problem_bad_parameter, "repeated_parameter", "the same query parameter stands twice");
        if (!parameter_value(parameter, value, &number))
            return refuse(refusal, problem_bad_parameter, parameters[parameter].code, parameters[parameter].detail);
        seen[parameter] = true;
        query_set(out, parameter, number);
    }
    return true;
}
