/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The event bus as a wake-up: whatever it says is a reason to look at the log, and nothing more. */
#ifndef PROJECTOR_NEWS_H
#define PROJECTOR_NEWS_H

#include "proto/tls.h"
#include "services/common/process.h"

struct news;

/* Wakes the inbox when something comes, at most once until news_heard. error_bad_address, error_no_memory. */
enum error news_open(struct news **out, const char *url, struct tls *tls, struct inbox *inbox);
void news_heard(struct news *news);
void news_close(struct news **news);

#endif
