/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a link promises, against a broker that the test plays by hand. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proto/link.h"
#include "proto/status.h"
#include "tests/unit/client/server.h"

struct outcome {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, connects, losses;
    enum error error;
    char reply[64];
    struct link *again; /* send once more from within the callback */
};

static void outcome_init(struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    pthread_mutex_init(&outcome->lock, NULL);
    pthread_cond_init(&outcome->changed, NULL);
}

static void on_done(void *context, enum error error, struct slice reply)
{
    struct outcome *outcome = context;
    pthread_mutex_lock(&outcome->lock);
    outcome->done++;
    outcome->error = error;
    snprintf(outcome->reply, sizeof outcome->reply, "%.*s", (int)reply.size, (const char *)reply.data);
    struct link *again = outcome->again;
    outcome->again = NULL;
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
    if (again != NULL)
        cr_assert_eq(link_send(again, slice_text("again"), 5000, on_done, outcome), error_none);
}

static void on_watch(void *context, bool connected)
{
    struct outcome *outcome = context;
    pthread_mutex_lock(&outcome->lock);
    *(connected ? &outcome->connects : &outcome->losses) += 1;
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

static void await(struct outcome *outcome, const int *counter, int wanted)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&outcome->lock);
    while (*counter < wanted)
        cr_assert_eq(pthread_cond_timedwait(&outcome->changed, &outcome->lock, &until), 0, "waited in vain");
    pthread_mutex_unlock(&outcome->lock);
}

static struct link *open_link(const char *url, uint32_t slots, struct outcome *outcome)
{
    struct link *link = NULL;
    const struct link_config config = {
        .url = url, .max_bytes = 1000, .slots = slots, .watch = on_watch, .watch_context = outcome};
    outcome_init(outcome);
    cr_assert_eq(link_open(&link, &config), error_none);
    return link;
}

Test(link, frame_is_answered)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 1, &outcome);
    cr_assert_eq(link_send(link, slice_text("ping"), 5000, on_done, &outcome), error_none);
    struct server_frame frame = server_receive(&server);
    cr_assert(slice_is(server_bytes(&frame), "ping"));
    server_answer(&frame, slice_text("pong"));
    await(&outcome, &outcome.done, 1);
    cr_assert_eq(outcome.error, error_none);
    cr_assert_str_eq(outcome.reply, "pong");
    await(&outcome, &outcome.connects, 1);
    cr_assert(link_connected(link));
    link_close(&link);
    cr_assert_null(link);
    server_close(&server);
}

Test(link, replies_may_come_in_any_order)
{
    struct server server;
    struct outcome first, second;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 2, &first);
    outcome_init(&second);
    cr_assert_eq(link_send(link, slice_text("1"), 5000, on_done, &first), error_none);
    struct server_frame one = server_receive(&server);
    cr_assert_eq(link_send(link, slice_text("2"), 5000, on_done, &second), error_none);
    struct server_frame two = server_receive(&server);
    server_answer(&two, slice_text("second"));
    await(&second, &second.done, 1);
    cr_assert_eq(first.done, 0);
    server_answer(&one, slice_text("first"));
    await(&first, &first.done, 1);
    cr_assert_str_eq(first.reply, "first");
    cr_assert_str_eq(second.reply, "second");
    link_close(&link);
    server_close(&server);
}

Test(link, a_frame_may_be_in_two_places)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 1, &outcome);
    cr_assert_eq(link_send_two(link, slice_text("head, "), slice_text("rest"), 5000, on_done, &outcome), error_none);
    struct server_frame frame = server_receive(&server);
    cr_assert(slice_is(server_bytes(&frame), "head, rest"));
    server_answer(&frame, slice_text("got"));
    await(&outcome, &outcome.done, 1);
    cr_assert_str_eq(outcome.reply, "got");
    link_close(&link);
    server_close(&server);
}

