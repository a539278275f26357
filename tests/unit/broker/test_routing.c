/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests find their shard, and replies their request: routing, order, credits, epochs, hand-over. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/broker/scene.h"

static const struct party A = {"shard-a", 11, 1001, NULL};
static const struct party B = {"shard-b", 22, 1002, NULL};
enum { CLIENT = 1, OTHER = 2 };

static bool is_for(const struct item *item, const char *account)
{
    struct request request;
    struct envelope_fault fault;
    cr_assert_eq(request_decode(item->request, &request, &fault), error_none);
    return slice_is(request.identifier, account);
}

Test(broker, request_goes_to_the_owner_at_once_and_its_reply_comes_back)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t credit = announce_all(it, &A, 1);
    cr_assert_not(answered(it, credit)); /* kept until there is work */
    uint64_t frame = deposit(it, CLIENT, account_in(2, 0));
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 1);
    cr_assert_eq(work.items[0].partition, 2);
    cr_assert(slice_is(work.items[0].realm, "default"));
    cr_assert(slice_is(work.items[0].user, "anonymous"));
    cr_assert(is_for(&work.items[0], account_in(2, 0)));
    cr_assert_not(answered(it, frame));
    done(it, &A, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    cr_assert_eq(broker_open(it->broker), 0);
    scene_free(it);
}

Test(broker, each_partition_goes_to_its_own_shard)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t a = announce(it, &A, (struct owned[]){{0, 1}, {1, 1}}, 2);
    uint64_t b = announce(it, &B, (struct owned[]){{2, 1}, {3, 1}}, 2);
    struct asked asked[4] = {{0}};
    for (uint32_t i = 0; i < 4; i++)
        asked[i].identifier = account_in(i, 0);
    uint64_t frame = ask(it, CLIENT, asked, 4);
    work_at(it, a, &work);
    cr_assert_eq(work.count, 2);
    cr_assert_eq(work.items[0].partition, 0);
    cr_assert_eq(work.items[1].partition, 1);
    done(it, &A, work.items, 2, status_ok);
    cr_assert_not(answered(it, frame)); /* all or nothing */
    work_at(it, b, &work);
    cr_assert_eq(work.count, 2);
    done(it, &B, work.items, 2, status_rejected);
    cr_assert_eq(reply_count(it, frame), 4);
    scene_free(it);
}

Test(broker, replies_come_back_in_the_order_of_the_requests)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    struct asked asked[6];
    uint64_t credit = announce_all(it, &A, 1);
    for (uint8_t i = 0; i < 6; i++)
        asked[i] = (struct asked){.identifier = account_in(i % 4, i), .id = i};
    uint64_t frame = ask(it, CLIENT, asked, 6);
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 6);
    for (uint32_t i = 6; i-- > 0;)
        done(it, &A, &work.items[i], 1, i % 2 == 0 ? status_ok : status_conflict);
    for (uint8_t i = 0; i < 6; i++) {
        cr_assert_eq(reply_at(it, frame, i).id.bytes[15], i);
        cr_assert_eq(status_at(it, frame, i), i % 2 == 0 ? status_ok : status_conflict);
    }
    scene_free(it);
}

Test(broker, new_aggregates_get_the_identifier_that_a_retry_gets_too)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work first, second;
    uint64_t one = announce_all(it, &A, 1), two = grant(it, &A);
    ask(it, CLIENT, &(struct asked){.id = 9}, 1);
    ask(it, OTHER, &(struct asked){.id = 9}, 1);
    work_at(it, one, &first);
    work_at(it, two, &second);
    cr_assert_eq(first.items[0].identifier.size, UUID_TEXT_SIZE - 1);
    cr_assert(slice_equal(first.items[0].identifier, second.items[0].identifier));
    cr_assert_eq(first.items[0].partition, second.items[0].partition);
    struct uuid id;
    cr_assert_eq(uuid_parse(first.items[0].identifier, &id), error_none);
    scene_free(it);
}

