/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What followers see, as conversations with the core. */
#include "tests/unit/follow/log.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define T0 UINT64_C(1000000)
#define MANY 1000

static void begin(void)
{
    log_begin(32);
}

TestSuite(follow, .init = begin, .fini = log_end);

#define SEES(KEY, TEXT)                                                                                                \
    do {                                                                                                               \
        cr_assert_not_null(answer(KEY), "no answer yet");                                                              \
        cr_expect_str_eq(answer(KEY), (TEXT));                                                                         \
    } while (0)
#define WAITS(KEY) cr_expect_null(answer(KEY))

/* Asks again from where the last answer ended. */
static void ask_on(uint64_t key, const char *rest)
{
    char json[8192];
    snprintf(json, sizeof json, "{\"from\":\"%s\"%s}", answer_position(key), rest);
    ask(key, json);
}

Test(follow, everything_is_seen_once_and_in_order_page_by_page)
{
    uint64_t next[PARTITIONS] = {1, 1, 1, 1};
    uint32_t seen = 0;
    for (uint32_t i = 0; i < 1000; i++)
        add(i % 3, "bank.account/a", "deposited", i);
    ask(1, "{\"n\":7}");
    for (uint32_t page = 0; page < 200 && seen < 1000; page++) {
        turns(T0, MANY);
        cr_assert_not_null(answer(1));
        for (const char *at = answer(1); *at != 0; seen++) {
            unsigned partition;
            unsigned long long seq;
            int size;
            cr_assert_eq(sscanf(at, "%u.%llu %n", &partition, &seq, &size), 2);
            cr_assert_eq(seq, next[partition]++);
            at += size;
        }
        cr_expect_eq(answer_more(1), seen < 1000);
        ask_on(1, ",\"n\":7");
    }
    cr_expect_eq(seen, 1000);
    turns(T0, MANY);
    SEES(1, "");
}

Test(follow, who_is_at_the_end_waits_and_is_woken_by_news)
{
    add(1, "bank.account/a", "opened", 0);
    ask(1, "{\"wait\":5000}");
    turns(T0, MANY);
    SEES(1, "1.1");
    ask_on(1, ",\"wait\":5000");
    turns(T0, MANY);
    WAITS(1);
    add(1, "bank.account/a", "deposited", 0);
    follow_news(core(), 1, 2);
    turns(T0 + 1, MANY);
    SEES(1, "1.2");
}

Test(follow, without_any_news_the_store_itself_is_asked)
{
    ask(1, "{\"wait\":5000}");
    turns(T0, MANY);
    add(2, "bank.account/a", "opened", 0);
    turns(T0 + 100000, MANY);
    WAITS(1);
    cr_expect_leq(follow_due_us(core()), T0 + 200000);
    turns(T0 + 200000, MANY);
    SEES(1, "2.1");
}

Test(follow, news_of_what_is_not_there_harm_nobody)
{
    add(0, "bank.account/a", "opened", 0);
    ask(1, "{\"wait\":5000}");
    turns(T0, MANY);
    ask_on(1, ",\"wait\":5000");
    follow_news(core(), 0, 99);
    follow_news(core(), 77, 1);
    turns(T0, MANY);
    WAITS(1);
    cr_expect_not(follow_turn(core(), T0), "nothing is left to do");
    add(0, "bank.account/a", "deposited", 0);
    follow_news(core(), 0, 2);
    turns(T0, MANY);
    SEES(1, "0.2");
}

Test(follow, a_wait_ends_when_it_was_asked_to_and_before_the_request_does)
{
    ask(1, "{\"wait\":3000}");
    ask(2, "{\"wait\":30000}");
    turns(T0 + 2999999, MANY);
    WAITS(1);
    turns(T0 + 3000000, MANY);
    SEES(1, "");
    turns(T0 + 9749999, MANY);
    WAITS(2);
    turns(T0 + 9750000, MANY);
    SEES(2, "");
}

