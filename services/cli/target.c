/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See target.h. What the parts may contain is the platform's to say; here they are only told apart. */
#include "services/cli/target.h"

#include <stdio.h>

static bool refuse(const char *command, const char *text, const char *form)
{
    fprintf(stderr, "fluvius %s: \"%s\" is not of the form %s\n", command, text, form);
    return false;
}

/* Cuts text at the first separator into two parts that are not empty. */
static bool cut(struct slice text, char separator, struct slice *before, struct slice *after)
{
    const uint8_t *at = text.size == 0 ? NULL : memchr(text.data, separator, text.size);

    if (at == NULL || at == text.data || at == text.data + text.size - 1) {
        return false;
    }
    *before = slice_of(text.data, (size_t)(at - text.data));
    *after = slice_of(at + 1, text.size - before->size - 1);
    return true;
}

bool target_command(const char *command, const char *text, struct request *out)
{
    return cut(slice_text(text), ':', &out->namespace, &out->command) || refuse(command, text, "NS:COMMAND");
}

bool target_aggregate(const char *command, const char *text, struct request *out)
{
    if (!cut(slice_text(text), '/', &out->resource, &out->identifier)) {
        return refuse(command, text, "RESOURCE/ID or RESOURCE/:new");
    }
    if (slice_is(out->identifier, ":new")) {
        out->identifier = (struct slice){0};
    }
    return true;
}

bool target_stream(const char *command, const char *text, struct request *out)
{
    struct slice name;

    return (cut(slice_text(text), '/', &name, &out->identifier) && cut(name, '.', &out->namespace, &out->resource)) ||
           refuse(command, text, "NS.RESOURCE/ID");
}
