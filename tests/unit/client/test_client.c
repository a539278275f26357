/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the client library promises, against brokers that the test plays by hand. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/client.h"
#include "tests/unit/client/server.h"

/* ---- what callbacks saw ---- */

struct seen {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    enum status status;
    char code[64];
    struct client *again; /* sends this many more from within the first callback */
    int more;
    int running;
};

static void seen_init(struct seen *seen)
{
    memset(seen, 0, sizeof *seen);
    pthread_mutex_init(&seen->lock, NULL);
    pthread_cond_init(&seen->changed, NULL);
}

static struct request deposit(void)
{
    struct request request = request_of(operation_command);
    request.namespace = slice_text("bank");
    request.command = slice_text("deposit");
    request.resource = slice_text("account");
    request.identifier = slice_text("a1");
    return request;
}

static void on_reply(void *context, const struct reply *reply)
{
    struct seen *seen = context;
    pthread_mutex_lock(&seen->lock);
    cr_assert_eq(seen->running++, 0, "two callbacks at once");
    int more = seen->more;
    seen->more = 0;
    for (int i = 0; i < more; i++) {
        struct request request = deposit();
        cr_assert_eq(client_send(seen->again, &request, on_reply, seen), error_none);
    }
    seen->count++;
    seen->status = reply->status;
    snprintf(seen->code, sizeof seen->code, "%.*s", (int)reply->code.size, (const char *)reply->code.data);
    seen->running--;
    pthread_cond_broadcast(&seen->changed);
    pthread_mutex_unlock(&seen->lock);
}

static void await(struct seen *seen, int wanted)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&seen->lock);
    while (seen->count < wanted)
        cr_assert_eq(pthread_cond_timedwait(&seen->changed, &seen->lock, &until), 0, "%d of %d", seen->count, wanted);
    pthread_mutex_unlock(&seen->lock);
}

/* ---- the broker's side ---- */

struct received {
    struct server_frame frame;
    struct request_frame head;
    struct request requests[64];
};

static void receive(struct server *server, struct received *out)
{
    struct envelope_fault fault;
    out->frame = server_receive(server);
    cr_assert_eq(request_frame_decode(server_bytes(&out->frame), &out->head, &fault), error_none);
    cr_assert_leq(out->head.count, 64);
    struct reader reader = out->head.requests;
    for (uint32_t i = 0; i < out->head.count; i++) {
        struct slice raw;
        cr_assert_eq(reader_raw(&reader, &raw), error_none);
        cr_assert_eq(request_decode(raw, &out->requests[i], &fault), error_none);
    }
}

/* Answers every request of the frame with the same status. */
static void answer(struct received *received, enum status status, uint32_t retry_ms)
{
    struct buffer out = {0};
    reply_frame_begin(&out, received->head.count);
    for (uint32_t i = 0; i < received->head.count; i++) {
        const struct reply reply = {
            .status = status, .has_id = true, .id = received->requests[i].id, .retry_ms = retry_ms};
        reply_encode(&out, &reply);
    }
    server_answer(&received->frame, buffer_slice(&out));
    buffer_fini(&out);
}

static void answer_whole(struct received *received, enum status status, const char *code)
{
    struct buffer out = {0};
    reply_frame_fault(&out, status, code, "because");
    server_answer(&received->frame, buffer_slice(&out));
    buffer_fini(&out);
}

struct fixture {
    struct server server;
    struct client *client;
    struct seen seen;
};

static void open_with(struct fixture *fixture, struct client_config config)
{
    server_open(&fixture->server, NULL);
    seen_init(&fixture->seen);
    config.urls = fixture->server.url;
    cr_assert_eq(client_open(&fixture->client, &config), error_none);
}

static void close_all(struct fixture *fixture)
{
    client_close(&fixture->client);
    cr_assert_null(fixture->client);
    server_close(&fixture->server);
}

