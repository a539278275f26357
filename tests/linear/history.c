/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See history.h: the calls and accounts in memory, and writing them. */
#include "tests/linear/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <xxhash.h>

enum { NAMES_MIN = 256 };

void history_fini(struct history *history)
{
    for (uint32_t i = 0; i < history->account_count; i++)
        free(history->accounts[i].name);
    free(history->names);
    free(history->sorted);
    free(history->accounts);
    free(history->calls);
    *history = (struct history){0};
}

/* ---- names of accounts ---- */

static uint32_t *name_place(const struct history *history, struct slice name)
{
    uint32_t at = (uint32_t)XXH3_64bits(name.data, name.size) & (history->names_capacity - 1);
    while (history->names[at] != 0 && !slice_is(name, history->accounts[history->names[at] - 1].name))
        at = (at + 1) & (history->names_capacity - 1);
    return &history->names[at];
}

static enum error names_grow(struct history *history)
{
    uint32_t capacity = history->names_capacity == 0 ? NAMES_MIN : 2 * history->names_capacity;
    uint32_t *names = calloc(capacity, sizeof *names);
    if (names == NULL)
        return error_no_memory;
    free(history->names);
    history->names = names;
    history->names_capacity = capacity;
    for (uint32_t i = 0; i < history->account_count; i++)
        *name_place(history, slice_text(history->accounts[i].name)) = i + 1;
    return error_none;
}

static enum error account_add(struct history *history, struct slice name)
{
    if (history->account_count == history->account_capacity) {
        uint32_t capacity = history->account_capacity == 0 ? 64 : 2 * history->account_capacity;
        struct history_account *accounts = realloc(history->accounts, capacity * sizeof *accounts);
        if (accounts == NULL)
            return error_no_memory;
        history->accounts = accounts;
        history->account_capacity = capacity;
    }
    char *copy = strndup((const char *)name.data, name.size);
    if (copy == NULL)
        return error_no_memory;
    history->accounts[history->account_count++] = (struct history_account){.name = copy};
    return error_none;
}

static enum error account_find(struct history *history, struct slice name, uint32_t *out)
{
    enum error error = error_none;
    if (2 * history->account_count >= history->names_capacity)
        error = names_grow(history);
    uint32_t *place = error == error_none ? name_place(history, name) : NULL;
    if (place != NULL && *place == 0) {
        error = account_add(history, name);
        *place = error == error_none ? history->account_count : 0;
    }
    if (error == error_none)
        *out = *place - 1;
    return error;
}

/* ---- calls ---- */

static enum error calls_reserve(struct history *history)
{
    if (history->count < history->capacity)
        return error_none;
    if (history->count == UINT32_MAX / 4 || (history->most != 0 && history->count >= history->most))
        return error_full;
    uint32_t capacity = history->capacity == 0 ? 1024 : 2 * history->capacity;
    if (history->most != 0 && capacity > history->most)
        capacity = history->most;
    struct call *calls = realloc(history->calls, capacity * sizeof *calls);
    if (calls == NULL)
        return error_no_memory;
    history->calls = calls;
    history->capacity = capacity;
    return error_none;
}

enum error history_add(struct history *history, struct slice account, const struct call *call)
{
    uint32_t index;
    enum error error = calls_reserve(history);
    if (error == error_none)
        error = account_find(history, account, &index);
    if (error != error_none)
        return error;
    history->calls[history->count] = *call;
    history->calls[history->count++].account = index;
    return error_none;
}

static int compare_calls(const void *left, const void *right)
{
    const struct call *a = *(const struct call *const *)left, *b = *(const struct call *const *)right;
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return (a > b) - (a < b);
}

enum error history_sort(struct history *history)
{
    const struct call **sorted = realloc(history->sorted, (history->count + 1) * sizeof *sorted);
    if (sorted == NULL)
        return error_no_memory;
    history->sorted = sorted;
    for (uint32_t i = 0; i < history->count; i++)
        sorted[i] = &history->calls[i];
    qsort(sorted, history->count, sizeof *sorted, compare_calls);
    for (uint32_t i = 0, end; i < history->count; i = end) {
        struct history_account *account = &history->accounts[sorted[i]->account];
        for (end = i; end < history->count && sorted[end]->account == sorted[i]->account;)
            end++;
        account->first = i;
        account->count = end - i;
    }
    return error_none;
}

/* ---- writing ---- */

static void number_write(FILE *file, const char *key, bool there, int64_t value)
{
    if (there)
        fprintf(file, ",\"%s\":%" PRId64, key, value);
}

static void id_write(FILE *file, const struct call *call)
{
    char id[UUID_TEXT_SIZE];
    if (!call->has_id)
        return;
    uuid_format(&call->id, id);
    fprintf(file, ",\"id\":\"%s\"", id);
}

void history_write(FILE *file, const struct call *call, const char *account)
{
    bool amount = call->action == ACTION_DEPOSIT || call->action == ACTION_WITHDRAW;
    fprintf(file, "{\"client\":%u,\"aggregate\":\"%s\"", (unsigned)call->client, account);
    fprintf(file, ",\"op\":\"%s\"", action_name(call->action));
    number_write(file, "amount", amount, call->amount);
    id_write(file, call);
    number_write(file, "expected", call->has_expected, call->expected);
    fputs(call->dry_run ? ",\"dry\":true" : "", file);
    number_write(file, "start", true, call->start_ns);
    if (call->end_ns == NEVER)
        fputs(",\"end\":null", file);
    else
        number_write(file, "end", true, call->end_ns);
    fprintf(file, ",\"status\":\"%s\"", call->answer == ANSWER_REFUSED ? "invalid" : answer_name(call->answer));
    number_write(file, "version", call->has_version, call->version);
    number_write(file, "balance", call->has_balance, call->balance);
    fputs("}\n", file);
}
