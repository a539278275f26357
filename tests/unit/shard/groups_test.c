/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a shard promises of consumer groups: none of them is told of places that the log does not have. */
#include "tests/unit/shard/world.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct world *w;

static void begin(void)
{
    w = world_new();
}

static void end(void)
{
    world_free(w);
}

TestSuite(groups, .init = begin, .fini = end);

static const struct reply *say(const char *command, const char *data)
{
    return world_call(w, .command = command, .group = "g", .data = data);
}

/* {"consumer": "c", ... [{"partition": P, "seq": SEQ}]} */
static const struct reply *say_place(const char *command, uint32_t partition, uint64_t seq)
{
    char data[160];
    bool many = command[0] == 'a';
    snprintf(data,
             sizeof data,
             "{\"consumer\":\"c\",\"%s\":%s{\"partition\":%u,\"seq\":\"%llu\"}%s}",
             many ? "places" : "place",
             many ? "[" : "",
             partition,
             (unsigned long long)seq,
             many ? "]" : "");
    return say(command, data);
}

static void expect_rejected(const struct reply *reply, const char *code)
{
    cr_expect_eq(reply->status, status_rejected);
    cr_expect(text_is(reply->code, code));
}

/* Where the group's own records are. */
static uint32_t home(void)
{
    struct stream stream = {slice_text("default"), slice_text("fluvius"), slice_text("group"), slice_text("g")};
    return stream_partition(stream_hash(&stream), 4);
}

static void join(void)
{
    cr_assert_eq(say("create", "{}")->status, status_ok);
    cr_assert_eq(say("join", "{\"consumer\":\"c\",\"partitions\":4}")->status, status_ok);
}

Test(groups, who_joins_says_as_many_partitions_as_the_log_has)
{
    cr_assert_eq(say("create", "{}")->status, status_ok);
    expect_rejected(say("join", "{\"consumer\":\"c\",\"partitions\":5}"), "wrong_partitions");
    expect_rejected(say("join", "{\"consumer\":\"c\",\"partitions\":3}"), "wrong_partitions");
    cr_expect_eq(say("join", "{\"consumer\":\"c\",\"partitions\":4}")->status, status_ok);
}

Test(groups, only_records_that_are_there_are_acknowledged)
{
    join(); /* two records */
    expect_rejected(say_place("ack", home(), 7), "no_such_place");
    expect_rejected(say_place("ack", (home() + 1) % 4, 1), "no_such_place");
    cr_expect_eq(say_place("ack", home(), 2)->status, status_ok, "the newest is there");
}

Test(groups, only_records_that_are_there_can_have_failed)
{
    join();
    expect_rejected(say_place("nack", home(), 7), "no_such_place");
    cr_expect_eq(say_place("nack", home(), 2)->status, status_ok);
}

Test(groups, a_group_starts_at_places_that_the_log_has)
{
    expect_rejected(say("create", "{\"start\":[0,0,0]}"), "wrong_partitions");
    expect_rejected(say("create", "{\"start\":[9,9,9,9]}"), "no_such_place");
    cr_expect_eq(say("create", "{\"start\":[0,0,0,0]}")->status, status_ok);
}

Test(groups, a_refusal_is_final_and_a_retry_gets_it_again)
{
    struct uuid id = world_id(w);
    join();
    struct send ack = {.command = "ack", .group = "g", .id = &id};
    ack.data = "{\"consumer\":\"c\",\"places\":[{\"partition\":0,\"seq\":99}]}";
    uint64_t version = world_reply_after(w, &ack)->version;
    expect_rejected(world_reply_after(w, &ack), "no_such_place");
    cr_expect_eq(world_reply_after(w, &ack)->version, version);
}

Test(groups, an_acknowledgement_holds_up_its_own_group_alone)
{
    join();
    cr_assert_eq(world_call(w, .command = "create", .group = "other", .data = "{}")->status, status_ok);
    w->hold_fetches = true;
    char data[96];
    snprintf(data, sizeof data, "{\"consumer\":\"c\",\"places\":[{\"partition\":%u,\"seq\":1}]}", home());
    uint64_t ack = world_send(w, .command = "ack", .group = "g", .data = data);
    uint64_t behind = world_send(w, .operation = operation_state, .group = "g");
    uint64_t other = world_send(w, .operation = operation_state, .group = "other");
    world_settle(w);
    cr_expect_null(world_reply(w, ack), "the heads are not known yet");
    cr_expect_null(world_reply(w, behind));
    cr_expect_not_null(world_reply(w, other));
    w->hold_fetches = false;
    world_settle(w);
    cr_assert_not_null(world_reply(w, ack));
    cr_expect_eq(world_reply(w, ack)->status, status_ok);
    cr_expect_eq(world_reply(w, behind)->version, 3);
}

Test(groups, a_rehearsal_is_refused_as_in_earnest)
{
    join();
    const struct reply *reply = world_call(w,
                                           .command = "ack",
                                           .group = "g",
                                           .data = "{\"consumer\":\"c\",\"places\":[{\"partition\":0,\"seq\":99}]}",
                                           .dry_run = true);
    expect_rejected(reply, "no_such_place");
}