static struct uuid send_one(struct fixture *fixture, uint32_t deadline_ms)
{
    struct request request = deposit();
    request.deadline_ms = deadline_ms;
    cr_assert_eq(client_send(fixture->client, &request, on_reply, &fixture->seen), error_none);
    return request.id;
}

static bool same_id(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- sending ---- */

Test(client, lone_request_is_sent_at_once_and_answered)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){.token = "secret"});
    struct uuid id = send_one(&it, 5000);
    receive(&it.server, &received);
    cr_assert_eq(received.head.count, 1);
    cr_assert(slice_is(received.head.token, "secret"));
    cr_assert_eq(received.head.max_bytes, limit_frame_bytes);
    cr_assert(slice_is(received.requests[0].command, "deposit"));
    cr_assert(same_id(&received.requests[0].id, &id));
    answer(&received, status_ok, 0);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_ok);
    close_all(&it);
}

Test(client, command_without_an_id_gets_a_version_7_one)
{
    struct fixture it;
    uint64_t time_ms;
    open_with(&it, (struct client_config){0});
    struct request request = deposit();
    cr_assert_eq(client_send(it.client, &request, on_reply, &it.seen), error_none);
    cr_assert(request.has_id);
    cr_assert(uuid_time_ms(&request.id, &time_ms));
    struct uuid first = request.id;
    cr_assert_eq(client_send(it.client, &request, on_reply, &it.seen), error_none);
    cr_assert(same_id(&request.id, &first)); /* a given id is kept */
    struct uuid other = client_new_id();
    cr_assert_not(same_id(&other, &first));
    close_all(&it);
}

Test(client, requests_gather_while_the_frames_are_in_flight)
{
    struct fixture it;
    struct received first, second;
    open_with(&it, (struct client_config){.frames = 1});
    send_one(&it, 5000);
    receive(&it.server, &first);
    for (int i = 0; i < 10; i++)
        send_one(&it, 5000);
    answer(&first, status_ok, 0);
    receive(&it.server, &second);
    cr_assert_eq(second.head.count, 10);
    answer(&second, status_ok, 0);
    await(&it.seen, 11);
    close_all(&it);
}

Test(client, what_callbacks_send_goes_out_together)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){0});
    it.seen.again = it.client;
    it.seen.more = 20;
    send_one(&it, 5000);
    receive(&it.server, &received);
    answer(&received, status_ok, 0);
    receive(&it.server, &received);
    cr_assert_eq(received.head.count, 20);
    answer(&received, status_ok, 0);
    await(&it.seen, 21);
    close_all(&it);
}

Test(client, a_few_requests_wait_only_a_moment_for_more)
{
    struct fixture it;
    struct received one, many, few;
    open_with(&it, (struct client_config){.frames = 3});
    send_one(&it, 5000);
    receive(&it.server, &one);
    it.seen.again = it.client;
    it.seen.more = 40;
    answer(&one, status_ok, 0);
    receive(&it.server, &many);
    cr_assert_eq(many.head.count, 40);
    send_one(&it, 5000); /* one beside forty in flight: held, and then sent although none of them is answered */
    receive(&it.server, &few);
    cr_assert_eq(few.head.count, 1);
    answer(&few, status_ok, 0);
    answer(&many, status_ok, 0);
    await(&it.seen, 42);
    close_all(&it);
}

Test(client, frames_hold_at_most_batch_requests)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){.frames = 1, .batch = 4});
    send_one(&it, 5000);
    receive(&it.server, &received);
    for (int i = 0; i < 6; i++)
        send_one(&it, 5000);
    answer(&received, status_ok, 0);
    receive(&it.server, &received);
    cr_assert_eq(received.head.count, 4);
    answer(&received, status_ok, 0);
    receive(&it.server, &received);
    cr_assert_eq(received.head.count, 2);
    answer(&received, status_ok, 0);
    await(&it.seen, 7);
    close_all(&it);
}

