/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Jobs in line for the readers, what becomes of those whose time was over before their turn, and what looks see. */
#include "services/query/readers.h"

#include <criterion/criterion.h>

#include "tests/unit/readmodel/database.h"
#include "tests/unit/readmodel/sample.h"

static struct query_job *job_of(uint64_t came_us, uint64_t deadline_ms)
{
    struct buffer request = {0};
    struct request query = request_of(operation_query);
    query.namespace = slice_text("bank");
    query.resource = slice_text("account");
    request_encode(&request, &query);
    struct item item = {.deadline_ms = deadline_ms, .request = buffer_slice(&request), .realm = slice_text("default")};
    struct query_job *job = job_new(&(struct worker_place){0}, &item, came_us, 0);
    cr_assert_not_null(job);
    buffer_fini(&request);
    return job;
}

/* ---- the line ---- */

static struct job_queue queue_of(uint64_t first, uint32_t count)
{
    struct job_queue queue = {0};
    for (uint32_t i = 0; i < count; i++)
        job_queue_put(&queue, job_of(first + i, 1000));
    return queue;
}

static void queue_is(struct job_queue *queue, const char *order)
{
    for (; *order != 0; order++) {
        struct query_job *job = job_queue_take(queue);
        cr_assert_not_null(job);
        cr_assert_eq(job->came_us, (uint64_t)(*order - '0'));
        job_free(&job);
    }
    cr_assert_null(job_queue_take(queue));
}

Test(queue, first_come_is_first_served)
{
    struct job_queue queue = queue_of(1, 3), more = queue_of(4, 2);
    job_queue_join(&queue, &more, false);
    queue_is(&queue, "12345");
    queue_is(&more, "");
}

Test(queue, those_that_have_waited_go_before_the_others_in_their_order)
{
    struct job_queue queue = queue_of(1, 3), waited = queue_of(4, 2);
    job_queue_join(&queue, &waited, true);
    queue_is(&queue, "45123");
}

Test(queue, empty_ones_join_too)
{
    struct job_queue queue = {0}, none = {0}, one = queue_of(1, 1);
    job_queue_join(&queue, &none, true);
    queue_is(&queue, "");
    job_queue_join(&queue, &one, true);
    job_queue_join(&queue, &none, false);
    job_queue_join(&queue, &none, true);
    job_queue_put(&queue, job_of(2, 1000));
    queue_is(&queue, "12");
}

/* ---- the readers ---- */

static struct inbox *inbox;
static struct readers *readers;

static void begin_on(const char *url, uint64_t incarnation)
{
    struct readers_config config = {.url = url, .holder = "test", .count = 1, .partitions = 4, .statement_ms = 1000};
    config.incarnation = incarnation;
    config.inbox = inbox = inbox_new();
    cr_assert_eq(readers_start(&readers, &config), error_none);
}

static void begin(void)
{
    begin_on("sqlite:/nonexistent", 1);
}

static void end(void)
{
    readers_stop(&readers);
    inbox_free(&inbox);
}

/* Gives it to the readers and takes it back. */
static struct query_job *job_run(struct query_job *job)
{
    struct job_queue queue = {0};
    struct inbox_node *node = NULL;
    job_queue_put(&queue, job);
    readers_run(readers, &queue, false);
    while (node == NULL)
        node = inbox_take(inbox, 1000000);
    cr_assert_null(node->next);
    cr_assert_eq(node->kind, READERS_MAIL);
    return (struct query_job *)node;
}

Test(readers, query_whose_time_is_over_is_not_run, .init = begin, .fini = end)
{
    uint64_t now_us = clock_monotonic_us();
    struct query_job *job = job_run(job_of(now_us - 2000000, 1000));
    cr_assert_eq(job->reply.status, status_deadline);
    cr_assert(slice_is(job->reply.code, "deadline"));
    job_free(&job);
}

Test(readers, query_that_has_time_is_run, .init = begin, .fini = end)
{
    struct query_job *job = job_run(job_of(clock_monotonic_us(), 60000));
    cr_assert_eq(job->reply.status, status_unavailable); /* as there is no database */
    cr_assert(slice_is(job->reply.code, "no_read_model"));
    job_free(&job);
}

Test(readers, looks_have_no_deadline, .init = begin, .fini = end)
{
    struct query_job *look = job_run(job_new_look(4));
    cr_assert_eq(look->kind, JOB_LOOK);
    cr_assert_eq((int)look->outcome, 0);
    job_free(&look);
}

/* ---- looks ---- */

static struct database database;

/* A live build 1 of the log 77, which is at 10 in partition 0 and halts in partition 2. */
static void database_begin(void)
{
    struct model model;
    sample_model(&model);
    database_make(&database, DIALECT_SQLITE);
    database_build(&database, 1, &model, BUILD_LIVE);
    database_sql(&database, "INSERT INTO meta (key, value) VALUES ('incarnation', 77)");
    database_sql(&database,
                 "INSERT INTO checkpoint (build, partition, seq, time_us, halted, fault) VALUES (1, 0, 10, 0, 0, ''), "
                 "(1, 2, 20, 0, 21, 'no')");
    model_fini(&model);
}

/* Of build 1 and of one that is not there. */
static struct query_job *look_run(uint64_t incarnation)
{
    begin_on(database.url, incarnation);
    struct query_job *look = job_new_look(4);
    look->look_count = 2;
    look->look_builds[0] = 1;
    look->look_builds[1] = 9;
    look->seen[0] = 5; /* of the look before */
    look = job_run(look);
    end();
    return look;
}

Test(looks, see_how_far_a_live_build_is)
{
    database_begin();
    struct query_job *look = look_run(77);
    cr_assert(look->known[0] && !look->known[1]);
    cr_assert(look->seen[0] == 10 && look->seen[1] == 0 && look->seen[2] == 20);
    cr_assert(look->halted[2] && !look->halted[0]);
    job_free(&look);
    database_clean(&database);
}

/* Who waits for a position of the log that was restored since waits on, and is not let out again and again. */
Test(looks, see_nothing_yet_in_a_build_of_the_log_before_a_restore)
{
    database_begin();
    struct query_job *look = look_run(78);
    cr_assert(look->known[0] && !look->known[1]);
    cr_assert(look->seen[0] == 0 && look->seen[2] == 0 && !look->halted[2]);
    job_free(&look);
    database_clean(&database);
}
