/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Answers: see answer.h. */
#include "services/gateway/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

void answer_begin(struct answer *answer, int status, enum media media)
{
    answer->status = status;
    answer->media = media;
    buffer_clear(&answer->body);
    buffer_clear(&answer->fields);
}

void answer_fini(struct answer *answer)
{
    buffer_fini(&answer->body);
    buffer_fini(&answer->fields);
}

static bool field_value_valid(struct slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] == 0x7f)
            return false;
    }
    return true;
}

void answer_field(struct answer *answer, const char *name, struct slice value)
{
    if (!field_value_valid(value) || !buffer_reserve(&answer->fields, strlen(name) + value.size + 2))
        return;
    buffer_append(&answer->fields, name, strlen(name) + 1);
    buffer_append(&answer->fields, value.data, value.size);
    buffer_append(&answer->fields, "", 1);
}

void answer_field_text(struct answer *answer, const char *name, const char *value)
{
    answer_field(answer, name, slice_text(value));
}

void answer_field_version(struct answer *answer, uint64_t version)
{
    char tag[32];
    snprintf(tag, sizeof tag, "\"%" PRIu64 "\"", version);
    answer_field_text(answer, "ETag", tag);
}

void answer_field_retry(struct answer *answer, uint32_t retry_ms)
{
    char seconds[16];
    uint32_t whole = retry_ms / 1000 + (retry_ms % 1000 != 0);
    snprintf(seconds, sizeof seconds, "%" PRIu32, whole == 0 ? 1 : whole);
    answer_field_text(answer, "Retry-After", seconds);
}

bool answer_next_field(const struct answer *answer, size_t *at, const char **name, const char **value)
{
    if (*at >= answer->fields.size)
        return false;
    *name = (const char *)answer->fields.data + *at;
    *value = *name + strlen(*name) + 1;
    *at = (size_t)((const uint8_t *)*value - answer->fields.data) + strlen(*value) + 1;
    return true;
}

const char *answer_find_field(const struct answer *answer, const char *name)
{
    const char *found, *value;
    for (size_t at = 0; answer_next_field(answer, &at, &found, &value);) {
        if (strcasecmp(found, name) == 0)
            return value;
    }
    return NULL;
}

const char *media_name(enum media media)
{
    switch (media) {
    case MEDIA_JSON:
        return "application/json";
    case MEDIA_PROBLEM:
        return "application/problem+json";
    case MEDIA_METRICS:
        return "text/plain; version=0.0.4; charset=utf-8";
    case MEDIA_PAGE:
        return "text/html; charset=utf-8";
    case MEDIA_SCRIPT:
        return "text/javascript; charset=utf-8";
    case MEDIA_STYLE:
        return "text/css; charset=utf-8";
    case MEDIA_STREAM:
        return "text/event-stream";
    case MEDIA_NONE:
        break;
    }
    return NULL;
}