static void send_sized(struct fixture *it, size_t bytes)
{
    struct buffer data = {0};
    struct request request = deposit();
    write_map(&data, 1);
    write_string(&data, "note");
    char *note = calloc(1, bytes + 1);
    memset(note, 'x', bytes);
    write_string(&data, note);
    request.data = buffer_slice(&data);
    cr_assert_eq(client_send(it->client, &request, on_reply, &it->seen), error_none);
    free(note);
    buffer_fini(&data);
}

Test(client, frames_stay_below_their_maximum)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){.frames = 1, .max_bytes = 2000});
    send_one(&it, 5000);
    receive(&it.server, &received);
    for (int i = 0; i < 9; i++)
        send_sized(&it, 500);
    answer(&received, status_ok, 0);
    for (int i = 0; i < 3; i++) {
        receive(&it.server, &received);
        cr_assert_leq(server_bytes(&received.frame).size, 2000);
        cr_assert_eq(received.head.count, 3);
        answer(&received, status_ok, 0);
    }
    await(&it.seen, 10);
    close_all(&it);
}

Test(client, request_over_the_maximum_ends_without_being_sent)
{
    struct fixture it;
    open_with(&it, (struct client_config){.max_bytes = 2000});
    send_sized(&it, 3000);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_invalid);
    cr_assert_str_eq(it.seen.code, "too_long");
    cr_assert(server_silent(&it.server, 50));
    close_all(&it);
}

Test(client, full_above_max_in_flight_until_one_is_answered)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){.max_in_flight = 2});
    struct request request = deposit();
    send_one(&it, 5000);
    send_one(&it, 5000);
    cr_assert_eq(client_send(it.client, &request, on_reply, &it.seen), error_full);
    receive(&it.server, &received);
    answer(&received, status_ok, 0);
    await(&it.seen, 1);
    cr_assert_eq(client_send(it.client, &request, on_reply, &it.seen), error_none);
    close_all(&it);
    cr_assert_eq(it.seen.count, 3);
}

/* ---- trying again ---- */

Test(client, lost_connection_is_tried_again_with_the_same_id)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){0});
    struct uuid id = send_one(&it, 9000);
    receive(&it.server, &received);
    uint32_t left_ms = received.requests[0].deadline_ms;
    cr_assert_leq(left_ms, 9000);
    server_drop(&received.frame);
    receive(&it.server, &received);
    cr_assert(same_id(&received.requests[0].id, &id));
    cr_assert_lt(received.requests[0].deadline_ms, left_ms); /* only what is left */
    answer(&received, status_ok, 0);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_ok);
    close_all(&it);
}

Test(client, busy_moved_and_unavailable_are_tried_again_after_the_hint)
{
    const enum status statuses[] = {status_busy, status_moved, status_unavailable};
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){0});
    struct uuid id = send_one(&it, 9000);
    uint32_t left_ms = 9000;
    for (int i = 0; i < 3; i++) {
        receive(&it.server, &received);
        cr_assert_leq(received.requests[0].deadline_ms, left_ms);
        left_ms = received.requests[0].deadline_ms - 60;
        answer(&received, statuses[i], 60);
    }
    receive(&it.server, &received);
    cr_assert_leq(received.requests[0].deadline_ms, left_ms);
    cr_assert(same_id(&received.requests[0].id, &id));
    answer(&received, status_ok, 0);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_ok);
    close_all(&it);
}

Test(client, query_that_is_unavailable_is_told_at_once)
{
    struct fixture it;
    struct received received;
    struct request query = request_of(operation_query);
    query.namespace = query.resource = slice_text("x");
    open_with(&it, (struct client_config){0});
    cr_assert_eq(client_send(it.client, &query, on_reply, &it.seen), error_none);
    receive(&it.server, &received);
    answer(&received, status_busy, 10);
    receive(&it.server, &received);
    answer(&received, status_unavailable, 10);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_unavailable);
    close_all(&it);
}

Test(client, refusal_is_given_when_no_time_is_left_to_try_again)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){0});
    send_one(&it, 2000);
    receive(&it.server, &received);
    answer(&received, status_busy, 5000);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_busy);
    close_all(&it);
}

