/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Frames in and out: faults of every kind, tokens, deadlines, limits, what the broker answers itself, the event bus. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/broker/scene.h"

static const struct party A = {"shard-a", 11, 1001, NULL};
static const struct party B = {"shard-b", 22, 1002, NULL};
enum { CLIENT = 1, OTHER = 2 };

/* ---- frames that cannot be read ---- */

static void expect_refusal(struct scene *it, struct slice bytes, const char *code)
{
    enum status status;
    uint64_t frame = say(it, CLIENT, bytes);
    const char *found = refusal(it, frame, &status);
    cr_assert_str_eq(found, code);
    cr_assert_eq(status, status_invalid);
    cr_assert_eq(broker_open(it->broker), 0);
}

#define HEX(...) slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

Test(frames, unreadable_bytes_are_refused_with_what_is_wrong)
{
    struct scene *it = scene_new((struct broker_config){0});
    announce_all(it, &A, 1);
    expect_refusal(it, slice_of(NULL, 0), "truncated");
    expect_refusal(it, HEX(0x81, 0xa1, 'v'), "truncated");
    expect_refusal(it, HEX(0xdd, 0xff, 0, 0, 0), "truncated");
    expect_refusal(it, HEX(0xc1), "bad_type");
    expect_refusal(it, HEX(0x01), "bad_type");
    expect_refusal(it, HEX(0x80, 0x80), "trailing_bytes");
    expect_refusal(it, HEX(0x82, 0xa1, 'v', 1, 0xa1, 'v', 1), "duplicate_key");
    expect_refusal(it, HEX(0x81, 0xa1, 0xff, 1), "bad_utf8");
    expect_refusal(it, HEX(0x80), "missing_field");
    expect_refusal(it, HEX(0x81, 0xa1, 'v', 9), "bad_version");
    expect_refusal(it, HEX(0x82, 0xa1, 'v', 1, 0xa1, 't', 0xa1, 'x'), "out_of_range");
    uint8_t deep[100];
    memset(deep, 0x91, sizeof deep);
    expect_refusal(it, slice_of(deep, sizeof deep), "too_deep");
    scene_free(it);
}

Test(frames, no_request_and_too_many_requests_are_refused)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct buffer out = {0};
    request_frame_begin(&out, 0, slice_of(NULL, 0), 0);
    expect_refusal(it, buffer_slice(&out), "out_of_range");
    buffer_clear(&out);
    request_frame_begin(&out, 0, slice_of(NULL, 0), limit_batch_requests + 1);
    for (uint32_t i = 0; i <= limit_batch_requests; i++)
        write_map(&out, 0);
    expect_refusal(it, buffer_slice(&out), "too_long");
    buffer_fini(&out);
    scene_free(it);
}

Test(frames, faulty_requests_are_answered_each_with_its_field_and_the_others_go_on)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct buffer out = {0};
    struct work work;
    uint64_t credit = announce_all(it, &A, 1);
    request_frame_begin(&out, 0, slice_of(NULL, 0), 4);
    write_integer(&out, 7); /* no map */
    write_map(&out, 1);     /* what a command needs is missing */
    write_string(&out, "ns");
    write_string(&out, "bank");
    struct request request = request_of(operation_state);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text("a\nb"); /* control character */
    request_encode(&out, &request);
    request.identifier = slice_text("fine");
    request_encode(&out, &request);
    uint64_t frame = say(it, CLIENT, buffer_slice(&out));
    turn(it);
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 1);
    done(it, &A, work.items, 1, status_ok);
    const char *const codes[] = {"bad_type", "missing_field", "bad_identifier"};
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(status_at(it, frame, i), status_invalid);
        cr_assert(slice_is(reply_at(it, frame, i).code, codes[i]), "request %u", i);
    }
    struct reply reply = reply_at(it, frame, 2);
    struct reader faults = reader_of(reply.faults);
    uint32_t count;
    struct fault fault;
    cr_assert_eq(reader_array(&faults, &count), error_none);
    cr_assert_eq(fault_decode(&faults, &fault), error_none);
    cr_assert(slice_is(fault.path, "/agg"));
    cr_assert_eq(status_at(it, frame, 3), status_ok);
    buffer_fini(&out);
    scene_free(it);
}

