/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Hears from the event bus how far partitions have come. It only wakes: messages may be lost, late or never come, so
 * whoever listens also looks by itself now and then. nng's SUB protocol underneath, which connects again by itself. */
#ifndef PROTO_LINK_NEWS_H
#define PROTO_LINK_NEWS_H

#include "proto/error.h"
#include "proto/slice.h"
#include "proto/tls.h"

struct link_news;

/* heads: a raw array of [partition, seq] that was checked, valid during the call; on a thread of nng. */
typedef void (*link_news_heard)(void *context, struct slice heads);

/* urls: of the brokers' event buses, separated by commas. tls: for tls+tcp:// ones, held; may be NULL otherwise.
 * error_bad_address, error_no_memory, error_bad_settings (tls is missing). */
enum error
link_news_open(struct link_news **out, const char *urls, struct tls *tls, link_news_heard heard, void *context);
/* Waits for the callback. Nulls *news. */
void link_news_close(struct link_news **news);

#endif
