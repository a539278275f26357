/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Histories as text, and the program linear_check: what it reads, what it refuses, and how it ends. */
#include <criterion/criterion.h>

#include "tests/linear/history.h"
#include "tests/linear/simulate.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static enum error history_of(const char *text, struct history *history, struct history_fault *fault)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    enum error error = history_read(history, file, fault);
    fclose(file);
    return error;
}

static void refused(const char *text, enum error expected, uint64_t line, const char *key)
{
    struct history history = {0};
    struct history_fault fault;
    enum error error = history_of(text, &history, &fault);
    cr_assert_eq(error, expected, "%s: %s", text, error_name(error));
    cr_assert_eq(fault.line, line);
    cr_assert_str_eq(fault.key, key, "%s: %s", text, fault.key);
    history_fini(&history);
}

Test(linear_history, a_line_is_one_call)
{
    struct history history = {0};
    struct history_fault fault;
    cr_assert_eq(history_of("{\"client\":3,\"aggregate\":\"kim\",\"op\":\"deposit\",\"amount\":5,\"expected\":4,"
                            "\"id\":\"01890000-0000-7000-8000-000000000001\",\"start\":10,\"end\":20,"
                            "\"status\":\"ok\",\"version\":5,\"more\":[1]}\n"
                            "{\"aggregate\":\"kim\",\"op\":\"close\",\"dry\":true,\"start\":1,\"end\":null,"
                            "\"status\":\"deadline\",\"version\":null}\n",
                            &history,
                            &fault),
                 error_none);
    cr_assert_eq(history.count, 2);
    const struct call *call = &history.calls[0];
    cr_assert(call->client == 3 && call->action == ACTION_DEPOSIT && call->amount == 5 && call->expected == 4);
    cr_assert(call->has_id && call->id.bytes[15] == 1 && call->start_ns == 10 && call->end_ns == 20);
    cr_assert(call->answer == ANSWER_OK && call->version == 5 && !call->has_balance && !call->dry_run);
    call = &history.calls[1];
    cr_assert(call->dry_run && call->action == ACTION_CLOSE && !call->has_version && !call->has_id);
    cr_assert(call->answer == ANSWER_UNKNOWN && call->end_ns == NEVER);
    history_fini(&history);
}

Test(linear_history, what_cannot_be_read_is_refused_with_line_and_key)
{
    const char *good = "{\"aggregate\":\"a\",\"op\":\"read\",\"start\":1,\"end\":2,\"status\":\"ok\"}\n{\n";
    refused(good, error_truncated, 2, "");
    refused("[]", error_bad_type, 1, "");
    refused("{\"op\":\"read\",\"start\":1,\"end\":2,\"status\":\"ok\"}", error_missing_field, 1, "aggregate");
    refused("{\"aggregate\":\"a\",\"start\":1,\"end\":2,\"status\":\"ok\"}", error_missing_field, 1, "op");
    refused("{\"aggregate\":\"a\",\"op\":\"read\",\"end\":2,\"status\":\"ok\"}", error_missing_field, 1, "start");
    refused("{\"aggregate\":\"a\",\"op\":\"read\",\"start\":1,\"end\":2}", error_missing_field, 1, "status");
    refused("{\"aggregate\":\"a\",\"op\":\"read\",\"start\":1,\"status\":\"ok\"}", error_missing_field, 1, "end");
    refused("{\"aggregate\":\"a\",\"op\":\"deposit\",\"start\":1,\"end\":2,\"status\":\"ok\"}",
            error_missing_field,
            1,
            "amount");
    refused(
        "{\"aggregate\":\"a\",\"op\":\"read\",\"start\":2,\"end\":1,\"status\":\"ok\"}", error_out_of_range, 1, "end");
    refused("{\"aggregate\":\"a\",\"op\":\"peek\"}", error_out_of_range, 1, "op");
    refused("{\"status\":\"fine\"}", error_out_of_range, 1, "status");
    refused("{\"id\":\"x\"}", error_bad_uuid, 1, "id");
    refused("{\"version\":\"1\"}", error_bad_type, 1, "version");
    refused("{\"client\":-1}", error_out_of_range, 1, "client");
}