Test(frames, work_that_cannot_be_read_is_refused_and_changes_nothing)
{
    struct scene *it = scene_new((struct broker_config){0});
    enum status status;
    struct work work;
    uint64_t credit = announce_all(it, &A, 1);
    uint64_t frame = say(it, A.pipe, HEX(0x82, 0xa1, 'v', 1, 0xa1, 't', 0xa4, 'w', 'o', 'r', 'k'));
    cr_assert_str_eq(refusal(it, frame, &status), "malformed");
    speak(it,
          &A,
          (struct work_frame){.owned = HEX(0x91, 0x05), .replies = HEX(0x91, 0x91, 0x01), .heads = HEX(0xa1, 'x')});
    announce_all(it, &A, 1);
    deposit(it, CLIENT, "x");
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 1);
    scene_free(it);
}

/* Every byte of good frames changed, one at a time: no crash, and every frame is answered or waits. */
Test(frames, damaged_bytes_never_break_the_broker)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct buffer good = {0};
    announce_all(it, &A, 1);
    request_frame_begin(&good, 0, slice_text("tok"), 1);
    struct request request = request_of(operation_state);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text("a1");
    request_encode(&good, &request);
    for (size_t i = 0; i < good.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            good.data[i] ^= (uint8_t)(1 << bit);
            say(it, (uint32_t)(100 + i), buffer_slice(&good));
            good.data[i] ^= (uint8_t)(1 << bit);
        }
    pass(it, 60100);
    cr_assert_eq(broker_open(it->broker), 0);
    buffer_fini(&good);
    scene_free(it);
}

/* ---- tokens ---- */

Test(frames, unknown_and_missing_tokens_are_denied_each_request_by_itself)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    const struct party shard = {"shard-a", 11, 1001, "shard"};
    it->tokens = true;
    uint64_t credit = announce_all(it, &shard, 1);
    const struct asked asked[] = {{.identifier = "x", .token = "alice"},
                                  {.identifier = "x", .token = "mallory"},
                                  {.identifier = "x"},
                                  {.operation = operation_health, .token = "mallory"},
                                  {.identifier = "x", .token = "bob"}};
    uint64_t frame = ask(it, CLIENT, asked, 5);
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 2);
    cr_assert(slice_is(work.items[0].user, "alice"));
    cr_assert(slice_is(work.items[1].user, "bob"));
    done(it, &shard, work.items, 2, status_ok);
    const enum status expected[] = {status_ok, status_denied, status_denied, status_denied, status_ok};
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(status_at(it, frame, i), expected[i], "request %u", i);
    cr_assert(slice_is(reply_at(it, frame, 1).code, "unauthenticated"));
    scene_free(it);
}

Test(frames, frames_token_counts_for_requests_without_one)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct buffer out = {0};
    struct work work;
    const struct party shard = {"shard-a", 11, 1001, "shard"};
    it->tokens = true;
    uint64_t credit = announce_all(it, &shard, 1);
    struct request request = request_of(operation_state);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text("x");
    request_frame_begin(&out, 0, slice_text("alice"), 2);
    request_encode(&out, &request);
    request.token = slice_text("bob");
    request_encode(&out, &request);
    say(it, CLIENT, buffer_slice(&out));
    turn(it);
    work_at(it, credit, &work);
    cr_assert(slice_is(work.items[0].user, "alice"));
    cr_assert(slice_is(work.items[1].user, "bob"));
    buffer_fini(&out);
    scene_free(it);
}

Test(frames, work_needs_a_token_for_services)
{
    struct scene *it = scene_new((struct broker_config){0});
    enum status status;
    it->tokens = true;
    const struct party forged[] = {{"shard-a", 11, 1001, "alice"}, {"shard-a", 11, 1001, "wrong"}, A};
    for (int i = 0; i < 3; i++) {
        uint64_t frame = announce_all(it, &forged[i], 1);
        cr_assert_str_eq(refusal(it, frame, &status), "unauthenticated");
        cr_assert_eq(status, status_denied);
    }
    uint64_t frame = ask(it, CLIENT, &(struct asked){.identifier = "x", .token = "alice"}, 1);
    cr_assert_not(answered(it, frame)); /* parked: nobody owns anything */
    scene_free(it);
}

