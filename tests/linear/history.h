/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Histories: the calls of all clients on all accounts, read from JSON lines and written to them. A line is one call,
 *
 *   {"client":3,"aggregate":"kim","op":"deposit","amount":5,"id":"0192...","start":1000,"end":2000,"status":"ok",
 *    "version":7}
 *
 *   op        open, deposit, withdraw, close, read
 *   amount    of deposit and withdraw
 *   id        of a command; the same in each repetition. Left out: a command that is sent once
 *   expected  the version that the command demanded
 *   dry       true for a dry run
 *   start     nanoseconds on a clock that all clients share, before the call was sent
 *   end       after its answer came; null when none did
 *   status    as in proto/messages.def, or unknown
 *   version   of the answer; balance: likewise, of reads and dry runs that went well
 *
 * Keys in any order; others are skipped, and null is as good as none. */
#ifndef TEST_LINEAR_HISTORY_H
#define TEST_LINEAR_HISTORY_H

#include "tests/linear/call.h"

#include "proto/error.h"

#include <stdio.h>

/* Zeroed: empty. */
struct history {
    struct call *calls;
    uint32_t count, capacity, most; /* most: error_full beyond it; 0: no limit but memory */
    struct history_account {
        char *name;
        uint32_t first, count; /* of its calls among the sorted ones */
    } * accounts;
    uint32_t account_count, account_capacity;
    const struct call **sorted; /* by account, then start; after history_sort */
    uint32_t *names;            /* hash table of accounts + 1 */
    uint32_t names_capacity;
};

struct history_fault {
    uint64_t line;
    const char *key; /* or "" for the line as a whole */
};

void history_fini(struct history *history);
/* Appends a file's calls. error_io, bad_json, missing_field, bad_type, out_of_range, full, no_memory. */
enum error history_read(struct history *history, FILE *file, struct history_fault *fault);
/* Appends a call on an account of that name. */
enum error history_add(struct history *history, struct slice account, const struct call *call);
/* Sorts the calls by account. To be called again after more were added. */
enum error history_sort(struct history *history);
void history_write(FILE *file, const struct call *call, const char *account);

#endif
