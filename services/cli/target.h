/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names on the command line: NS:COMMAND, RESOURCE/ID and NS.RESOURCE/ID. Views into the argument. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "proto/envelope.h"

/* These fill the request's parts, or print to standard error, after the command's name, what the argument should be. */
bool target_command(const char *command, const char *text, struct request *out);   /* bank:open */
bool target_aggregate(const char *command, const char *text, struct request *out); /* account/ada, account/:new */
bool target_stream(const char *command, const char *text, struct request *out);    /* bank.account/ada */

#endif