/* ---- deadlines and limits ---- */

Test(frames, deadline_ends_a_request_wherever_it_is)
{
    struct scene *it = scene_new((struct broker_config){.parked_ms = 60000});
    struct work work;
    uint64_t parked = ask(it, CLIENT, &(struct asked){.identifier = account_in(1, 0), .deadline_ms = 500}, 1);
    uint64_t a = announce(it, &A, (struct owned[]){{0, 1}}, 1);
    uint64_t sent = ask(it, CLIENT, &(struct asked){.identifier = account_in(0, 0), .deadline_ms = 1000}, 1);
    uint64_t queued = ask(it, CLIENT, &(struct asked){.identifier = account_in(0, 1), .deadline_ms = 1500}, 1);
    work_at(it, a, &work);
    pass(it, 490);
    cr_assert_not(answered(it, parked));
    pass(it, 30);
    cr_assert_eq(status_at(it, parked, 0), status_deadline);
    cr_assert_not(answered(it, sent));
    pass(it, 500);
    cr_assert_eq(status_at(it, sent, 0), status_deadline);
    cr_assert_not(answered(it, queued));
    pass(it, 500);
    cr_assert_eq(status_at(it, queued, 0), status_deadline);
    done(it, &A, work.items, 1, status_ok); /* late */
    cr_assert_eq(broker_open(it->broker), 0);
    scene_free(it);
}

Test(frames, request_whose_time_ran_out_in_the_queue_is_not_sent)
{
    struct scene *it = scene_new((struct broker_config){0});
    const struct asked asked[] = {{.identifier = "x", .id = 1, .deadline_ms = 5}, {.identifier = "x", .id = 2}};
    announce_all(it, &A, 1);
    deposit(it, CLIENT, "x"); /* takes the credit */
    uint64_t frame = ask(it, CLIENT, asked, 2);
    it->now_us += 5000; /* and no tick */
    uint64_t credit = grant(it, &A);
    turn(it);
    struct work work;
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 1);
    done(it, &A, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 0), status_deadline);
    cr_assert_eq(status_at(it, frame, 1), status_ok);
    scene_free(it);
}

Test(frames, credit_is_kept_when_all_that_was_queued_ran_out_of_time)
{
    struct scene *it = scene_new((struct broker_config){0});
    announce_all(it, &A, 1);
    deposit(it, CLIENT, "x"); /* takes the credit */
    uint64_t late = ask(it, CLIENT, &(struct asked){.identifier = "x", .deadline_ms = 5}, 1);
    it->now_us += 5000;
    uint64_t credit = grant(it, &A);
    turn(it);
    cr_assert_eq(status_at(it, late, 0), status_deadline);
    cr_assert_not(answered(it, credit));
    deposit(it, CLIENT, "x");
    cr_assert(answered(it, credit));
    scene_free(it);
}

Test(frames, request_without_an_owner_is_unavailable_after_its_patience)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t frame = ask(it, CLIENT, &(struct asked){.identifier = "x", .deadline_ms = 20000}, 1);
    pass(it, 4900);
    cr_assert_not(answered(it, frame));
    pass(it, 200);
    struct reply reply = reply_at(it, frame, 0);
    cr_assert_eq(reply.status, status_unavailable);
    cr_assert(slice_is(reply.code, "no_shard"));
    cr_assert_gt(reply.retry_ms, 0);
    scene_free(it);
}

Test(frames, waiting_requests_are_bounded_in_count)
{
    struct scene *it = scene_new((struct broker_config){.parked_commands = 3});
    struct asked asked[5] = {{0}};
    for (int i = 0; i < 5; i++)
        asked[i].identifier = "x";
    uint64_t frame = ask(it, CLIENT, asked, 5);
    uint64_t a = announce_all(it, &A, 1);
    struct work work;
    work_at(it, a, &work);
    cr_assert_eq(work.count, 3);
    done(it, &A, work.items, 3, status_ok);
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(status_at(it, frame, i), i < 3 ? status_ok : status_busy);
    cr_assert_gt(reply_at(it, frame, 4).retry_ms, 0);
    cr_assert_eq(broker_open(it->broker), 0);
    scene_free(it);
}