Test(client, final_answers_are_not_tried_again)
{
    const enum status statuses[] = {status_ok,
                                    status_rejected,
                                    status_invalid,
                                    status_not_found,
                                    status_denied,
                                    status_conflict,
                                    status_reused,
                                    status_expired,
                                    status_deadline,
                                    status_error};
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){0});
    for (int i = 0; i < 10; i++) {
        send_one(&it, 5000);
        receive(&it.server, &received);
        answer(&received, statuses[i], 0);
        await(&it.seen, i + 1);
        cr_assert_eq(it.seen.status, statuses[i]);
    }
    close_all(&it);
}

Test(client, deadline_ends_a_request_that_is_never_answered)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){0});
    send_one(&it, 100);
    receive(&it.server, &received);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_deadline);
    answer(&received, status_ok, 0); /* late: nobody hears it */
    send_one(&it, 5000);
    receive(&it.server, &received);
    answer(&received, status_rejected, 0);
    await(&it.seen, 2);
    cr_assert_eq(it.seen.status, status_rejected);
    close_all(&it);
}

Test(client, without_a_broker_the_deadline_ends_it)
{
    struct fixture it;
    open_with(&it, (struct client_config){0});
    server_close(&it.server);
    send_one(&it, 50);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_deadline);
    client_close(&it.client);
}

Test(client, next_broker_of_the_list_takes_over)
{
    struct server first, second;
    struct seen seen;
    struct received received;
    char urls[160];
    server_open(&first, NULL);
    server_open(&second, NULL);
    snprintf(urls, sizeof urls, "%s, %s", first.url, second.url);
    seen_init(&seen);
    struct client *client;
    cr_assert_eq(client_open(&client, &(struct client_config){.urls = urls}), error_none);
    struct request request = deposit();
    server_close(&first);
    cr_assert_eq(client_send(client, &request, on_reply, &seen), error_none);
    receive(&second, &received);
    answer(&received, status_ok, 0);
    await(&seen, 1);
    cr_assert_eq(seen.status, status_ok);
    client_close(&client);
    server_close(&second);
}

Test(client, whole_frame_fault_ends_every_request_of_it)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){.frames = 1});
    send_one(&it, 5000);
    receive(&it.server, &received);
    for (int i = 0; i < 5; i++)
        send_one(&it, 5000);
    answer(&received, status_ok, 0);
    receive(&it.server, &received);
    cr_assert_eq(received.head.count, 5);
    answer_whole(&received, status_invalid, "bad_version");
    await(&it.seen, 6);
    cr_assert_eq(it.seen.status, status_invalid);
    cr_assert_str_eq(it.seen.code, "bad_version");
    close_all(&it);
}

Test(client, whole_frame_that_is_busy_is_tried_again)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){0});
    send_one(&it, 5000);
    receive(&it.server, &received);
    answer_whole(&received, status_busy, "frames_in_flight");
    receive(&it.server, &received);
    answer(&received, status_ok, 0);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_ok);
    close_all(&it);
}

/* Replies that cannot be right are a lost connection: the command may have run, its receipt will tell. */
Test(client, wrong_number_of_replies_or_wrong_id_is_tried_again)
{
    struct fixture it;
    struct received received;
    struct buffer out = {0};
    open_with(&it, (struct client_config){0});
    send_one(&it, 9000);
    receive(&it.server, &received);
    reply_frame_begin(&out, 0);
    server_answer(&received.frame, buffer_slice(&out));
    receive(&it.server, &received);
    received.requests[0].id.bytes[15] ^= 1;
    answer(&received, status_ok, 0);
    receive(&it.server, &received);
    answer(&received, status_ok, 0);
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_ok);
    buffer_fini(&out);
    close_all(&it);
}