Test(broker, states_are_routed_like_commands)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t credit = announce_all(it, &A, 1);
    const struct asked asked[] = {{.operation = operation_state, .identifier = account_in(1, 0)},
                                  {.operation = operation_state, .identifier = account_in(2, 0)}};
    ask(it, CLIENT, asked, 2);
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 2);
    for (uint32_t i = 0; i < 2; i++)
        cr_assert_eq(work.items[i].partition, i + 1);
    scene_free(it);
}

/* ---- credits ---- */

Test(broker, work_waits_for_a_credit_and_then_goes_together)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t first = announce_all(it, &A, 1);
    deposit(it, CLIENT, account_in(0, 0));
    cr_assert(answered(it, first));
    for (uint32_t i = 1; i <= 5; i++)
        deposit(it, CLIENT, account_in(0, i));
    uint64_t second = grant(it, &A);
    work_at(it, second, &work);
    cr_assert_eq(work.count, 5);
    for (uint32_t i = 0; i < 5; i++)
        cr_assert(is_for(&work.items[i], account_in(0, i + 1)));
    scene_free(it);
}

Test(broker, a_credit_carries_at_most_256_items)
{
    struct scene *it = scene_new((struct broker_config){0});
    static struct work work;
    static struct asked asked[300];
    announce_all(it, &A, 1);
    deposit(it, CLIENT, "x"); /* uses the credit */
    for (uint32_t i = 0; i < 300; i++)
        asked[i].identifier = "x";
    ask(it, CLIENT, asked, 300);
    uint64_t one = grant(it, &A), two = grant(it, &A);
    work_at(it, one, &work);
    cr_assert_eq(work.count, 256);
    work_at(it, two, &work);
    cr_assert_eq(work.count, 44);
    scene_free(it);
}

Test(broker, a_credit_carries_at_most_256_kib_but_always_one_item)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    struct asked asked[3];
    announce_all(it, &A, 1);
    deposit(it, CLIENT, "x");
    for (uint32_t i = 0; i < 3; i++)
        asked[i] = (struct asked){.identifier = "x", .padding = i == 0 ? 300000 : 100000};
    ask(it, CLIENT, asked, 3);
    uint64_t one = grant(it, &A), two = grant(it, &A);
    work_at(it, one, &work);
    cr_assert_eq(work.count, 1);
    work_at(it, two, &work);
    cr_assert_eq(work.count, 2);
    scene_free(it);
}

Test(broker, more_than_eight_credits_return_the_oldest_empty)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t credits[9] = {announce_all(it, &A, 1)};
    for (int i = 1; i < 9; i++)
        credits[i] = grant(it, &A);
    work_at(it, credits[0], &work);
    cr_assert_eq(work.count, 0);
    cr_assert_not(work.unknown);
    for (int i = 1; i < 9; i++)
        cr_assert_not(answered(it, credits[i]));
    scene_free(it);
}

Test(broker, credits_older_than_250_ms_come_back_as_a_heartbeat)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t credit = announce_all(it, &A, 1);
    pass(it, 240);
    cr_assert_not(answered(it, credit));
    pass(it, 10);
    cr_assert(answered(it, credit));
    scene_free(it);
}

Test(broker, items_carry_the_time_that_is_left)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    announce_all(it, &A, 1);
    deposit(it, OTHER, "x");
    ask(it, CLIENT, &(struct asked){.identifier = "x", .deadline_ms = 1000}, 1);
    pass(it, 400);
    uint64_t credit = grant(it, &A);
    work_at(it, credit, &work);
    cr_assert_geq(work.items[0].deadline_ms, 600);
    cr_assert_leq(work.items[0].deadline_ms, 601);
    scene_free(it);
}

/* ---- who owns what ---- */