Test(follow, only_ones_own_realm_is_seen_but_by_a_service_that_asks_for_all)
{
    add(0, "other:bank.account/a", "opened", 0);
    add(0, "bank.account/a", "opened", 0);
    ask(1, "{\"all\":true}");
    ask_as_service(2, "{\"all\":true}");
    ask_as_service(3, "{}");
    turns(T0, MANY);
    SEES(1, "0.2");
    SEES(2, "0.1 0.2");
    SEES(3, "0.2");
}

Test(follow, what_the_platform_writes_is_seen_when_asked_for)
{
    add(0, "fluvius.group/g", "acked", 0);
    add(0, "bank.account/a", "opened", 0);
    ask(1, "{}");
    ask(2, "{\"own\":true}");
    ask(3, "{\"ns\":\"fluvius\"}");
    turns(T0, MANY);
    SEES(1, "0.2");
    SEES(2, "0.1 0.2");
    SEES(3, "0.1");
}

Test(follow, answers_without_an_event_are_seen_when_asked_for)
{
    add(0, "bank.account/a", "", 0);
    add(0, "bank.account/a", "opened", 0);
    ask(1, "{}");
    ask(2, "{\"rcpt\":true}");
    turns(T0, MANY);
    SEES(1, "0.2");
    SEES(2, "0.1 0.2");
}

Test(follow, records_are_chosen_by_namespace_resource_aggregate_type_and_partition)
{
    add(0, "bank.account/a", "opened", 0);
    add(0, "bank.loan/a", "opened", 0);
    add(1, "shop.order/a", "placed", 0);
    add(1, "bank.account/b", "closed", 0);
    ask(1, "{\"ns\":\"bank\"}");
    ask(2, "{\"res\":\"account\"}");
    ask(3, "{\"types\":[\"placed\",\"closed\"]}");
    ask(4, "{\"parts\":[1]}");
    ask(5, "{\"agg\":\"a\",\"types\":[\"opened\"]}");
    turns(T0, MANY);
    SEES(1, "0.1 0.2 1.2");
    SEES(2, "0.1 1.2");
    SEES(3, "1.1 1.2");
    SEES(4, "1.1 1.2");
    SEES(5, "0.1 0.2");
}

Test(follow, one_aggregate_is_read_in_its_partition_alone)
{
    struct stream stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("a")};
    uint32_t home = stream_partition(stream_hash(&stream), PARTITIONS);
    char wanted[16];
    for (uint32_t i = 0; i < PARTITIONS; i++)
        add(i, "bank.account/a", "opened", 0);
    ask(1, "{\"ns\":\"bank\",\"res\":\"account\",\"agg\":\"a\"}");
    turns(T0, MANY);
    snprintf(wanted, sizeof wanted, "%u.1", home);
    SEES(1, wanted);
}

Test(follow, the_position_moves_on_when_nothing_matches)
{
    for (uint32_t i = 0; i < 5000; i++)
        add(3, "shop.order/a", "placed", 0);
    ask(1, "{\"ns\":\"bank\"}");
    turns(T0, MANY);
    SEES(1, "");
    cr_expect_str_eq(answer_position(1), "ab:3.5000");
}

Test(follow, from_the_end_only_what_comes_later_is_seen)
{
    add(0, "bank.account/a", "opened", 0);
    ask(1, "{\"from\":\"end\",\"wait\":1000}");
    turns(T0, MANY);
    add(0, "bank.account/a", "deposited", 0);
    follow_news(core(), 0, 2);
    turns(T0, MANY);
    SEES(1, "0.2");
}

Test(follow, from_a_time_its_first_record_is_found_in_every_partition)
{
    for (uint32_t i = 0; i < 100; i++)
        add(i % 4, "bank.account/a", "deposited", i * 10);
    ask(1, "{\"since\":955}");
    ask(2, "{\"since\":960}");
    ask(3, "{\"since\":991}");
    turns(T0, MANY);
    SEES(1, "0.25 1.25 2.25 3.25");
    SEES(2, "0.25 1.25 2.25 3.25");
    SEES(3, "");
}

