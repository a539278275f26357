/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Queries find a query process: any of them, the one with least in hand, another when it is lost. */
#include <criterion/criterion.h>

#include "tests/unit/broker/scene.h"

static const struct party SHARD = {"shard-a", 11, 1001, NULL, NULL};
static const struct party ONE = {"query-1", 21, 2001, NULL, SERVES_QUERY};
static const struct party TWO = {"query-2", 22, 2002, NULL, SERVES_QUERY};
static const struct party PROJECTOR = {"projector-1", 31, 3001, NULL, SERVES_PROJECTOR};
enum { CLIENT = 1 };

static uint64_t query(struct scene *scene)
{
    return ask(scene, CLIENT, &(struct asked){.operation = operation_query, .identifier = NULL}, 1);
}

static bool code_is(struct scene *scene, uint64_t frame, const char *code)
{
    return slice_is(reply_at(scene, frame, 0).code, code);
}

Test(broker_offers, query_goes_to_a_query_process_and_never_to_a_shard)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t shard = announce_all(it, &SHARD, 1), projector = grant(it, &PROJECTOR), credit = grant(it, &ONE);
    uint64_t frame = query(it);
    cr_assert_not(answered(it, shard));
    cr_assert_not(answered(it, projector));
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 1);
    cr_assert_eq(work.items[0].partition, 0);
    done(it, &ONE, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    cr_assert_eq(broker_open(it->broker), 0);
    scene_free(it);
}

Test(broker_offers, queries_are_answered_without_any_shard)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t credit = grant(it, &ONE), frame = query(it);
    work_at(it, credit, &work);
    cr_assert_not(work.unknown);
    done(it, &ONE, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    scene_free(it);
}

Test(broker_offers, what_was_is_asked_of_query_processes_and_what_is_of_the_shard)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work at_shard, at_query;
    uint64_t shard = announce_all(it, &SHARD, 1), credit = grant(it, &ONE);
    const struct asked asked[] = {{.operation = operation_events, .identifier = "a1"},
                                  {.operation = operation_changes, .identifier = "a1"},
                                  {.operation = operation_log, .partition = 99},
                                  {.operation = operation_state, .identifier = "a1", .version = 3},
                                  {.operation = operation_state, .identifier = "a1", .at_us = 1},
                                  {.operation = operation_state, .identifier = "a1"}};
    ask(it, CLIENT, asked, 6);
    work_at(it, credit, &at_query);
    work_at(it, shard, &at_shard);
    cr_assert_eq(at_query.count, 5);
    cr_assert_eq(at_shard.count, 1);
    scene_free(it);
}

Test(broker_offers, commands_never_go_to_a_query_process)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t credit = grant(it, &ONE), frame = deposit(it, CLIENT, "a1");
    cr_assert_not(answered(it, credit));
    pass(it, limit_parked_ms + 20);
    cr_assert(code_is(it, frame, "no_shard"));
    scene_free(it);
}

Test(broker_offers, the_one_with_least_in_hand_gets_the_next)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t first = grant(it, &ONE);
    query(it);
    work_at(it, first, &work); /* ONE has one in hand */
    uint64_t second = grant(it, &ONE), other = grant(it, &TWO);
    query(it);
    cr_assert_not(answered(it, second));
    work_at(it, other, &work);
    cr_assert_eq(work.count, 1);
    scene_free(it);
}

Test(broker_offers, what_waits_is_shared_among_those_that_can_take_it)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct asked asked[8];
    struct work one, two;
    for (uint32_t i = 0; i < 8; i++)
        asked[i] = (struct asked){.operation = operation_query};
    uint64_t a = grant(it, &ONE), b = grant(it, &TWO);
    ask(it, CLIENT, asked, 8);
    work_at(it, a, &one);
    work_at(it, b, &two);
    cr_assert_eq(one.count, 4);
    cr_assert_eq(two.count, 4);
    scene_free(it);
}

Test(broker_offers, without_a_grant_a_query_waits_until_there_is_one)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t credit = grant(it, &ONE);
    query(it);
    work_at(it, credit, &work); /* the only grant is used */
    uint64_t late = query(it);
    pass(it, limit_parked_ms / 2);
    cr_assert_not(answered(it, late));
    credit = grant(it, &ONE);
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 1);
    scene_free(it);
}

