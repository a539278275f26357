/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Answers that are documents: made once for each revision of the descriptions, with a tag of their bytes, so that who
 * has them already gets 304. Pure. */
#ifndef GATEWAY_DOCUMENTS_CACHE_H
#define GATEWAY_DOCUMENTS_CACHE_H

#include "services/gateway/documents/document.h"
#include "services/gateway/head.h"
#include "services/gateway/url.h"

/* Zeroed memory is an empty cache. */
struct document_cache {
    struct cached_document {
        struct buffer text;
        uint64_t revision; /* that it was made of; 0: none */
    } openapi, asyncapi;
};

void document_cache_fini(struct document_cache *cache);

/* Answers URL_OPENAPI or URL_ASYNCAPI; revision counts the descriptions in facts, from 1. */
void document_answer(struct document_cache *cache,
                     enum url_kind kind,
                     const struct document_facts *facts,
                     uint64_t revision,
                     const struct head *head,
                     struct answer *answer);

/* Answers URL_DOCS, URL_DOCS_SCRIPT and URL_DOCS_STYLE. */
void page_answer(enum url_kind kind, const struct head *head, struct answer *answer);

#endif
