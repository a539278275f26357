/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Hearing that something was committed, from the event bus. What is said there may be lost, so it is only a reason to
 * look into the log at once instead of a moment later. */
#ifndef CLI_NEWS_H
#define CLI_NEWS_H

#include "proto/tls.h"

struct news;

/* Leaves *out NULL when url cannot be used: news_wait then only waits. Connects in the background. tls: for a
 * tls+tcp:// URL, else NULL. */
void news_open(struct news **out, const char *url, struct tls *tls);
/* Returns when something was published, or after timeout_ms. */
void news_wait(struct news *news, int timeout_ms);
void news_close(struct news **news);

#endif
