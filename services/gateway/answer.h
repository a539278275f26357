/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP answer before it is sent: status, media type, header fields and body. It knows nothing of the HTTP library,
 * so that everything which decides what to answer can be tested without one. */
#ifndef GATEWAY_ANSWER_H
#define GATEWAY_ANSWER_H

#include "proto/writer.h"

enum media {
    MEDIA_NONE = 0,
    MEDIA_JSON,
    MEDIA_PROBLEM,
    MEDIA_METRICS,
    MEDIA_PAGE,
    MEDIA_SCRIPT,
    MEDIA_STYLE,
    MEDIA_STREAM
};

/* Zeroed memory is an empty answer; its buffers are kept from one use to the next. */
struct answer {
    int status;
    enum media media;
    struct buffer body;
    struct buffer fields; /* NAME NUL VALUE NUL, again and again */
};

/* Starts over with this status and media type; fields and body are forgotten. */
void answer_begin(struct answer *answer, int status, enum media media);
/* Frees both buffers. */
void answer_fini(struct answer *answer);

/* Adds a header field. A value with a control character is left out: it came from outside and could end the line. */
void answer_field(struct answer *answer, const char *name, struct slice value);
void answer_field_text(struct answer *answer, const char *name, const char *value);
/* ETag: a version is the strong tag "N". */
void answer_field_version(struct answer *answer, uint64_t version);
/* Retry-After in whole seconds, at least one. */
void answer_field_retry(struct answer *answer, uint32_t retry_ms);

/* Walks the fields: *at starts at 0. False at the end. */
bool answer_next_field(const struct answer *answer, size_t *at, const char **name, const char **value);
/* For tests and the like: the value of the first field of that name, or NULL. */
const char *answer_find_field(const struct answer *answer, const char *name);

const char *media_name(enum media media);

#endif