Test(frames, waiting_requests_are_bounded_in_bytes)
{
    struct scene *it = scene_new((struct broker_config){.parked_bytes = 10000});
    const struct asked asked[] = {{.identifier = "x", .padding = 6000}, {.identifier = "x", .padding = 6000}};
    uint64_t frame = ask(it, CLIENT, asked, 2);
    uint64_t a = announce_all(it, &A, 1);
    struct work work;
    work_at(it, a, &work);
    cr_assert_eq(work.count, 1);
    done(it, &A, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, frame, 1), status_busy);
    scene_free(it);
}

Test(frames, unanswered_frames_are_bounded_for_each_connection_in_all_and_in_bytes)
{
    struct scene *it = scene_new((struct broker_config){.held_frames = 40, .held_bytes = 20000});
    enum status status;
    for (uint32_t i = 0; i < limit_frames_in_flight; i++)
        cr_assert_not(answered(it, deposit(it, CLIENT, "x")));
    uint64_t refused = deposit(it, CLIENT, "x");
    cr_assert_str_eq(refusal(it, refused, &status), "too_many_frames");
    cr_assert_eq(status, status_busy);
    for (uint32_t i = limit_frames_in_flight; i < 40; i++)
        cr_assert_not(answered(it, deposit(it, OTHER, "x")));
    refused = deposit(it, OTHER, "x");
    cr_assert_str_eq(refusal(it, refused, &status), "broker_full");
    cr_assert_not(answered(it, announce(it, &A, NULL, 0))); /* shards have their own places */
    leave(it, CLIENT);
    refused = ask(it, OTHER, &(struct asked){.identifier = "x", .padding = 30000}, 1);
    cr_assert_str_eq(refusal(it, refused, &status), "broker_full");
    cr_assert_not(answered(it, deposit(it, OTHER, "x")));
    scene_free(it);
}

Test(frames, request_that_fits_no_frame_of_work_is_invalid)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t credit = announce_all(it, &A, 1);
    uint64_t frame = ask(it, CLIENT, &(struct asked){.identifier = "x", .padding = limit_frame_bytes - 200}, 1);
    cr_assert_eq(status_at(it, frame, 0), status_invalid);
    cr_assert(slice_is(reply_at(it, frame, 0).code, "too_long"));
    cr_assert_not(answered(it, credit));
    ask(it, CLIENT, &(struct asked){.identifier = "x", .padding = limit_frame_bytes - 600}, 1);
    cr_assert(answered(it, credit));
    cr_assert_leq(it->answers[credit].size, limit_frame_bytes);
    scene_free(it);
}

Test(frames, replies_come_in_the_order_of_the_requests_whichever_is_there_first)
{
    struct scene *it = scene_new((struct broker_config){0});
    const struct asked asked[] = {{.identifier = "x", .id = 0},
                                  {.identifier = "x", .id = 1},
                                  {.identifier = "x", .id = 2},
                                  {.identifier = "x", .id = 3}};
    uint64_t credit = announce_all(it, &A, 1);
    for (uint32_t order = 0; order < 256; order++) {
        uint32_t places[] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
        struct work work;
        if ((1u << places[0] | 1u << places[1] | 1u << places[2] | 1u << places[3]) != 15)
            continue;
        uint64_t frame = ask(it, CLIENT, asked, 4);
        work_at(it, credit, &work);
        cr_assert_eq(work.count, 4);
        const struct item items[] = {
            work.items[places[0]], work.items[places[1]], work.items[places[2]], work.items[places[3]]};
        credit = done_large(it, &A, items, 4, 300);
        cr_assert_eq(reply_count(it, frame), 4);
        for (uint32_t i = 0; i < 4; i++)
            cr_assert_eq(reply_at(it, frame, i).id.bytes[15], i, "order %x", order);
    }
    scene_free(it);
}

/* ---- the size of answers ---- */

