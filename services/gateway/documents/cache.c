/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Documents as answers: see cache.h. */
#include "services/gateway/documents/cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

#include "services/gateway/documents/resources.h"

/* Nothing from elsewhere, nothing inline, in nobody's frame; requests go to where the page comes from. */
#define PAGE_POLICY                                                                                                    \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "    \
    "form-action 'none'; frame-ancestors 'none'"

/* Sends the text, or 304 to who has it. It may be kept, but not used without asking whether it is still the same. */
static void tagged_answer(struct answer *answer, const struct head *head, enum media media, struct slice text)
{
    char tag[24];
    snprintf(tag, sizeof tag, "\"%016" PRIx64 "\"", (uint64_t)XXH3_64bits(text.data, text.size));
    bool same = head_has_tag(head, slice_text(tag));
    answer_begin(answer, same ? 304 : 200, same ? MEDIA_NONE : media);
    if (!same)
        buffer_append(&answer->body, text.data, text.size);
    answer_field_text(answer, "ETag", tag);
    answer_field_text(answer, "Cache-Control", "no-cache");
}

void document_cache_fini(struct document_cache *cache)
{
    buffer_fini(&cache->openapi.text);
    buffer_fini(&cache->asyncapi.text);
}

static bool cached_make(struct cached_document *cached,
                        bool (*write)(struct buffer *out, const struct document_facts *facts),
                        const struct document_facts *facts,
                        uint64_t revision)
{
    char version[24];
    struct document_facts versioned = *facts;
    if (cached->revision == revision)
        return true;
    snprintf(version,
             sizeof version,
             "%016" PRIx64,
             (uint64_t)XXH3_64bits(facts->descriptions.data, facts->descriptions.size));
    versioned.version = slice_text(version);
    cached->revision = 0;
    if (!write(&cached->text, &versioned)) {
        buffer_fini(&cached->text);
        return false;
    }
    cached->revision = revision;
    return true;
}

void document_answer(struct document_cache *cache,
                     enum url_kind kind,
                     const struct document_facts *facts,
                     uint64_t revision,
                     const struct head *head,
                     struct answer *answer)
{
    bool http = kind == URL_OPENAPI;
    struct cached_document *cached = http ? &cache->openapi : &cache->asyncapi;
    if (cached_make(cached, http ? openapi_write : asyncapi_write, facts, revision))
        tagged_answer(answer, head, MEDIA_JSON, buffer_slice(&cached->text));
    else
        problem_answer_status(answer, status_error, "reply_too_large", "the document would be too large");
}

void page_answer(enum url_kind kind, const struct head *head, struct answer *answer)
{
    if (kind == URL_DOCS_SCRIPT) {
        tagged_answer(answer, head, MEDIA_SCRIPT, resource_script());
    } else if (kind == URL_DOCS_STYLE) {
        tagged_answer(answer, head, MEDIA_STYLE, resource_style());
    } else {
        tagged_answer(answer, head, MEDIA_PAGE, resource_page());
        answer_field_text(answer, "Content-Security-Policy", PAGE_POLICY);
        answer_field_text(answer, "Referrer-Policy", "no-referrer");
    }
}
