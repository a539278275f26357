/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See scope.h. */
#include "services/gateway/scope.h"

#include "services/gateway/url.h"

static bool refuse_scope(struct refusal *refusal, const char *detail)
{
    return refuse(refusal, problem_bad_parameter, "bad_scope", detail);
}

static bool text_write(struct slice raw, struct buffer *out)
{
    struct buffer text = {0};
    size_t size = raw.size;
    buffer_append(&text, raw.data, raw.size);
    bool good = text.failed || size == 0 || form_decode(text.data, &size);
    write_text(out, slice_of(text.data, size));
    out->failed |= text.failed;
    buffer_fini(&text);
    return good;
}

/* Takes the text up to mark, or all of it, off the front; false when there is no mark. */
static bool cut(struct slice *text, char mark, struct slice *before)
{
    const uint8_t *at = text->size == 0 ? NULL : memchr(text->data, mark, text->size);
    *before = at == NULL ? *text : slice_of(text->data, (size_t)(at - text->data));
    *text = at == NULL ? (struct slice){0} : slice_of(at + 1, text->size - before->size - 1);
    return at != NULL;
}

static bool entry_write(struct slice entry, struct buffer *out)
{
    struct slice key;
    return cut(&entry, '=', &key) && key.size > 0 && text_write(key, out) && text_write(entry, out);
}

static uint32_t entries_of(struct slice segment)
{
    uint32_t count = 1;
    for (size_t i = 0; i < segment.size; i++)
        count += segment.data[i] == ':';
    return count;
}

bool scope_write(struct slice segment, struct buffer *out, struct refusal *refusal)
{
    size_t start = out->size;
    if (segment.size == 0)
        return true;
    write_map(out, entries_of(segment));
    for (bool more = true; more;) {
        struct slice entry;
        more = cut(&segment, ':', &entry);
        if (!entry_write(entry, out))
            return refuse_scope(refusal, "the scope is KEY=VALUE, and more of them with : between");
    }
    return out->failed || msgpack_check(slice_of(out->data + start, out->size - start), NULL) == error_none ||
           refuse_scope(refusal, "a scope is UTF-8 and names each field once");
}