Test(frames, reply_that_does_not_fit_is_replaced_and_the_others_come_whole)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    uint64_t credit = announce_all(it, &A, 1);
    const struct asked asked[] = {
        {.identifier = "x", .id = 1}, {.identifier = "x", .id = 2}, {.identifier = "x", .id = 3}};
    uint64_t frame = ask_limited(it, CLIENT, asked, 3, 2000);
    work_at(it, credit, &work);
    done_large(it, &A, &work.items[0], 1, 600);
    done_large(it, &A, &work.items[1], 1, 3000);
    done_large(it, &A, &work.items[2], 1, 600);
    cr_assert_leq(it->answers[frame].size, 2000);
    cr_assert_eq(status_at(it, frame, 0), status_ok);
    struct reply reply = reply_at(it, frame, 1);
    cr_assert_eq(reply.status, status_error);
    cr_assert(slice_is(reply.code, "reply_too_large"));
    cr_assert_eq(reply.id.bytes[15], 2);
    cr_assert_eq(status_at(it, frame, 2), status_ok);
    scene_free(it);
}

Test(frames, of_replies_that_do_not_fit_together_the_first_to_come_is_whole)
{
    struct scene *it = scene_new((struct broker_config){0});
    const struct asked asked[] = {{.identifier = "x", .id = 1}, {.identifier = "x", .id = 2}};
    struct work work;
    uint64_t credit = announce_all(it, &A, 1);
    uint64_t frame = ask_limited(it, CLIENT, asked, 2, 2000);
    work_at(it, credit, &work);
    done_large(it, &A, &work.items[1], 1, 1500);
    done_large(it, &A, &work.items[0], 1, 1500);
    cr_assert(slice_is(reply_at(it, frame, 0).code, "reply_too_large"));
    cr_assert_eq(reply_at(it, frame, 0).id.bytes[15], 1);
    cr_assert_eq(status_at(it, frame, 1), status_ok);
    scene_free(it);
}

Test(frames, replies_that_wait_for_others_are_bounded_in_bytes)
{
    struct scene *it = scene_new((struct broker_config){.held_bytes = 10000});
    struct asked asked[10] = {{0}};
    struct work work;
    uint64_t credit = announce_all(it, &A, 1);
    for (uint8_t i = 0; i < 10; i++)
        asked[i] = (struct asked){.identifier = "x", .id = i};
    uint64_t frame = ask(it, CLIENT, asked, 10);
    work_at(it, credit, &work);
    done_large(it, &A, work.items, 9, 4000);
    done(it, &A, &work.items[9], 1, status_ok);
    for (uint32_t i = 0; i < 9; i++)
        cr_assert_eq(status_at(it, frame, i), i < 4 ? status_ok : status_busy);
    cr_assert(slice_is(reply_at(it, frame, 8).code, "broker_full"));
    cr_assert_eq(reply_at(it, frame, 8).id.bytes[15], 8);
    cr_assert_gt(reply_at(it, frame, 8).retry_ms, 0);
    cr_assert_eq(status_at(it, frame, 9), status_ok);
    cr_assert_not(answered(it, deposit(it, CLIENT, "x"))); /* all is given back */
    scene_free(it);
}

Test(frames, answers_never_exceed_what_the_client_takes)
{
    struct scene *it = scene_new((struct broker_config){0});
    for (uint32_t max_bytes = 1024; max_bytes < 4000; max_bytes += 97) {
        struct work work;
        struct asked asked[8] = {{0}};
        uint64_t credit = announce_all(it, &A, 1);
        for (uint8_t i = 0; i < 8; i++)
            asked[i] = (struct asked){.identifier = "x", .id = i};
        uint64_t frame = ask_limited(it, CLIENT, asked, 8, max_bytes);
        work_at(it, credit, &work);
        cr_assert_eq(work.count, 8);
        for (uint32_t i = 0; i < 8; i++)
            done_large(it, &A, &work.items[i], 1, (i * 211 + max_bytes) % 900);
        cr_assert_leq(it->answers[frame].size, max_bytes);
        cr_assert_eq(reply_count(it, frame), 8);
        leave(it, A.pipe);
    }
    scene_free(it);
}

Test(frames, client_whose_maximum_cannot_hold_the_replies_is_told_so)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct asked asked[20] = {{0}};
    enum status status;
    for (int i = 0; i < 20; i++)
        asked[i].identifier = "x";
    uint64_t frame = ask_limited(it, CLIENT, asked, 20, 1024);
    cr_assert_str_eq(refusal(it, frame, &status), "out_of_range");
    cr_assert_eq(status, status_invalid);
    cr_assert_eq(broker_open(it->broker), 0);
    scene_free(it);
}