Test(broker_offers, what_a_lost_query_process_had_goes_to_another)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t credit = grant(it, &ONE), frame = query(it);
    work_at(it, credit, &work);
    leave(it, ONE.pipe);
    uint64_t other = grant(it, &TWO);
    work_at(it, other, &work);
    cr_assert_eq(work.count, 1);
    done(it, &TWO, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    scene_free(it);
}

static uint64_t follow(struct scene *scene)
{
    return ask(scene, CLIENT, &(struct asked){.operation = operation_follow, .identifier = NULL}, 1);
}

/* A process comes, is sent what waits, and is lost; how many requests it had. */
static uint32_t come_and_go(struct scene *scene, struct party party)
{
    struct work work = {0};
    uint64_t credit = grant(scene, &party);
    if (answered(scene, credit))
        work_at(scene, credit, &work);
    leave(scene, party.pipe);
    return work.count;
}

Test(broker_offers, query_that_ends_three_processes_is_answered_and_given_to_no_other)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct broker_counters counters;
    uint64_t frame = query(it);
    cr_assert_eq(come_and_go(it, ONE), 1);
    cr_assert_eq(come_and_go(it, ONE), 1);
    cr_assert_not(answered(it, frame));
    cr_assert_eq(come_and_go(it, TWO), 1);
    cr_assert_eq(status_at(it, frame, 0), status_error);
    cr_assert(code_is(it, frame, "query_crash"));
    cr_assert_eq(come_and_go(it, ONE), 0);
    broker_counters(it->broker, &counters);
    cr_assert_eq(counters.query_crashes, 1);
    cr_assert_eq(counters.repeated_sends, 2);
    cr_assert_eq(broker_open(it->broker), 0);
    scene_free(it);
}

Test(broker_offers, queries_lost_twice_are_tried_one_at_a_time)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work first, second, other;
    struct asked asked[4];
    for (uint32_t i = 0; i < 4; i++)
        asked[i] = (struct asked){.operation = operation_query, .id = (uint8_t)(i + 1)};
    uint64_t frame = ask(it, CLIENT, asked, 4);
    cr_assert_eq(come_and_go(it, ONE), 4);
    cr_assert_eq(come_and_go(it, ONE), 4);
    uint64_t credit = grant(it, &ONE);
    uint64_t more = grant(it, &ONE);
    work_at(it, credit, &first);
    cr_assert_eq(first.count, 1);
    cr_assert_not(answered(it, more)); /* it has one of them */
    uint64_t untried = query(it);
    work_at(it, more, &other);
    cr_assert_eq(other.count, 1); /* others do not wait for that */
    credit = done(it, &ONE, other.items, 1, status_ok);
    cr_assert_eq(status_at(it, untried, 0), status_ok);
    cr_assert_not(answered(it, credit));
    done(it, &ONE, first.items, 1, status_ok);
    work_at(it, credit, &second);
    cr_assert_eq(second.count, 1);
    cr_assert_neq(first.items[0].key, second.items[0].key);
    cr_assert_not(answered(it, frame));
    scene_free(it);
}

/* The third of four queries ends whichever process has it. */
Test(broker_offers, queries_that_were_in_the_same_hands_are_answered)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct asked asked[4];
    struct work work;
    for (uint32_t i = 0; i < 4; i++)
        asked[i] = (struct asked){.operation = operation_query, .id = (uint8_t)(i + 1)};
    uint64_t frame = ask(it, CLIENT, asked, 4), poison = 0;
    for (uint32_t round = 0; round < 20 && !answered(it, frame); round++) {
        uint64_t credit = grant(it, &ONE);
        bool ended = false;
        while (answered(it, credit) && !ended) {
            work_at(it, credit, &work);
            poison = round == 0 ? work.items[2].key : poison;
            for (uint32_t i = 0; i < work.count; i++)
                ended = ended || work.items[i].key == poison;
            credit = ended ? credit : done(it, &ONE, work.items, work.count, status_ok);
        }
        leave(it, ONE.pipe);
    }
    for (uint32_t i = 0; i < 4; i++)
        cr_assert_eq(status_at(it, frame, i), i == 2 ? status_error : status_ok, "query %u", i);
    scene_free(it);
}