Test(client, garbage_as_a_reply_ends_as_unavailable_after_a_bounded_number_of_tries)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){0});
    send_one(&it, 30000);
    for (int i = 0; i < 6; i++) {
        receive(&it.server, &received);
        server_answer(&received.frame, slice_text("garbage"));
    }
    await(&it.seen, 1);
    cr_assert_eq(it.seen.status, status_unavailable);
    cr_assert(server_silent(&it.server, 100));
    close_all(&it);
}

/* Plays a broker whose reply to one request is larger than the client takes; all others are answered well. */
static int play_poisonous(struct server *server, const struct uuid *poison, int others)
{
    int poisoned = 0;
    for (int answered = 0; answered < others || poisoned < 6;) {
        struct received received;
        static const char large[3000];
        bool poisonous = false;
        receive(server, &received);
        for (uint32_t i = 0; i < received.head.count; i++)
            poisonous |= same_id(&received.requests[i].id, poison);
        if (!poisonous) {
            answered += (int)received.head.count;
            answer(&received, status_ok, 0);
            continue;
        }
        poisoned++;
        cr_assert(poisoned <= 3 || received.head.count == 1, "after three losses it goes alone");
        server_answer(&received.frame, slice_of(large, sizeof large));
    }
    return poisoned;
}

Test(client, reply_that_is_too_large_never_loops_and_harms_only_its_own_request, .timeout = 60)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){.frames = 1, .max_bytes = 2000});
    send_one(&it, 50000);
    receive(&it.server, &received);
    for (int i = 0; i < 4; i++)
        send_one(&it, 50000);
    struct uuid poison = send_one(&it, 50000);
    for (int i = 0; i < 4; i++)
        send_one(&it, 50000);
    answer(&received, status_ok, 0);
    cr_assert_eq(play_poisonous(&it.server, &poison, 8), 6);
    await(&it.seen, 10);
    cr_assert(server_silent(&it.server, 100));
    close_all(&it);
    cr_assert_eq(it.seen.count, 10);
}

/* ---- waiting and closing ---- */

static void *play_slowly(void *context)
{
    struct received received;
    receive(context, &received);
    answer(&received, status_ok, 0);
    return NULL;
}

Test(client, drain_waits_until_nothing_is_in_flight)
{
    struct fixture it;
    pthread_t thread;
    open_with(&it, (struct client_config){0});
    client_drain(it.client); /* at once when nothing is */
    send_one(&it, 5000);
    pthread_create(&thread, NULL, play_slowly, &it.server);
    client_drain(it.client);
    cr_assert_eq(it.seen.count, 1);
    pthread_join(thread, NULL);
    close_all(&it);
}

Test(client, close_ends_everything_once_as_unavailable)
{
    struct fixture it;
    struct received received;
    open_with(&it, (struct client_config){.frames = 2});
    for (int i = 0; i < 30; i++)
        send_one(&it, 5000);
    receive(&it.server, &received);
    answer(&received, status_busy, 1000);
    close_all(&it);
    cr_assert_eq(it.seen.count, 30);
    cr_assert_eq(it.seen.status, status_unavailable);
}

static void *play_call(void *context)
{
    struct received received;
    struct buffer out = {0}, data = {0};
    receive(context, &received);
    write_string(&data, "the state");
    const struct reply reply = {.status = status_rejected,
                                .code = slice_text("overdraft"),
                                .message = slice_text("not enough"),
                                .has_version = true,
                                .version = 7,
                                .data = buffer_slice(&data)};
    reply_frame_begin(&out, 1);
    reply_encode(&out, &reply);
    server_answer(&received.frame, buffer_slice(&out));
    buffer_fini(&out);
    buffer_fini(&data);
    return NULL;
}