Test(follow, followers_at_the_end_share_one_look_at_the_store)
{
    for (uint64_t key = 1; key <= 20; key++)
        ask(key, "{\"from\":\"end\",\"wait\":5000}");
    turns(T0, MANY);
    rows_taken();
    for (uint32_t i = 0; i < 10; i++)
        add(0, "bank.account/a", "deposited", 0);
    follow_news(core(), 0, 10);
    turns(T0, MANY);
    cr_expect_eq(rows_taken(), 10);
    for (uint64_t key = 1; key <= 20; key++)
        SEES(key, "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 0.10");
}

Test(follow, who_falls_behind_what_is_in_memory_reads_the_store_and_misses_nothing)
{
    char wanted[8192] = "";
    ask(1, "{\"from\":\"end\",\"wait\":5000}");
    ask(2, "{\"from\":\"end\",\"wait\":5000}");
    turns(T0, MANY);
    for (uint32_t i = 0; i < 900; i++) { /* more than the ring's 64 KiB hold */
        add(0, "bank.account/a", "deposited", 0);
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s0.%u", i == 0 ? "" : " ", i + 1);
    }
    follow_news(core(), 0, 900);
    turns(T0, MANY);
    SEES(1, wanted);
    SEES(2, wanted);
    struct follow_counts counts;
    follow_counts(core(), &counts);
    cr_expect_leq(counts.ring_bytes, 65536);
    cr_expect_gt(counts.from_store, 900);
}

Test(follow, who_is_far_behind_does_not_hold_up_who_is_at_the_end)
{
    for (uint32_t i = 0; i < 60000; i++)
        add(0, "shop.order/a", "placed", 0);
    for (uint64_t key = 1; key <= 10; key++)
        ask(key, "{\"ns\":\"bank\",\"wait\":5000}");
    ask(20, "{\"from\":\"end\",\"wait\":5000}");
    turns(T0, 4);
    add(1, "bank.account/a", "opened", 0);
    follow_news(core(), 1, 1);
    turns(T0, 4);
    SEES(20, "1.1");
    WAITS(1);
}

Test(follow, too_many_are_refused_and_room_comes_back)
{
    for (uint64_t key = 1; key <= 32; key++)
        ask(key, "{\"wait\":1000}");
    ask(33, "{\"wait\":1000}");
    SEES(33, "busy followers_full");
    turns(T0 + 1000000, MANY);
    ask(33, "{}");
    turns(T0 + 1000000, MANY);
    SEES(33, "");
}

Test(follow, what_cannot_be_meant_is_refused)
{
    ask(1, "{\"from\":\"ac:0.1\"}");
    ask(2, "{\"from\":\"never\"}");
    ask(3, "{\"from\":\"ab:4.1\"}");
    ask(4, "{\"type\":\"opened\"}");
    ask(5, "{\"parts\":[4]}");
    SEES(1, "invalid other_log");
    SEES(2, "invalid bad_position");
    SEES(3, "invalid bad_position");
    SEES(4, "invalid unknown_field");
    SEES(5, "invalid bad_position");
}

Test(follow, a_store_that_fails_is_told_and_nothing_is_skipped)
{
    add(0, "bank.account/a", "opened", 0);
    store_fails(true);
    ask(1, "{}");
    SEES(1, "unavailable io");
    store_fails(false);
    ask(1, "{\"wait\":1000}");
    store_fails(true);
    turns(T0, MANY);
    SEES(1, "unavailable io");
    store_fails(false);
    ask(1, "{}");
    turns(T0, MANY);
    SEES(1, "0.1");
}

Test(follow, an_answer_ends_when_its_bytes_are_full)
{
    for (uint32_t i = 0; i < 10; i++)
        add(0, "bank.account/a", "deposited", 0);
    ask(1, "{\"bytes\":100}");
    turns(T0, MANY);
    SEES(1, "0.1");
    cr_expect(answer_more(1));
}
