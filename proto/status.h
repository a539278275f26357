/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a request ended, as clients see it, and the operations and limits of the protocol. All from messages.def. */
#ifndef PROTO_STATUS_H
#define PROTO_STATUS_H

#include "proto/slice.h"

enum status {
#define STATUS(NAME, NUMBER, HTTP, EXIT) status_##NAME = NUMBER,
#include "proto/messages.def"
    status_count
};

enum operation {
#define OPERATION(NAME, NUMBER) operation_##NAME = NUMBER,
#include "proto/messages.def"
    operation_count
};

/* Constants, so that they can be the size of an array. */
enum {
#define LIMIT(NAME, VALUE, DOC) limit_##NAME = VALUE,
#include "proto/messages.def"
};

#define PROTOCOL_VERSION 1

/* Never NULL, also for a number that is none ("unknown"). */
const char *status_name(enum status status);
int status_http(enum status status);
int status_exit(enum status status);
/* Find by name; false when there is none. */
bool status_find(struct slice name, enum status *out);
const char *operation_name(enum operation operation);
bool operation_find(struct slice name, enum operation *out);

#endif
