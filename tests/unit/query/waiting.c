/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The waiting room: who waits is let out when the read models have come far enough, when they never will, or when its
 * patience ends; in virtual time. */
#include "services/query/waiting.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { PARTITIONS = 4, MS = 1000 };

static struct waiting_room room;

static void begin(void)
{
    cr_assert_eq(waiting_init(&room, PARTITIONS, 3), error_none);
}

static void end(void)
{
    waiting_fini(&room);
}

TestSuite(waiting, .init = begin, .fini = end);

/* A query that wants seq of a partition of a build, and waits for two seconds from now. */
static struct query_job *job_of(uint32_t build, uint32_t partition, uint64_t seq, uint64_t now_us)
{
    struct buffer request = {0};
    struct request query = request_of(operation_query);
    struct worker_place place = {0};
    query.namespace = slice_text("bank");
    query.resource = slice_text("account");
    request_encode(&request, &query);
    struct item item = {.deadline_ms = 10000, .request = buffer_slice(&request), .realm = slice_text("default")};
    struct query_job *job = job_new(&place, &item, now_us, 2000);
    cr_assert_not_null(job);
    cr_assert_neq((int)job->outcome, JOB_ANSWERED);
    job->build = build;
    job->wanted = calloc(PARTITIONS, sizeof *job->wanted);
    job->wanted[partition] = seq;
    buffer_fini(&request);
    return job;
}

static void look_says(struct query_job *look, uint32_t build, uint32_t partition, uint64_t seq, bool halted)
{
    for (uint32_t i = 0; i < look->look_count; i++) {
        look->known[i] = true;
        for (uint32_t p = 0; p < PARTITIONS; p++) {
            look->seen[i * PARTITIONS + p] = 0;
            look->halted[i * PARTITIONS + p] = false;
        }
        if (look->look_builds[i] == build) {
            look->seen[i * PARTITIONS + partition] = seq;
            look->halted[i * PARTITIONS + partition] = halted;
        }
    }
}

static bool code_is(const struct query_job *job, const char *code)
{
    return job->reply.status == status_unavailable && slice_is(job->reply.code, code);
}

Test(waiting, nobody_is_looked_for_while_nobody_waits)
{
    cr_assert_null(waiting_look(&room, 0));
    cr_assert_eq(waiting_due_us(&room), UINT64_MAX);
}

Test(waiting, who_waits_is_let_out_when_the_position_is_there)
{
    struct query_job *job = job_of(7, 2, 5, 0), *look, *ready, *answered;
    cr_assert(waiting_add(&room, job, 0));
    look = waiting_look(&room, 1 * MS);
    cr_assert_not_null(look);
    cr_assert_eq(look->look_count, 1);
    cr_assert_eq(look->look_builds[0], 7);
    look_says(look, 7, 2, 4, false);
    waiting_seen(&room, look, 2 * MS, &ready, &answered);
    cr_assert(ready == NULL && answered == NULL);
    look = waiting_look(&room, 10 * MS);
    look_says(look, 7, 2, 5, false);
    waiting_seen(&room, look, 10 * MS, &ready, &answered);
    cr_assert_eq(ready, job);
    cr_assert_null(answered);
    cr_assert_eq(room.count, 0);
    job_free(&ready);
}

Test(waiting, another_build_or_partition_lets_nobody_out)
{
    struct query_job *job = job_of(7, 2, 5, 0), *look, *ready, *answered;
    cr_assert(waiting_add(&room, job, 0));
    look = waiting_look(&room, 1 * MS);
    look_says(look, 7, 1, 99, false);
    waiting_seen(&room, look, 1 * MS, &ready, &answered);
    cr_assert(ready == NULL && answered == NULL);
}

Test(waiting, a_halted_partition_that_is_needed_ends_the_wait_at_once)
{
    struct query_job *job = job_of(7, 2, 5, 0), *look, *ready, *answered;
    cr_assert(waiting_add(&room, job, 0));
    look = waiting_look(&room, 1 * MS);
    look_says(look, 7, 2, 4, true);
    waiting_seen(&room, look, 1 * MS, &ready, &answered);
    cr_assert_eq(answered, job);
    cr_assert(code_is(job, "halted"));
    cr_assert_gt(job->reply.retry_ms, 0);
    job_free(&answered);
}

Test(waiting, a_halted_partition_that_is_not_needed_ends_nothing)
{
    struct query_job *job = job_of(7, 2, 5, 0), *look, *ready, *answered;
    cr_assert(waiting_add(&room, job, 0));
    look = waiting_look(&room, 1 * MS);
    look_says(look, 7, 3, 0, true);
    waiting_seen(&room, look, 1 * MS, &ready, &answered);
    cr_assert(ready == NULL && answered == NULL);
}

Test(waiting, patience_ends_with_behind)
{
    struct query_job *job = job_of(7, 2, 5, 0), *expired;
    cr_assert(waiting_add(&room, job, 0));
    cr_assert_null(waiting_expire(&room, 1999 * MS));
    expired = waiting_expire(&room, 2000 * MS);
    cr_assert_eq(expired, job);
    cr_assert(code_is(job, "behind"));
    cr_assert_gt(job->reply.retry_ms, 0);
    cr_assert_eq(room.count, 0);
    job_free(&expired);
}