/* ---- what the broker answers itself ---- */

static struct reply own(struct scene *it, enum operation operation)
{
    return reply_at(it, ask(it, CLIENT, &(struct asked){.operation = operation}, 1), 0);
}

static bool text_has(struct slice data, const char *part)
{
    return memmem(data.data, data.size, part, strlen(part)) != NULL;
}

static uint64_t describes(struct scene *it, const struct party *shard, const char *const *namespaces, uint32_t count)
{
    struct buffer out = {0};
    write_array(&out, count);
    for (uint32_t i = 0; i < count; i++) {
        write_map(&out, 1);
        write_string(&out, "namespace");
        write_string(&out, namespaces[i]);
    }
    uint64_t handle = speak(it, shard, (struct work_frame){.descriptions = buffer_slice(&out)});
    buffer_fini(&out);
    return handle;
}

static uint32_t described(struct scene *it)
{
    struct reply reply = own(it, operation_describe);
    struct reader reader = reader_of(reply.data);
    uint32_t count;
    cr_assert_eq(reader_array(&reader, &count), error_none);
    return count;
}

Test(frames, describe_gives_each_namespace_once_also_while_a_shard_is_away)
{
    struct scene *it = scene_new((struct broker_config){0});
    cr_assert_eq(described(it), 0);
    announce(it, &A, NULL, 0);
    announce(it, &B, NULL, 0);
    describes(it, &A, (const char *const[]){"bank", "objects"}, 2);
    describes(it, &B, (const char *const[]){"bank"}, 1);
    cr_assert_eq(described(it), 2);
    leave(it, B.pipe);
    leave(it, A.pipe);
    cr_assert_eq(described(it), 2);
    announce(it, &A, NULL, 0);
    describes(it, &A, (const char *const[]){"bank", "objects"}, 2);
    cr_assert_eq(described(it), 2);
    scene_free(it);
}

static void health_of(struct scene *it, char status[16], int64_t *unowned)
{
    struct reply reply = own(it, operation_health);
    struct slice raw, text;
    cr_assert_eq(msgpack_find(reply.data, "status", &raw), error_none);
    struct reader reader = reader_of(raw);
    cr_assert_eq(reader_text(&reader, &text), error_none);
    snprintf(status, 16, "%.*s", (int)text.size, (const char *)text.data);
    cr_assert_eq(msgpack_find(reply.data, "unowned", &raw), error_none);
    reader = reader_of(raw);
    cr_assert_eq(reader_integer(&reader, unowned), error_none);
}

Test(frames, health_is_degraded_without_owners_and_with_alarms)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct buffer alarms = {0};
    char status[16];
    int64_t unowned;
    health_of(it, status, &unowned);
    cr_assert_str_eq(status, "degraded");
    announce(it, &A, (struct owned[]){{0, 1}, {1, 1}, {2, 1}}, 3);
    health_of(it, status, &unowned);
    cr_assert_str_eq(status, "degraded");
    cr_assert_eq(unowned, 1);
    announce_all(it, &A, 1);
    health_of(it, status, &unowned);
    cr_assert_str_eq(status, "ok");
    cr_assert_eq(unowned, 0);
    write_array(&alarms, 1);
    write_string(&alarms, "disk full");
    speak(it, &A, (struct work_frame){.alarms = buffer_slice(&alarms)});
    health_of(it, status, &unowned);
    cr_assert_str_eq(status, "degraded");
    cr_assert(text_has(own(it, operation_health).data, "disk full"));
    alarms.data[0] = 0x90;
    speak(it, &A, (struct work_frame){.alarms = slice_of(alarms.data, 1)});
    health_of(it, status, &unowned);
    cr_assert_str_eq(status, "ok");
    buffer_fini(&alarms);
    scene_free(it);
}