Test(broker, unknown_shard_is_asked_who_it_is)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t frame = grant(it, &A);
    work_at(it, frame, &work);
    cr_assert(work.unknown);
    cr_assert_eq(work.count, 0);
    uint64_t credit = announce_all(it, &A, 1);
    cr_assert_not(answered(it, credit));
    struct party reborn = A;
    reborn.boot = 12;
    reborn.pipe = 1009;
    frame = grant(it, &reborn); /* the same name, another process */
    work_at(it, frame, &work);
    cr_assert(work.unknown);
    cr_assert(closed(it, A.pipe));
    scene_free(it);
}

Test(broker, higher_epoch_wins_whoever_speaks_last)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    announce_all(it, &A, 5);
    uint64_t b = announce_all(it, &B, 6);
    deposit(it, CLIENT, "x");
    work_at(it, b, &work);
    cr_assert_eq(work.count, 1);
    uint64_t a = announce_all(it, &A, 5); /* says it again: it does not know yet */
    deposit(it, CLIENT, "x");
    cr_assert_not(answered(it, a));
    b = grant(it, &B);
    work_at(it, b, &work);
    cr_assert_eq(work.count, 1);
    scene_free(it);
}

Test(broker, work_that_the_old_owner_had_goes_to_the_one_with_the_higher_epoch)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work old, new;
    uint64_t a = announce_all(it, &A, 5);
    uint64_t frame = deposit(it, CLIENT, "x");
    uint64_t waiting = deposit(it, CLIENT, "x"); /* queued: there is no second credit */
    work_at(it, a, &old);
    uint64_t b = announce_all(it, &B, 6);
    work_at(it, b, &new);
    cr_assert_eq(new.count, 2); /* first what was sent, then what was queued */
    done(it, &A, old.items, 1, status_ok);
    cr_assert_not(answered(it, frame)); /* the old owner's word is late */
    done(it, &B, new.items, 2, status_rejected);
    cr_assert_eq(status_at(it, frame, 0), status_rejected);
    cr_assert_eq(status_at(it, waiting, 0), status_rejected);
    scene_free(it);
}

Test(broker, request_waits_for_an_owner_and_goes_to_the_first)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    deposit(it, CLIENT, account_in(0, 0)); /* not even the number of partitions is known */
    deposit(it, CLIENT, account_in(1, 0));
    uint64_t a = announce(it, &A, (struct owned[]){{1, 1}}, 1);
    work_at(it, a, &work);
    cr_assert_eq(work.count, 1);
    cr_assert_eq(work.items[0].partition, 1);
    pass(it, 100);
    uint64_t b = announce(it, &B, (struct owned[]){{0, 1}}, 1);
    work_at(it, b, &work);
    cr_assert_eq(work.count, 1);
    cr_assert_eq(work.items[0].partition, 0);
    scene_free(it);
}

Test(broker, lost_shards_work_goes_to_the_next_owner_in_its_order)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t frames[6];
    uint64_t a = announce_all(it, &A, 1);
    frames[0] = deposit(it, CLIENT, account_in(0, 0));
    grant(it, &A);
    for (uint32_t i = 1; i < 6; i++)
        frames[i] = deposit(it, CLIENT, account_in(0, i)); /* one is sent, four are queued */
    cr_assert(answered(it, a));
    leave(it, A.pipe);
    deposit(it, OTHER, account_in(0, 6)); /* comes while nobody owns it */
    uint64_t b = announce_all(it, &B, 2);
    work_at(it, b, &work);
    cr_assert_eq(work.count, 7);
    for (uint32_t i = 0; i < 7; i++)
        cr_assert(is_for(&work.items[i], account_in(0, i)), "item %u", i);
    done(it, &B, work.items, 7, status_ok);
    for (uint32_t i = 0; i < 6; i++)
        cr_assert_eq(status_at(it, frames[i], 0), status_ok);
    struct broker_counters counters;
    broker_counters(it->broker, &counters);
    cr_assert_eq(counters.repeated_sends, 2);
    scene_free(it);
}