Test(linear_history, more_calls_than_the_limit_are_refused)
{
    const char *line = "{\"aggregate\":\"a\",\"op\":\"read\",\"start\":1,\"end\":2,\"status\":\"ok\"}\n"
                       "{\"aggregate\":\"b\",\"op\":\"read\",\"start\":1,\"end\":2,\"status\":\"ok\"}\n";
    struct history history = {.most = 1};
    struct history_fault fault;
    cr_assert_eq(history_of(line, &history, &fault), error_full);
    cr_assert_eq(history.count, 1);
    history_fini(&history);
}

static bool same_call(const struct call *a, const struct call *b)
{
    return a->action == b->action && a->answer == b->answer && a->client == b->client && a->dry_run == b->dry_run &&
           a->has_id == b->has_id && (!a->has_id || memcmp(&a->id, &b->id, sizeof a->id) == 0) &&
           a->amount == b->amount && a->start_ns == b->start_ns && a->end_ns == b->end_ns &&
           a->has_version == b->has_version && (!a->has_version || a->version == b->version) &&
           a->has_balance == b->has_balance && (!a->has_balance || a->balance == b->balance) &&
           a->has_expected == b->has_expected && (!a->has_expected || a->expected == b->expected);
}

/* Gives the file's name, which the caller frees and unlinks. */
static char *history_save(const struct simulation *simulation, struct history *out)
{
    char *path = strdup("/tmp/fluvius-history-XXXXXX");
    FILE *file = fdopen(mkstemp(path), "w");
    cr_assert_eq(simulate(simulation, out), error_none);
    for (uint32_t i = 0; i < out->count; i++)
        history_write(file, &out->calls[i], out->accounts[out->calls[i].account].name);
    fclose(file);
    return path;
}

static struct simulation small(enum sabotage sabotage)
{
    return (struct simulation){.seed = 7,
                               .clients = 8,
                               .accounts = 300,
                               .calls = 3000,
                               .lost = 5,
                               .repeated = 10,
                               .expected = 10,
                               .amount_most = 50,
                               .delay_most_ns = 1000,
                               .sabotage = sabotage};
}

Test(linear_history, what_is_written_is_read_again)
{
    struct simulation simulation = small(SABOTAGE_NONE);
    struct history written, read = {0};
    struct history_fault fault;
    char *path = history_save(&simulation, &written);
    FILE *file = fopen(path, "r");
    cr_assert_eq(history_read(&read, file, &fault), error_none);
    fclose(file);
    cr_assert_eq(read.count, written.count);
    for (uint32_t i = 0; i < read.count; i++) {
        cr_assert(same_call(&read.calls[i], &written.calls[i]), "call %u", (unsigned)i);
        cr_assert_str_eq(read.accounts[read.calls[i].account].name, written.accounts[written.calls[i].account].name);
    }
    unlink(path);
    free(path);
    history_fini(&read);
    history_fini(&written);
}

static int program_run(const char *options, const char *path)
{
    char command[512];
    snprintf(command, sizeof command, LINEAR_CHECK " %s %s >/dev/null 2>&1", options, path);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(linear_history, the_program_tells_by_its_exit_code)
{
    struct simulation good = small(SABOTAGE_NONE), bad = small(SABOTAGE_LOST_UPDATE);
    struct history history;
    char *path = history_save(&good, &history);
    history_fini(&history);
    cr_assert_eq(program_run("", path), 0);
    cr_assert_eq(program_run("-a", path), 0);
    cr_assert_eq(program_run("-n 1", path), 3);
    cr_assert_eq(program_run("-N 100", path), 3);
    cr_assert_eq(program_run("-c 2999", path), 3);
    cr_assert_eq(program_run("-c 3000", path), 0);
    unlink(path);
    cr_assert_eq(program_run("", path), 2);
    cr_assert_eq(program_run("", "/dev/null"), 2);
    cr_assert_eq(program_run("-x", path), 2);
    free(path);
    path = history_save(&bad, &history);
    history_fini(&history);
    cr_assert_eq(program_run("", path), 1);
    unlink(path);
    free(path);
}
