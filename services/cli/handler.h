/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What `fluvius subscribe` does with a record: prints it, or runs a command that reads it. */
#ifndef CLI_HANDLER_H
#define CLI_HANDLER_H

#include "proto/envelope.h"

/* True: it is done. command NULL: a line of JSON on standard output, flushed. Otherwise `sh -c command` gets that line
 * on its standard input and says by its exit code 0 that it is done; fault says what else came of it. */
bool handler_run(const char *command, const struct record *record, char *fault, size_t fault_size);

#endif