Test(frames, metrics_of_all_processes_come_as_one_text_with_each_family_once)
{
    struct scene *it = scene_new((struct broker_config){0});
    static const char of_a[] = "# HELP up whether it is up\n# TYPE up gauge\nup{service=\"shard\",shard=\"a\"} 1\n"
                               "# HELP only_a of a\n# TYPE only_a counter\nonly_a 5\n";
    announce(it, &A, NULL, 0);
    speak(it, &A, (struct work_frame){.metrics = slice_text(of_a)});
    struct reply reply = own(it, operation_metrics);
    struct reader reader = reader_of(reply.data);
    struct slice text;
    cr_assert_eq(reader_text(&reader, &text), error_none);
    cr_assert(slice_is(text,
                       "# HELP up whether it is up\n# TYPE up gauge\nup{service=\"broker\"} 1\n"
                       "up{service=\"shard\",shard=\"a\"} 1\n# HELP only_a of a\n# TYPE only_a counter\nonly_a 5\n"));
    scene_free(it);
}

static bool says(struct scene *it, const char *word)
{
    struct reply reply = own(it, operation_metrics);
    return memmem(reply.data.data, reply.data.size, word, strlen(word)) != NULL;
}

Test(frames, metrics_are_put_together_ten_times_a_second_at_most)
{
    struct scene *it = scene_new((struct broker_config){0});
    announce(it, &A, NULL, 0);
    cr_assert_not(says(it, "late"));
    speak(it, &A, (struct work_frame){.metrics = slice_text("# HELP late a\nlate 1\n")});
    pass(it, 90);
    cr_assert_not(says(it, "late"));
    pass(it, 10);
    cr_assert(says(it, "late"));
    scene_free(it);
}

Test(frames, counters_tell_requests_by_status_and_their_time)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct broker_counters counters;
    struct work work;
    uint64_t a = announce_all(it, &A, 1);
    deposit(it, CLIENT, "x");
    work_at(it, a, &work);
    it->now_us += 900;
    done(it, &A, work.items, 1, status_rejected);
    broker_counters(it->broker, &counters);
    cr_assert_eq(counters.requests, 1);
    cr_assert_eq(counters.by_status[status_rejected], 1);
    cr_assert_eq(counters.time_us_sum, 900);
    cr_assert_eq(counters.time_us[10], 1); /* above 512, at most 1,024 */
    scene_free(it);
}

/* ---- the event bus ---- */

static uint32_t heads_in(const struct scene *it, uint32_t publication)
{
    struct event_frame frame;
    uint32_t count = 0;
    cr_assert_lt(publication, it->publication_count);
    cr_assert_eq(it->publications[publication].data[0], EVENT_TOPIC_HEADS);
    cr_assert_eq(event_frame_decode(buffer_slice(&it->publications[publication]), &frame), error_none);
    struct reader reader = reader_of(frame.heads);
    cr_assert_eq(reader_array(&reader, &count), error_none);
    return count;
}

Test(bus, changed_heads_are_gathered_and_all_heads_come_every_250_ms)
{
    struct scene *it = scene_new((struct broker_config){0});
    announce_all(it, &A, 1);
    subscribe(it, 1);
    pass(it, 10);
    cr_assert_eq(heads_in(it, 0), 4); /* all, to begin with */
    say_head(it, &A, 1, 5);
    say_head(it, &A, 1, 6);
    say_head(it, &A, 2, 9);
    say_head(it, &A, 2, 9);
    cr_assert_eq(it->publication_count, 1);
    pass(it, 10);
    cr_assert_eq(it->publication_count, 2);
    cr_assert_eq(heads_in(it, 1), 2); /* only what changed */
    pass(it, 200);
    cr_assert_eq(it->publication_count, 2);
    pass(it, 40);
    cr_assert_eq(heads_in(it, 2), 4);
    scene_free(it);
}

Test(bus, heads_of_who_does_not_own_the_partition_are_ignored)
{
    struct scene *it = scene_new((struct broker_config){0});
    announce_all(it, &A, 2);
    announce_all(it, &B, 1);
    subscribe(it, 1);
    pass(it, 10);
    say_head(it, &B, 1, 5);
    say_head(it, &A, 77, 5);
    pass(it, 50);
    cr_assert_eq(it->publication_count, 1);
    scene_free(it);
}

static enum status say_listen(struct scene *scene)
{
    return status_at(scene, ask(scene, 1, &(struct asked){.operation = operation_listen}, 1), 0);
}

