/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One request of the kill test's client and what came back: made into a request, filled from the reply, and written as
 * a line of the log, which is compared with the store, and of the history, which is checked for linearizability. */
#ifndef TEST_KILL_EXCHANGE_H
#define TEST_KILL_EXCHANGE_H

#include "proto/client.h"

#include <stdio.h>

enum { EXCHANGE_TEXT = 64 };

struct exchange {
    struct uuid id;
    char command[16], account[EXCHANGE_TEXT]; /* command "read" reads the state; account "" is a :new */
    uint32_t amount, deadline_ms;
    bool dry_run, has_expected;
    uint64_t expected;
    /* what came back */
    enum status status;
    bool has_version, has_balance;
    uint64_t version;
    int64_t balance;
    char position[EXCHANGE_TEXT], identifier[EXCHANGE_TEXT], code[EXCHANGE_TEXT];
    bool decided;
    int64_t start_ns, end_ns; /* CLOCK_MONOTONIC, which all processes of a machine share */
};

bool exchange_is_read(const struct exchange *exchange);
/* A command that leaves a receipt. */
bool exchange_is_command(const struct exchange *exchange);

/* data is cleared and used; the request points into it and into the exchange. Takes the time: send it at once. */
struct request exchange_request(struct exchange *exchange, struct buffer *data);
/* Takes the time, and what the reply says. */
void exchange_keep(struct exchange *exchange, const struct reply *reply);
bool exchange_same_answer(const struct exchange *a, const struct exchange *b);

/* "id command account amount status version position identifier code", "-" where there is none */
void exchange_log(FILE *log, const struct exchange *exchange);
/* A line as tests/linear/history.h has it. Nothing for a :new that was not answered: nobody knows its name. */
void exchange_record(FILE *history, uint32_t client, const struct exchange *exchange);

#endif