Test(link, full_when_every_slot_is_taken)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 2, &outcome);
    cr_assert_eq(link_free_slots(link), 2);
    cr_assert_eq(link_send(link, slice_text("1"), 5000, on_done, &outcome), error_none);
    cr_assert_eq(link_send(link, slice_text("2"), 5000, on_done, &outcome), error_none);
    cr_assert_eq(link_send(link, slice_text("3"), 5000, on_done, &outcome), error_full);
    cr_assert_eq(link_free_slots(link), 0);
    link_close(&link);
    cr_assert_eq(outcome.done, 2);
    server_close(&server);
}

Test(link, callback_may_send_with_the_slot_it_gave_back)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 1, &outcome);
    outcome.again = link;
    cr_assert_eq(link_send(link, slice_text("once"), 5000, on_done, &outcome), error_none);
    for (int i = 0; i < 2; i++) {
        struct server_frame frame = server_receive(&server);
        cr_assert(slice_is(server_bytes(&frame), i == 0 ? "once" : "again"));
        server_answer(&frame, slice_text("ok"));
    }
    await(&outcome, &outcome.done, 2);
    link_close(&link);
    server_close(&server);
}

/* nng resends by default; here the loss is told, and the frame arrives once. */
Test(link, lost_connection_ends_the_frame_and_nothing_is_resent)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 1, &outcome);
    cr_assert_eq(link_send(link, slice_text("once"), 5000, on_done, &outcome), error_none);
    struct server_frame frame = server_receive(&server);
    cr_assert(server_drop(&frame));
    await(&outcome, &outcome.done, 1);
    cr_assert_eq(outcome.error, error_closed);
    await(&outcome, &outcome.connects, 2);
    cr_assert_eq(outcome.losses, 1);
    cr_assert(server_silent(&server, 100));
    cr_assert_eq(link_send(link, slice_text("next"), 5000, on_done, &outcome), error_none);
    frame = server_receive(&server);
    cr_assert(slice_is(server_bytes(&frame), "next"));
    server_answer(&frame, slice_text("ok"));
    await(&outcome, &outcome.done, 2);
    cr_assert_eq(outcome.error, error_none);
    link_close(&link);
    server_close(&server);
}

Test(link, many_losses_each_end_every_frame_once)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 4, &outcome);
    for (int round = 0; round < 20; round++) {
        await(&outcome, &outcome.connects, round + 1);
        for (int i = 0; i < 4; i++)
            cr_assert_eq(link_send(link, slice_text("x"), 5000, on_done, &outcome), error_none);
        struct server_frame frame;
        do /* frames of the last connection may still be there */
            frame = server_receive(&server);
        while (!server_drop(&frame));
        await(&outcome, &outcome.done, (round + 1) * 4);
        cr_assert(outcome.error == error_closed || outcome.error == error_unreachable);
    }
    cr_assert_eq(link_free_slots(link), 4);
    link_close(&link);
    cr_assert_eq(outcome.done, 80);
    server_close(&server);
}

Test(link, no_answer_in_time_is_timed_out_and_a_late_reply_is_ignored)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 1, &outcome);
    cr_assert_eq(link_send(link, slice_text("slow"), 200, on_done, &outcome), error_none);
    struct server_frame frame = server_receive(&server);
    await(&outcome, &outcome.done, 1);
    cr_assert_eq(outcome.error, error_timed_out);
    cr_assert_eq(link_send(link, slice_text("next"), 5000, on_done, &outcome), error_none);
    server_answer(&frame, slice_text("late"));
    frame = server_receive(&server);
    server_answer(&frame, slice_text("fresh"));
    await(&outcome, &outcome.done, 2);
    cr_assert_str_eq(outcome.reply, "fresh");
    link_close(&link);
    server_close(&server);
}