static bool records_asked(struct scene *scene)
{
    struct work work;
    uint64_t credit = grant(scene, &A);
    pass(scene, 250);
    work_at(scene, credit, &work);
    return work.subscribed;
}

Test(bus, shards_send_no_records_to_those_who_want_heads_alone)
{
    struct scene *it = scene_new((struct broker_config){0});
    announce_all(it, &A, 1);
    subscribe(it, 1);
    cr_assert_not(records_asked(it));
    cr_assert_eq(say_listen(it), status_ok);
    cr_assert(records_asked(it));
    pass(it, limit_listen_ms - 260);
    cr_assert(records_asked(it));
    cr_assert_not(records_asked(it));
    scene_free(it);
}

Test(bus, records_are_asked_for_and_passed_on_while_somebody_listens)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    static const uint8_t records[] = {0x91, 0x80};
    struct event_frame frame;
    uint64_t credit = announce_all(it, &A, 1);
    speak(it, &A, (struct work_frame){.records = slice_of(records, 2)});
    cr_assert_eq(it->publication_count, 0);
    subscribe(it, 1);
    say_listen(it);
    pass(it, 250);
    work_at(it, credit, &work);
    cr_assert(work.subscribed);
    uint32_t before = it->publication_count;
    speak(it, &A, (struct work_frame){.records = slice_of(records, 2)});
    cr_assert_eq(it->publication_count, before + 1);
    cr_assert_eq(it->publications[before].data[0], EVENT_TOPIC_RECORDS);
    cr_assert_eq(event_frame_decode(buffer_slice(&it->publications[before]), &frame), error_none);
    cr_assert(slice_equal(frame.records, slice_of(records, 2)));
    subscribe(it, 0);
    credit = grant(it, &A);
    pass(it, 250);
    work_at(it, credit, &work);
    cr_assert_not(work.subscribed);
    scene_free(it);
}

Test(bus, where_tokens_are_needed_it_carries_heads_but_no_records)
{
    struct scene *it = scene_new((struct broker_config){.private_bus = true});
    struct work work;
    static const uint8_t records[] = {0x91, 0x80};
    uint64_t credit = announce_all(it, &A, 1);
    subscribe(it, 1);
    cr_assert_eq(say_listen(it), status_denied);
    speak(it, &A, (struct work_frame){.records = slice_of(records, 2)});
    pass(it, 250);
    work_at(it, credit, &work);
    cr_assert_not(work.subscribed);
    for (uint32_t i = 0; i < it->publication_count; i++)
        cr_assert_eq(heads_in(it, i), 4);
    cr_assert_gt(it->publication_count, 0);
    scene_free(it);
}

/* ---- stopping ---- */

Test(frames, stopping_refuses_new_frames_and_parked_requests_and_finishes_the_rest)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct work work;
    enum status status;
    announce(it, &A, (struct owned[]){{0, 1}}, 1);
    uint64_t sent = deposit(it, CLIENT, account_in(0, 0));
    uint64_t queued = deposit(it, CLIENT, account_in(0, 1));
    uint64_t parked = deposit(it, CLIENT, account_in(1, 0));
    stop(it);
    struct reply reply = reply_at(it, parked, 0);
    cr_assert_eq(reply.status, status_unavailable);
    cr_assert(slice_is(reply.code, "stopping"));
    uint64_t late = deposit(it, CLIENT, account_in(0, 2));
    cr_assert_str_eq(refusal(it, late, &status), "stopping");
    cr_assert_eq(status, status_unavailable);
    cr_assert_not(answered(it, sent));
    uint64_t credit = grant(it, &A);
    work_at(it, credit, &work);
    cr_assert_eq(work.count, 1);
    done(it, &A, work.items, 1, status_ok);
    cr_assert_eq(status_at(it, queued, 0), status_ok);
    cr_assert_eq(broker_open(it->broker), 1);
    leave(it, A.pipe); /* it is not sent to anybody else any more */
    pass(it, 30);
    cr_assert_eq(status_at(it, sent, 0), status_unavailable);
    cr_assert_eq(broker_open(it->broker), 0);
    scene_free(it);
}
