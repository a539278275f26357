/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The broker process over real sockets: what it does for clients and shards when connections break, peers are slow,
 * half silent or hostile, and when it is killed or asked to stop. */
#include <criterion/criterion.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/broker/stage.h"

/* ---- a client that counts ---- */

struct crowd {
    pthread_mutex_t lock;
    int ok, other;
    enum status last;
};

static void crowd_init(struct crowd *crowd)
{
    memset(crowd, 0, sizeof *crowd);
    pthread_mutex_init(&crowd->lock, NULL);
}

static void crowd_done(void *context, const struct reply *reply)
{
    struct crowd *crowd = context;
    pthread_mutex_lock(&crowd->lock);
    *(reply->status == status_ok ? &crowd->ok : &crowd->other) += 1;
    crowd->last = reply->status;
    pthread_mutex_unlock(&crowd->lock);
}

static struct client *client_to(const char *bus)
{
    struct client *client = NULL;
    cr_assert_eq(client_open(&client, &(struct client_config){.urls = bus}), error_none);
    return client;
}

static void send_many(struct client *client, struct crowd *crowd, int count, uint32_t deadline_ms)
{
    for (int i = 0; i < count; i++) {
        char account[16];
        snprintf(account, sizeof account, "a%d", i);
        struct request request = deposit_request(account);
        request.deadline_ms = deadline_ms;
        cr_assert_eq(client_send(client, &request, crowd_done, crowd), error_none);
    }
}

static enum status call_one(struct client *client)
{
    struct request request = deposit_request("one");
    struct reply reply;
    struct buffer memory = {0};
    cr_assert_eq(client_call(client, &request, &reply, &memory), error_none);
    buffer_fini(&memory);
    return reply.status;
}

/* ---- the normal way ---- */

