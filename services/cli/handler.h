/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What `fluvius subscribe` does with a record: prints it, or runs a command that reads it. Either may take as long as
 * it likes; somebody is told now and then that it still does. */
#ifndef CLI_HANDLER_H
#define CLI_HANDLER_H

#include "proto/envelope.h"

struct handler {
    const char *command;              /* NULL: none, records are printed */
    void (*meanwhile)(void *context); /* called several times a second while a record takes long */
    void *context;
};

/* Before any thread is started: the end of a command is a signal, and no other thread is to take it. */
void handler_prepare(void);

/* True: it is done. Without a command: a line of JSON on standard output. Otherwise `sh -c command` gets that line on
 * its standard input and says by its exit code 0 that it is done; fault says what else came of it. */
bool handler_run(const struct handler *handler, const struct record *record, char *fault, size_t fault_size);

#endif