Test(waiting, a_deadline_that_is_nearer_ends_patience_before_it)
{
    struct buffer request = {0};
    struct request query = request_of(operation_query);
    query.namespace = query.resource = slice_text("x");
    request_encode(&request, &query);
    struct item item = {.deadline_ms = 500, .request = buffer_slice(&request), .realm = slice_text("default")};
    struct query_job *job = job_new(&(struct worker_place){0}, &item, 0, 2000);
    cr_assert_lt(job->patience_us, 500 * MS);
    cr_assert_gt(job->patience_us, 300 * MS);
    job_free(&job);
    buffer_fini(&request);
}

Test(waiting, the_room_is_bounded)
{
    for (int i = 0; i < 3; i++)
        cr_assert(waiting_add(&room, job_of(7, 2, 5, 0), 0));
    struct query_job *late = job_of(7, 2, 5, 0);
    cr_assert_not(waiting_add(&room, late, 0));
    cr_assert(code_is(late, "behind"));
    job_free(&late);
}

Test(waiting, one_look_is_under_way_at_most_and_looks_become_rarer)
{
    struct query_job *look, *ready, *answered;
    uint64_t now_us = 0;
    int looks = 0;
    cr_assert(waiting_add(&room, job_of(7, 2, 5, 0), 0));
    look = waiting_look(&room, 1 * MS);
    cr_assert_not_null(look);
    cr_assert_null(waiting_look(&room, 900 * MS));
    look_says(look, 7, 2, 0, false);
    waiting_seen(&room, look, 1 * MS, &ready, &answered);
    for (now_us = 1 * MS; now_us < 1900 * MS; now_us += MS) {
        look = waiting_look(&room, now_us);
        if (look == NULL)
            continue;
        look_says(look, 7, 2, 0, false);
        waiting_seen(&room, look, now_us, &ready, &answered);
        looks++;
    }
    cr_assert_geq(looks, 50);
    cr_assert_leq(looks, 150);
}

/* As after a restore, while no build of the new log is live. */
Test(waiting, who_is_let_out_in_vain_does_not_begin_the_looks_anew)
{
    struct query_job *look, *ready, *answered;
    int looks = 0;
    cr_assert(waiting_add(&room, job_of(7, 2, 5, 0), 0));
    for (uint64_t now_us = 1 * MS; now_us < 1900 * MS; now_us += MS) {
        look = waiting_look(&room, now_us);
        if (look == NULL)
            continue;
        look->known[0] = false;
        waiting_seen(&room, look, now_us, &ready, &answered);
        cr_assert(waiting_add(&room, ready, now_us));
        looks++;
    }
    cr_assert_geq(looks, 50);
    cr_assert_leq(looks, 150);
}

Test(waiting, a_new_job_is_looked_for_at_once_beside_an_old_one)
{
    struct query_job *look, *ready, *answered;
    cr_assert(waiting_add(&room, job_of(7, 2, 5, 0), 0));
    look = waiting_look(&room, 1000 * MS);
    look_says(look, 7, 2, 0, false);
    waiting_seen(&room, look, 1000 * MS, &ready, &answered);
    cr_assert_null(waiting_look(&room, 1002 * MS));
    cr_assert(waiting_add(&room, job_of(7, 2, 5, 1002 * MS), 1002 * MS));
    cr_assert_not_null(look = waiting_look(&room, 1003 * MS));
    job_free(&look);
}

Test(waiting, a_build_that_is_live_no_more_lets_out_to_read_anew)
{
    struct query_job *job = job_of(7, 2, 5, 0), *look, *ready, *answered;
    cr_assert(waiting_add(&room, job, 0));
    look = waiting_look(&room, 1 * MS);
    look->known[0] = false;
    waiting_seen(&room, look, 1 * MS, &ready, &answered);
    cr_assert_eq(ready, job);
    job_free(&ready);
}

Test(waiting, jobs_of_many_builds_all_have_their_turn)
{
    struct query_job *look, *ready, *answered;
    bool seen[3 * LOOK_BUILDS] = {false};
    waiting_fini(&room);
    cr_assert_eq(waiting_init(&room, PARTITIONS, 100), error_none);
    for (uint32_t build = 0; build < 3 * LOOK_BUILDS; build++)
        cr_assert(waiting_add(&room, job_of(build, 2, 5, 0), 0));
    for (uint64_t now_us = 1 * MS; now_us < 200 * MS; now_us += 25 * MS) {
        look = waiting_look(&room, now_us);
        cr_assert_not_null(look);
        for (uint32_t i = 0; i < look->look_count; i++)
            seen[look->look_builds[i]] = true;
        look_says(look, 1000, 0, 0, false);
        waiting_seen(&room, look, now_us, &ready, &answered);
    }
    for (uint32_t build = 0; build < 3 * LOOK_BUILDS; build++)
        cr_assert(seen[build], "build %u was never looked at", build);
}