Test(process, requests_of_many_clients_are_answered_once_each)
{
    struct stage stage;
    struct actor shard = {0};
    struct crowd crowd;
    struct client *clients[4];
    crowd_init(&crowd);
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    for (int i = 0; i < 4; i++) {
        clients[i] = client_to(stage.bus);
        send_many(clients[i], &crowd, 1000, 20000);
    }
    for (int i = 0; i < 4; i++) {
        client_drain(clients[i]);
        client_close(&clients[i]);
    }
    cr_assert_eq(crowd.ok, 4000);
    cr_assert_eq(shard.taken, 4000);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* Records come on the event bus for a while. */
static void listen(const char *bus)
{
    struct client *client = client_to(bus);
    struct request request = {.operation = operation_listen, .at_version = -1, .partition = -1};
    struct reply reply;
    struct buffer memory = {0};
    cr_assert_eq(client_call(client, &request, &reply, &memory), error_none);
    cr_assert_eq(reply.status, status_ok);
    buffer_fini(&memory);
    client_close(&client);
}

Test(process, heads_and_records_reach_subscribers, .timeout = 60)
{
    struct stage stage;
    struct actor shard = {0};
    nng_socket subscriber;
    static const uint8_t heads[] = {0x91, 0x92, 0x01, 0x05}, records[] = {0x91, 0x80};
    bool seen_heads = false, seen_records = false;
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    cr_assert_eq(nng_sub0_open(&subscriber), 0);
    cr_assert_eq(nng_socket_set(subscriber, NNG_OPT_SUB_SUBSCRIBE, "", 0), 0);
    cr_assert_eq(nng_socket_set_ms(subscriber, NNG_OPT_RECVTIMEO, 10000), 0);
    cr_assert_eq(nng_dial(subscriber, stage.events, NULL, 0), 0);
    listen(stage.bus);
    while (!seen_heads || !seen_records) {
        nng_msg *message;
        pthread_mutex_lock(&shard.lock);
        shard.news_heads = slice_of(heads, sizeof heads); /* with each frame until both came */
        if (shard.subscribed)
            shard.news_records = slice_of(records, sizeof records);
        pthread_mutex_unlock(&shard.lock);
        cr_assert_eq(nng_recvmsg(subscriber, &message, 0), 0);
        struct event_frame frame;
        cr_assert_eq(event_frame_decode(slice_of(nng_msg_body(message), nng_msg_len(message)), &frame), error_none);
        seen_heads |= frame.heads.size > 0;
        seen_records |= frame.records.size > 0;
        nng_msg_free(message);
    }
    nng_close(subscriber);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* ---- losses ---- */

Test(process, killed_broker_is_replaced_and_every_request_is_still_answered, .timeout = 60)
{
    struct stage stage;
    struct actor shard = {.mute = true};
    struct crowd crowd;
    crowd_init(&crowd);
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    struct client *client = client_to(stage.bus);
    send_many(client, &crowd, 200, 30000);
    actor_await(&shard, 1);
    stage_kill(&stage);
    pthread_mutex_lock(&shard.lock);
    shard.mute = false;
    pthread_mutex_unlock(&shard.lock);
    char bus[64];
    memcpy(bus, stage.bus, sizeof bus);
    stage_open(&stage, (const char *const[]){"--bus", bus, NULL});
    client_drain(client);
    cr_assert_eq(crowd.ok, 200);
    client_close(&client);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(process, lost_shards_work_goes_to_the_next_one, .timeout = 60)
{
    struct stage stage;
    struct actor first = {.mute = true}, second = {0};
    struct crowd crowd;
    crowd_init(&crowd);
    stage_open(&stage, NULL);
    actor_open(&first, "shard-a", stage.bus, 1);
    struct client *client = client_to(stage.bus);
    send_many(client, &crowd, 300, 30000);
    actor_await(&first, 1);
    actor_close(&first);
    actor_open(&second, "shard-b", stage.bus, 2);
    client_drain(client);
    cr_assert_eq(crowd.ok, 300);
    cr_assert_eq(second.answered, 300);
    client_close(&client);
    actor_close(&second);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* ---- bad and slow peers ---- */

Test(process, half_sent_frames_are_closed_and_stop_nobody, .timeout = 60)
{
    struct stage stage;
    struct actor shard = {0};
    int raw[50];
    stage_open(&stage, (const char *const[]){"--idle-ms", "1000", NULL});
    actor_open(&shard, "shard-a", stage.bus, 1);
    for (int i = 0; i < 50; i++) {
        cr_assert_geq(raw[i] = raw_open(stage.bus), 0);
        cr_assert(raw_send(raw[i], 500000, "half of it", 10));
    }
    struct client *client = client_to(stage.bus);
    cr_assert_eq(call_one(client), status_ok);
    for (int i = 0; i < 50; i++) {
        cr_assert(raw_closed(raw[i]), "connection %d", i);
        close(raw[i]);
    }
    cr_assert_eq(call_one(client), status_ok);
    client_close(&client);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(process, frame_over_the_limit_closes_the_connection_and_one_of_the_limit_is_read)
{
    static uint8_t bytes[limit_frame_bytes + 5], memory[4096];
    struct stage stage;
    struct reply_frame frame;
    stage_open(&stage, NULL);
    int raw = raw_open(stage.bus);
    cr_assert(raw_send(raw, limit_frame_bytes + 5, "", 0));
    cr_assert(raw_closed(raw));
    close(raw);
    raw = raw_open(stage.bus);
    bytes[0] = 0x80; /* the request id of REQ; then zeros, which are no frame */
    cr_assert(raw_send(raw, limit_frame_bytes + 4, bytes, limit_frame_bytes + 4));
    cr_assert_eq(reply_frame_decode(raw_read(raw, memory, sizeof memory), &frame), error_none);
    cr_assert(frame.whole);
    cr_assert_eq(frame.fault.status, status_invalid);
    close(raw);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(process, peers_that_speak_something_else_are_closed)
{
    struct stage stage;
    struct actor shard = {0};
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    int raw = raw_open(stage.bus);
    cr_assert(raw_send(raw, 2, "hi", 2)); /* too short for a request id */
    cr_assert(raw_closed(raw));
    close(raw);
    struct client *client = client_to(stage.bus);
    cr_assert_eq(call_one(client), status_ok);
    client_close(&client);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* Its replies, 200 KiB each, fill its connection; then they take places in the broker, of which there are only 64. When
 * just the last reply is left lying, the connection is an idle one. */
Test(process, client_that_never_reads_is_closed_and_stops_nobody, .timeout = 60)
{
    struct stage stage;
    struct actor shard = {.reply_bytes = 200000};
    stage_open(&stage, (const char *const[]){"--send-ms", "500", "--frames", "64", "--idle-ms", "2000", NULL});
    actor_open(&shard, "shard-a", stage.bus, 1);
    struct client *client = client_to(stage.bus);
    cr_assert_eq(call_one(client), status_ok);
    int64_t before = metric_of(client, "fluvius_connections");
    int hostile[3];
    for (int i = 0; i < 3; i++) {
        cr_assert_geq(hostile[i] = raw_open(stage.bus), 0);
        for (int sent = 0; sent < 300 && raw_deposit(hostile[i], "x", 5000); sent++)
            continue; /* until the broker closes, or everything is sent */
        cr_assert_eq(call_one(client), status_ok);
    }
    while (metric_of(client, "fluvius_connections") > before)
        cr_assert_eq(call_one(client), status_ok);
    for (int i = 0; i < 3; i++)
        close(hostile[i]);
    client_close(&client);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* Clients' frames that wait for a shard must leave the shard a place to come in by. */
Test(process, frames_that_wait_do_not_shut_out_the_shard, .timeout = 60)
{
    struct stage stage;
    struct actor shard = {0};
    static uint8_t memory[65536];
    int raw[4], ok = 0, busy = 0;
    stage_open(&stage, (const char *const[]){"--frames", "16", NULL});
    for (int i = 0; i < 4; i++) {
        cr_assert_geq(raw[i] = raw_open(stage.bus), 0);
        for (int frame = 0; frame < 8; frame++)
            cr_assert(raw_deposit(raw[i], "x", 30000));
    }
    actor_open(&shard, "shard-a", stage.bus, 1);
    for (int i = 0; i < 4; i++) {
        for (int frame = 0; frame < 8; frame++) {
            struct reply_frame reply;
            cr_assert_eq(reply_frame_decode(raw_read(raw[i], memory, sizeof memory), &reply), error_none);
            busy += reply.whole && reply.fault.status == status_busy;
            ok += !reply.whole;
        }
        close(raw[i]);
    }
    cr_assert_eq(ok + busy, 32);
    cr_assert_geq(ok, 14);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* A reply that does not fit is an answer, not a broken connection: nothing goes round in circles. */
Test(process, reply_over_the_clients_maximum_is_one_answer)
{
    struct stage stage;
    struct actor shard = {.reply_bytes = 5000};
    struct client *client = NULL;
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    cr_assert_eq(client_open(&client, &(struct client_config){.urls = stage.bus, .max_bytes = 2000}), error_none);
    cr_assert_eq(call_one(client), status_error);
    cr_assert_eq(shard.taken, 1);
    client_close(&client);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(process, connections_are_capped_for_each_address)
{
    struct stage stage;
    struct pollfd raw[4];
    stage_open(&stage, (const char *const[]){"--connections-per-address", "3", NULL});
    for (int i = 0; i < 4; i++)
        raw[i] = (struct pollfd){.fd = raw_open(stage.bus), .events = POLLIN};
    /* The broker counts a connection a moment after its greeting, so any of the four may be the one too many. */
    int closed = poll(raw, 4, 10000);
    cr_assert(closed == 1 || raw[3].fd < 0);
    for (int i = 0; i < 4; i++)
        close(raw[i].fd);
    struct client *client = client_to(stage.bus); /* and there is room again */
    cr_assert_gt(metric_of(client, "fluvius_connections"), 0);
    client_close(&client);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* Connections come and go in the middle of frames: the end of each is told, whatever was on its way. */
Test(process, connections_that_break_in_the_middle_of_everything_leave_nothing_behind, .timeout = 60)
{
    struct stage stage;
    struct actor shard = {0};
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    struct client *client = client_to(stage.bus);
    cr_assert_eq(call_one(client), status_ok);
    int64_t before = metric_of(client, "fluvius_connections");
    for (int i = 0; i < 200; i++) {
        int raw = raw_open(stage.bus);
        cr_assert_geq(raw, 0);
        for (int frame = 0; frame < i % 5; frame++)
            raw_deposit(raw, "x", 5000);
        if (i % 3 == 0)
            raw_send(raw, 100 + (uint64_t)i, "some", 4);
        close(raw);
    }
    while (metric_of(client, "fluvius_connections") > before)
        continue;
    cr_assert_eq(call_one(client), status_ok);
    client_close(&client);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* ---- starting and stopping ---- */

Test(process, busy_port_is_named)
{
    struct stage stage;
    char said[512];
    stage_open(&stage, NULL);
    cr_assert_eq(stage_refused((const char *const[]){"--bus", stage.bus, NULL}, said, sizeof said), 2);
    cr_assert_not_null(strstr(said, stage.bus), "%s", said);
    cr_assert_not_null(strstr(said, "in use"), "%s", said);
    cr_assert_eq(stage_refused((const char *const[]){"--bus", "tcp://127.0.0.1:0", "--events", stage.events, NULL},
                               said,
                               sizeof said),
                 2);
    cr_assert_not_null(strstr(said, stage.events), "%s", said);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(process, address_beyond_loopback_needs_tokens)
{
    char said[512];
    cr_assert_eq(stage_refused((const char *const[]){"--bus", "tcp://0.0.0.0:0", NULL}, said, sizeof said), 2);
    cr_assert_not_null(strstr(said, "token-file"), "%s", said);
}

Test(process, stopping_finishes_what_is_on_its_way, .timeout = 60)
{
    struct stage stage;
    struct actor shard = {.mute = true};
    struct crowd crowd;
    crowd_init(&crowd);
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    int raw = raw_open(stage.bus);
    cr_assert(raw_deposit(raw, "x", 20000));
    actor_await(&shard, 1);
    pthread_mutex_lock(&shard.lock);
    shard.mute = false;
    pthread_mutex_unlock(&shard.lock);
    cr_assert(raw_deposit(raw, "y", 20000));
    actor_await(&shard, 2); /* answers the second; the first is never answered */
    kill(stage.pid, SIGTERM);
    uint8_t memory[4096];
    struct reply_frame frame;
    struct slice reply = raw_read(raw, memory, sizeof memory);
    cr_assert_eq(reply_frame_decode(reply, &frame), error_none);
    cr_assert_not(frame.whole);
    cr_assert_eq(stage_stop(&stage), 0); /* after its patience with the first */
    close(raw);
    actor_close(&shard);
}

Test(process, stopping_refuses_what_comes_late, .timeout = 60)
{
    struct stage stage;
    struct actor shard = {.mute = true};
    uint8_t memory[4096];
    struct reply_frame frame;
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    int raw = raw_open(stage.bus), late = raw_open(stage.bus);
    cr_assert(raw_deposit(raw, "x", 20000)); /* keeps the broker up for a while */
    actor_await(&shard, 1);
    kill(stage.pid, SIGTERM);
    do {
        cr_assert(raw_deposit(late, "y", 300));
        cr_assert_eq(reply_frame_decode(raw_read(late, memory, sizeof memory), &frame), error_none);
    } while (!frame.whole);
    cr_assert_eq(frame.fault.status, status_unavailable);
    cr_assert(slice_is(frame.fault.code, "stopping"));
    cr_assert_eq(stage_stop(&stage), 0);
    close(raw);
    close(late);
    actor_close(&shard);
}