Test(client, call_waits_and_keeps_the_reply)
{
    struct fixture it;
    pthread_t thread;
    struct reply reply;
    struct buffer memory = {0};
    struct request request = deposit();
    open_with(&it, (struct client_config){0});
    pthread_create(&thread, NULL, play_call, &it.server);
    cr_assert_eq(client_call(it.client, &request, &reply, &memory), error_none);
    pthread_join(thread, NULL);
    close_all(&it);
    cr_assert_eq(reply.status, status_rejected);
    cr_assert_eq(reply.version, 7);
    cr_assert(slice_is(reply.code, "overdraft"));
    cr_assert(slice_is(reply.message, "not enough"));
    struct reader reader = reader_of(reply.data);
    struct slice text;
    cr_assert_eq(reader_text(&reader, &text), error_none);
    cr_assert(slice_is(text, "the state"));
    buffer_fini(&memory);
}

Test(client, bad_configurations_are_refused)
{
    struct client *client = NULL;
    char long_token[4000];
    memset(long_token, 'x', sizeof long_token - 1);
    long_token[sizeof long_token - 1] = 0;
    cr_assert_eq(client_open(&client, &(struct client_config){0}), error_bad_address);
    cr_assert_eq(client_open(&client, &(struct client_config){.urls = "nonsense"}), error_bad_address);
    cr_assert_eq(client_open(&client, &(struct client_config){.urls = "tcp://127.0.0.1:1,,"}), error_bad_address);
    cr_assert_eq(client_open(&client, &(struct client_config){.urls = "tcp://127.0.0.1:1", .max_bytes = 10}),
                 error_out_of_range);
    cr_assert_eq(
        client_open(&client,
                    &(struct client_config){.urls = "tcp://127.0.0.1:1", .max_bytes = 2000, .token = long_token}),
        error_too_long);
    cr_assert_null(client);
}

/* ---- many at once ---- */

struct crowd {
    struct server server;
    struct client *client;
    atomic_int answered, wrong; /* counters; the join orders them before the check */
};

static void *crowd_serve(void *context)
{
    struct crowd *crowd = context;
    for (int served = 0; served < 8000;) {
        struct server_frame frame = server_receive(&crowd->server);
        struct request_frame head;
        struct envelope_fault fault;
        struct buffer out = {0};
        cr_assert_eq(request_frame_decode(server_bytes(&frame), &head, &fault), error_none);
        reply_frame_begin(&out, head.count);
        for (uint32_t i = 0; i < head.count; i++) {
            struct slice raw;
            struct request request;
            cr_assert_eq(reader_raw(&head.requests, &raw), error_none);
            cr_assert_eq(request_decode(raw, &request, &fault), error_none);
            reply_encode(&out, &(struct reply){.has_id = true, .id = request.id, .version = request.from});
        }
        served += (int)head.count;
        server_answer(&frame, buffer_slice(&out));
        buffer_fini(&out);
    }
    return NULL;
}

static void crowd_done(void *context, const struct reply *reply)
{
    struct crowd *crowd = context;
    crowd->answered++;
    crowd->wrong += reply->status != status_ok;
}

static void *crowd_send(void *context)
{
    struct crowd *crowd = context;
    for (int sent = 0; sent < 2000;) {
        struct request request = deposit();
        enum error error = client_send(crowd->client, &request, crowd_done, crowd);
        sent += error == error_none;
        if (error == error_full)
            client_drain(crowd->client);
    }
    return NULL;
}

Test(client, many_threads_each_get_every_answer_once)
{
    struct crowd crowd = {0};
    pthread_t server, senders[4];
    server_open(&crowd.server, NULL);
    const struct client_config config = {.urls = crowd.server.url, .max_in_flight = 500};
    cr_assert_eq(client_open(&crowd.client, &config), error_none);
    pthread_create(&server, NULL, crowd_serve, &crowd);
    for (int i = 0; i < 4; i++)
        pthread_create(&senders[i], NULL, crowd_send, &crowd);
    for (int i = 0; i < 4; i++)
        pthread_join(senders[i], NULL);
    client_drain(crowd.client);
    pthread_join(server, NULL);
    cr_assert_eq(crowd.answered, 8000);
    cr_assert_eq(crowd.wrong, 0);
    client_close(&crowd.client);
    server_close(&crowd.server);
}
