/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The threads that read what was: whatever is asked of them comes back, from whichever thread, and in time. */
#include "services/query/history.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/store/directory.h"

enum { THREADS = 3, FAR_MS = 60000, WAIT_US = 10000000 };

static char directory[64], url[80];
static struct inbox *inbox;
static struct history *history;
static struct journal journal;

static void begin(void)
{
    struct store_config config = {
        .url = url, .partitions = 8, .units = 2, .create = true, .holder = "h", .incarnation = 7};
    struct store *store;
    struct past_config past[THREADS];
    struct history_config opening = {.store = url, .holder = "h", .count = THREADS, .past = past};
    struct store_fault fault = {0};
    directory_make(directory);
    snprintf(url, sizeof url, "sqlite:%s", directory);
    cr_assert_eq(store_open(&store, &config, &fault), error_none, "%s", fault.text);
    store_info(store, &opening.log);
    store_close(&store);
    journal_open(&journal);
    for (uint32_t i = 0; i < THREADS; i++)
        past[i] = (struct past_config){.log = opening.log, .journal = &journal, .lane = i};
    opening.inbox = inbox = inbox_new();
    cr_assert_eq(history_start(&history, &opening, &fault), error_none, "%s", fault.text);
}

static void end(void)
{
    history_stop(&history);
    inbox_free(&inbox);
    directory_remove(directory);
}

TestSuite(history_threads, .init = begin, .fini = end);

static void ask(const struct request *request, uint64_t now_us, uint64_t deadline_ms)
{
    struct buffer bytes = {0};
    request_encode(&bytes, request);
    struct item item = {.deadline_ms = deadline_ms, .request = buffer_slice(&bytes), .realm = slice_text("default")};
    struct query_job *job = job_new(&(struct worker_place){0}, &item, now_us, 0);
    cr_assert_not_null(job);
    cr_assert_eq(job->kind, JOB_HISTORY);
    history_run(history, job);
    buffer_fini(&bytes);
}

static void ask_events(uint32_t number, uint64_t now_us, uint64_t deadline_ms)
{
    char identifier[16];
    struct request request = request_of(operation_events);
    snprintf(identifier, sizeof identifier, "a%u", number);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text(identifier);
    request.limit = 25;
    ask(&request, now_us, deadline_ms);
}

static void ask_log(int64_t partition)
{
    struct request request = request_of(operation_log);
    request.partition = partition;
    request.limit = 25;
    ask(&request, clock_monotonic_us(), FAR_MS);
}

/* So many come back; how many of them with this code, NULL: ok. */
static uint32_t answers_take(uint32_t count, const char *code)
{
    uint32_t matching = 0;
    while (count > 0) {
        struct inbox_node *node = inbox_take(inbox, WAIT_US);
        cr_assert_not_null(node, "%u are not answered", count);
        while (node != NULL) {
            struct query_job *job = (struct query_job *)node;
            node = node->next;
            cr_assert_eq(job->outcome, JOB_ANSWERED);
            matching += code == NULL ? job->reply.status == status_ok : slice_is(job->reply.code, code);
            job_free(&job);
            count--;
        }
    }
    return matching;
}

Test(history_threads, each_request_comes_back)
{
    for (uint32_t i = 0; i < 200; i++)
        ask_events(i, clock_monotonic_us(), FAR_MS);
    cr_assert_eq(answers_take(200, "unknown_aggregate"), 200);
    for (int64_t partition = 0; partition < 8; partition++)
        ask_log(partition);
    cr_assert_eq(answers_take(8, NULL), 8);
}

Test(history_threads, partitions_that_are_not_there_are_told)
{
    static const int64_t partitions[] = {8, 9, 1000000};
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++)
        ask_log(partitions[i]);
    cr_assert_eq(answers_take(3, "unknown_partition"), 3);
}

Test(history_threads, what_is_not_read_by_its_deadline_is_answered_so)
{
    for (uint32_t i = 0; i < 20; i++)
        ask_events(i, clock_monotonic_us() - 1000000, i % 2 == 0 ? 1000 : FAR_MS);
    cr_assert_eq(answers_take(20, "deadline"), 10);
}

Test(history_threads, those_that_stop_free_what_they_were_given)
{
    for (uint32_t i = 0; i < 500; i++)
        ask_events(i, clock_monotonic_us(), FAR_MS);
    history_stop(&history);
    struct inbox_node *node = inbox_take(inbox, 0);
    while (node != NULL) {
        struct query_job *job = (struct query_job *)node;
        node = node->next;
        job_free(&job);
    }
}