Test(broker, silent_shard_is_lost_after_three_seconds)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    announce_all(it, &A, 1);
    uint64_t frame = deposit(it, CLIENT, "x");
    pass(it, 2500);
    cr_assert_not(closed(it, A.pipe));
    pass(it, 500);
    cr_assert(closed(it, A.pipe));
    uint64_t b = announce_all(it, &B, 2);
    work_at(it, b, &work);
    cr_assert_eq(work.count, 1);
    done(it, &B, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    scene_free(it);
}

Test(broker, partition_that_a_shard_gives_away_takes_its_unanswered_work_along)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work, at_b;
    uint64_t a = announce_all(it, &A, 1);
    const struct asked asked[] = {{.identifier = account_in(0, 0)}, {.identifier = account_in(1, 0)}};
    uint64_t frame = ask(it, CLIENT, asked, 2);
    work_at(it, a, &work);
    announce(it, &A, (struct owned[]){{1, 1}}, 1); /* without 0, 2 and 3 */
    uint64_t b = announce(it, &B, (struct owned[]){{0, 2}}, 1);
    work_at(it, b, &at_b);
    cr_assert_eq(at_b.count, 1);
    cr_assert_eq(at_b.items[0].partition, 0);
    done(it, &A, work.items, 2, status_rejected); /* only its own counts */
    cr_assert_not(answered(it, frame));
    done(it, &B, at_b.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    cr_assert_eq(status_at(it, frame, 1), status_rejected);
    scene_free(it);
}

Test(broker, drained_replies_count_although_the_same_frame_gives_the_partition_away)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    struct buffer replies = {0}, owned = {0};
    uint64_t a = announce_all(it, &A, 1);
    uint64_t frame = deposit(it, CLIENT, "x");
    work_at(it, a, &work);
    write_array(&replies, 1);
    write_array(&replies, 3);
    write_unsigned(&replies, work.items[0].key);
    write_unsigned(&replies, status_ok);
    reply_encode(&replies, &(struct reply){.status = status_ok});
    write_array(&owned, 0);
    speak(it, &A, (struct work_frame){.replies = buffer_slice(&replies), .owned = buffer_slice(&owned)});
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    buffer_fini(&replies);
    buffer_fini(&owned);
    scene_free(it);
}

Test(broker, moved_is_not_told_but_tried_again)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t a = announce_all(it, &A, 1);
    uint64_t frame = deposit(it, CLIENT, "x");
    work_at(it, a, &work);
    a = done(it, &A, work.items, 1, status_moved);
    cr_assert_not(answered(it, frame));
    cr_assert_not(answered(it, a)); /* not at once to the same shard */
    uint64_t b = announce_all(it, &B, 2);
    pass(it, 0); /* at once to another */
    work_at(it, b, &work);
    cr_assert_eq(work.count, 1);
    done(it, &B, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    scene_free(it);
}

Test(broker, moved_for_ever_ends_at_the_deadline)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t credit = announce_all(it, &A, 1);
    uint64_t frame = ask(it, CLIENT, &(struct asked){.identifier = "x", .deadline_ms = 1000}, 1);
    int moves = 0;
    for (int i = 0; i < 200 && !answered(it, frame); i++) {
        struct work work = {0};
        if (answered(it, credit))
            work_at(it, credit, &work);
        moves += (int)work.count;
        if (answered(it, credit))
            credit = done(it, &A, work.items, work.count, status_moved);
        pass(it, 10);
    }
    cr_assert_eq(status_at(it, frame, 0), status_deadline);
    cr_assert_leq(moves, 30);
    scene_free(it);
}