Test(link, without_a_broker_a_frame_is_unreachable_after_its_time)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    server_close(&server); /* now nobody listens on that port */
    struct link *link = open_link(server.url, 1, &outcome);
    cr_assert_eq(link_send(link, slice_text("x"), 50, on_done, &outcome), error_none);
    await(&outcome, &outcome.done, 1);
    cr_assert_eq(outcome.error, error_unreachable);
    cr_assert_not(link_connected(link));
    link_close(&link);
}

Test(link, frame_waits_for_a_broker_that_comes_late)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    server_close(&server);
    struct link *link = open_link(server.url, 1, &outcome);
    cr_assert_eq(link_send(link, slice_text("early"), 9000, on_done, &outcome), error_none);
    struct server second;
    server_open(&second, server.url);
    struct server_frame frame = server_receive(&second);
    server_answer(&frame, slice_text("at last"));
    await(&outcome, &outcome.done, 1);
    cr_assert_str_eq(outcome.reply, "at last");
    link_close(&link);
    server_close(&second);
}

Test(link, frame_over_the_limit_is_refused)
{
    struct server server;
    struct outcome outcome;
    static const char bytes[1001];
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 1, &outcome);
    cr_assert_eq(link_send(link, slice_of(bytes, 1001), 50, on_done, &outcome), error_too_long);
    cr_assert_eq(link_free_slots(link), 1);
    link_close(&link);
    server_close(&server);
}

Test(link, reply_of_the_limit_is_taken_and_a_larger_one_closes_the_connection)
{
    struct server server;
    struct outcome outcome;
    static const char bytes[1001];
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 1, &outcome);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(link_send(link, slice_text("x"), 5000, on_done, &outcome), error_none);
        struct server_frame frame = server_receive(&server);
        server_answer(&frame, slice_of(bytes, 1000 + (size_t)i));
        await(&outcome, &outcome.done, i + 1);
        cr_assert_eq(outcome.error, i == 0 ? error_none : error_closed);
    }
    cr_assert(server_silent(&server, 100)); /* and it is not sent again */
    link_close(&link);
    server_close(&server);
}

Test(link, close_ends_what_is_in_flight)
{
    struct server server;
    struct outcome outcome;
    server_open(&server, NULL);
    struct link *link = open_link(server.url, 3, &outcome);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(link_send(link, slice_text("x"), 5000, on_done, &outcome), error_none);
    struct server_frame frame = server_receive(&server);
    link_close(&link);
    cr_assert_eq(outcome.done, 3);
    cr_assert_eq(outcome.error, error_closed);
    server_ignore(&frame);
    server_close(&server);
}

Test(link, bad_addresses_are_refused)
{
    const char *const urls[] = {NULL, "", "127.0.0.1:7410", "http://127.0.0.1:80", "tcp://", "tcp://127.0.0.1"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct link *link = NULL;
        const struct link_config config = {.url = urls[i], .max_bytes = 1000, .slots = 1};
        cr_assert_eq(link_open(&link, &config), error_bad_address, "%s", urls[i]);
        cr_assert_null(link);
    }
}

Test(link, slots_are_bounded)
{
    struct link *link = NULL;
    const struct link_config none = {.url = "tcp://127.0.0.1:1", .max_bytes = 1000, .slots = 0};
    const struct link_config many = {
        .url = "tcp://127.0.0.1:1", .max_bytes = 1000, .slots = limit_frames_in_flight + 1};
    cr_assert_eq(link_open(&link, &none), error_out_of_range);
    cr_assert_eq(link_open(&link, &many), error_out_of_range);
}

Test(link, works_over_a_local_socket)
{
    struct outcome outcome;
    char directory[] = "/tmp/fluvius-link-XXXXXX";
    cr_assert_not_null(mkdtemp(directory));
    char url[128];
    snprintf(url, sizeof url, "ipc://%s/bus", directory);
    struct link *link = open_link(url, 1, &outcome);
    cr_assert_not(link_connected(link));
    link_close(&link);
    cr_assert_eq(rmdir(directory), 0);
}