Test(broker_offers, follower_in_hand_when_three_processes_end_is_told_to_come_again)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t one = follow(it), two = follow(it);
    cr_assert_eq(come_and_go(it, ONE), 2);
    cr_assert_eq(come_and_go(it, ONE), 2);
    cr_assert_eq(come_and_go(it, ONE), 2); /* none of them waits for the other */
    cr_assert_eq(status_at(it, one, 0), status_unavailable);
    cr_assert_eq(status_at(it, two, 0), status_unavailable);
    cr_assert_gt(reply_at(it, one, 0).retry_ms, 0);
    scene_free(it);
}

Test(broker_offers, query_on_trial_waits_no_longer_than_others_while_no_process_is_there)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t frame = query(it);
    come_and_go(it, ONE);
    come_and_go(it, ONE);
    pass(it, limit_parked_ms - 50);
    cr_assert_not(answered(it, frame));
    pass(it, 100);
    cr_assert(code_is(it, frame, "no_query"));
    scene_free(it);
}

Test(broker_offers, silent_query_process_counts_as_lost)
{
    struct scene *it = scene_new((struct broker_config){.silent_ms = 1000, .parked_ms = 500});
    struct work work;
    uint64_t credit = grant(it, &ONE), frame = query(it);
    work_at(it, credit, &work);
    pass(it, 1020);
    cr_assert(closed(it, ONE.pipe));
    cr_assert_not(answered(it, frame)); /* another may come: it waits anew */
    pass(it, 540);
    cr_assert(code_is(it, frame, "no_query"));
    scene_free(it);
}

Test(broker_offers, with_no_query_process_queries_wait_a_while_and_are_unavailable)
{
    struct scene *it = scene_new((struct broker_config){0});
    announce_all(it, &SHARD, 1);
    uint64_t frame = query(it);
    pass(it, limit_parked_ms - 50);
    cr_assert_not(answered(it, frame));
    pass(it, 100);
    cr_assert_eq(status_at(it, frame, 0), status_unavailable);
    cr_assert(code_is(it, frame, "no_query"));
    cr_assert_gt(reply_at(it, frame, 0).retry_ms, 0);
    scene_free(it);
}

Test(broker_offers, deadline_ends_a_query_that_waits)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t frame = ask(it, CLIENT, &(struct asked){.operation = operation_query, .deadline_ms = 100}, 1);
    pass(it, 120);
    cr_assert_eq(status_at(it, frame, 0), status_deadline);
    scene_free(it);
}

Test(broker_offers, queries_that_wait_are_bounded)
{
    struct scene *it = scene_new((struct broker_config){.parked_commands = 2});
    query(it);
    query(it);
    uint64_t frame = query(it);
    cr_assert_eq(status_at(it, frame, 0), status_busy);
    cr_assert(code_is(it, frame, "broker_full"));
    scene_free(it);
}

Test(broker_offers, query_process_may_change_neither_owners_nor_the_log_s_size)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t shard = announce_all(it, &SHARD, 1);
    announce_all(it, &ONE, 9);
    deposit(it, CLIENT, account_in(1, 0));
    work_at(it, shard, &work);
    cr_assert_eq(work.count, 1);
    scene_free(it);
}

Test(broker_offers, a_broker_that_stops_answers_queries_that_wait)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t frame = query(it);
    stop(it);
    cr_assert(code_is(it, frame, "stopping"));
    scene_free(it);
}

static bool text_has(struct slice text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

Test(broker_offers, health_and_metrics_show_other_services_beside_shards)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct buffer alarms = {0};
    write_array(&alarms, 1);
    write_string(&alarms, "a projection stands still");
    announce_all(it, &SHARD, 1);
    speak(it,
          &PROJECTOR,
          (struct work_frame){.alarms = buffer_slice(&alarms),
                              .metrics = slice_text("# HELP rows_total r\n# TYPE rows_total counter\nrows_total 7\n")});
    uint64_t health = ask(it, CLIENT, &(struct asked){.operation = operation_health}, 1);
    uint64_t metrics = ask(it, CLIENT, &(struct asked){.operation = operation_metrics}, 1);
    struct slice data = reply_at(it, health, 0).data, shards;
    cr_assert(text_has(data, "a projection stands still"));
    cr_assert(text_has(data, "projector-1"));
    cr_assert_eq(msgpack_find(data, "shards", &shards), error_none);
    cr_assert_not(text_has(shards, "projector-1"));
    cr_assert(text_has(reply_at(it, metrics, 0).data, "rows_total 7"));
    buffer_fini(&alarms);
    scene_free(it);
}