Test(broker, stale_unknown_and_repeated_replies_are_ignored)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t a = announce_all(it, &A, 1);
    uint64_t frame = deposit(it, CLIENT, "x");
    work_at(it, a, &work);
    struct item wrong = work.items[0];
    wrong.key ^= 1ull << 40;
    done(it, &A, &wrong, 1, status_error);
    announce(it, &B, NULL, 0);
    done(it, &B, work.items, 1, status_error); /* not its work */
    cr_assert_not(answered(it, frame));
    done(it, &A, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    done(it, &A, work.items, 1, status_error);
    uint64_t next = deposit(it, CLIENT, "y"); /* in the same slot, and sent to the same shard */
    done(it, &A, work.items, 1, status_error);
    cr_assert_not(answered(it, next));
    scene_free(it);
}

Test(broker, keys_of_another_broker_find_nothing)
{
    struct scene *one = scene_new((struct broker_config){.seed = 1});
    struct scene *two = scene_new((struct broker_config){.seed = 2});
    struct work at_one, at_two;
    uint64_t a = announce_all(one, &A, 1), b = announce_all(two, &A, 1);
    deposit(one, CLIENT, "x");
    uint64_t frame = deposit(two, CLIENT, "x");
    work_at(one, a, &at_one);
    work_at(two, b, &at_two);
    cr_assert_neq(at_one.items[0].key, at_two.items[0].key);
    done(two, &A, at_one.items, 1, status_error);
    cr_assert_not(answered(two, frame));
    scene_free(one);
    scene_free(two);
}

Test(broker, shard_of_another_log_is_refused_until_the_others_are_gone)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct buffer owned = {0};
    enum status status;
    announce_all(it, &A, 1);
    write_array(&owned, 1);
    write_array(&owned, 2);
    write_unsigned(&owned, 9);
    write_unsigned(&owned, 1);
    const struct work_frame other = {.partitions = 16, .owned = buffer_slice(&owned)};
    uint64_t frame = speak(it, &B, other);
    cr_assert_str_eq(refusal(it, frame, &status), "other_log");
    cr_assert_eq(status, status_denied);
    leave(it, A.pipe);
    frame = speak(it, &B, other); /* a new log: the data was replaced */
    cr_assert_not(answered(it, frame));
    buffer_fini(&owned);
    scene_free(it);
}

Test(broker, lower_epoch_counts_when_the_owner_is_gone)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    announce_all(it, &A, 9);
    leave(it, A.pipe);
    uint64_t b = announce_all(it, &B, 1); /* as after a restore from a backup */
    deposit(it, CLIENT, "x");
    work_at(it, b, &work);
    cr_assert_eq(work.count, 1);
    scene_free(it);
}

Test(broker, client_that_leaves_takes_its_requests_along)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t a = announce_all(it, &A, 1);
    uint64_t frame = deposit(it, CLIENT, "x");
    deposit(it, CLIENT, "x");
    work_at(it, a, &work);
    leave(it, CLIENT);
    cr_assert_eq(broker_open(it->broker), 0);
    uint64_t credit = done(it, &A, work.items, 1, status_ok);
    cr_assert_not(answered(it, frame)); /* nobody is there to answer */
    pass(it, 100);
    cr_assert_not(answered(it, credit)); /* the queued one went too */
    scene_free(it);
}

Test(broker, both_pipes_of_a_shard_that_reconnects_are_not_confused)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    struct party again = A;
    again.pipe = 1003;
    uint64_t a = announce_all(it, &A, 1);
    uint64_t frame = deposit(it, CLIENT, "x");
    work_at(it, a, &work);
    uint64_t b = announce_all(it, &again, 1); /* before the old connection's end is seen */
    leave(it, A.pipe);
    work_at(it, b, &work);
    cr_assert_eq(work.count, 1); /* sent again: the old connection's reply is lost */
    done(it, &again, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    uint64_t next = deposit(it, CLIENT, "y");
    (void)next;
    struct broker_counters counters;
    broker_counters(it->broker, &counters);
    cr_assert_eq(counters.shards, 1);
    cr_assert_eq(counters.unowned, 0);
    scene_free(it);
}
