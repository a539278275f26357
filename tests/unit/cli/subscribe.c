/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius subscribe` against a broker that the test plays by hand, for what no broker of ours sends: records that
 * cannot be read. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

#include "proto/envelope.h"
#include "proto/json.h"
#include "proto/position.h"
#include "services/cli/command.h"
#include "services/cli/walk.h"
#include "tests/unit/client/server.h"

#define INCARNATION 0x1f

static struct {
    struct server server;
    pthread_t thread;
    bool once;
    int code;
    bool letter;           /* the group has a dead letter that is to be replayed */
    char acked[64];        /* "PARTITION.SEQ" of the last acknowledgement */
    char settled[128];     /* the fault that a dead letter was settled with */
    struct buffer records; /* raw array: what there is behind the checkpoints */
    bool left;
} scene;

static void *run(void *context)
{
    char *argv[] = {"subscribe", "g", "--consumer", "c", "--exec", "true", "--bus", scene.server.url, "--once", NULL};
    (void)context;
    scene.code = command_subscribe(scene.once ? 9 : 8, argv);
    return NULL;
}

/* ---- the broker ---- */

static void state_write(struct buffer *out)
{
    const char *letters =
        scene.letter ? "{\"partition\":0,\"seq\":1,\"attempts\":5,\"fault\":\"x\",\"replay\":true}" : "";
    char json[512];
    snprintf(json,
             sizeof json,
             "{\"exists\":true,\"lease_ms\":30000,\"consumers\":[{\"name\":\"c\"}],\"select\":{},\"partitions\":[{"
             "\"checkpoint\":0,\"holder\":\"c\"}],\"dead_letters\":[%s]}",
             letters);
    cr_assert_eq(json_to_msgpack(slice_text(json), out, NULL), error_none);
}

static void followed_write(struct buffer *out, struct slice records)
{
    static const uint8_t none[] = {0x90};
    struct followed followed = {.records = records.size > 0 ? records : slice_of(none, 1), .partitions = 1};
    followed_encode(out, &followed);
}

static void command_note(const struct request *request)
{
    struct slice place, places = field_raw(request->data, "places");
    struct walk walk = walk_of(places);
    int64_t partition = -1, seq = -1;
    if (slice_is(request->command, "ack") && walk_next(&walk, &place)) {
        field_integer(place, "partition", &partition);
        field_integer(place, "seq", &seq);
        snprintf(scene.acked, sizeof scene.acked, "%d.%d", (int)partition, (int)seq);
    }
    if (slice_is(request->command, "settle")) {
        struct slice fault = field_text(request->data, "fault");
        snprintf(scene.settled, sizeof scene.settled, "%.*s", (int)fault.size, (const char *)fault.data);
        scene.letter = false;
    }
    scene.left |= slice_is(request->command, "leave");
}

static void request_answer(const struct request *request, struct buffer *out)
{
    struct buffer data = {0}, position = {0};
    uint64_t seq = 0;
    struct reply reply = {.status = status_ok, .has_id = true, .id = request->id};
    if (request->operation == operation_state)
        state_write(&data);
    if (request->operation == operation_command)
        command_note(request);
    if (request->operation == operation_follow) {
        bool end = slice_is(field_text(request->data, "from"), "end");
        seq = end || scene.records.size == 0 ? 0 : 2;
        followed_write(&data, end ? (struct slice){0} : buffer_slice(&scene.records));
        position_write(INCARNATION, &seq, 1, &position);
        reply.position = buffer_slice(&position);
    }
    reply.data = buffer_slice(&data);
    reply_encode(out, &reply);
    buffer_fini(&data);
    buffer_fini(&position);
}

static void frame_answer(void)
{
    struct server_frame frame = server_receive(&scene.server);
    struct envelope_fault fault;
    struct request_frame head;
    struct buffer out = {0};
    cr_assert_eq(request_frame_decode(server_bytes(&frame), &head, &fault), error_none);
    reply_frame_begin(&out, head.count);
    for (uint32_t i = 0; i < head.count; i++) {
        struct request request;
        struct slice raw;
        cr_assert_eq(reader_raw(&head.requests, &raw), error_none);
        cr_assert_eq(request_decode(raw, &request, &fault), error_none);
        request_answer(&request, &out);
    }
    server_answer(&frame, buffer_slice(&out));
    buffer_fini(&out);
}

/* Until the consumer has left the group. */
static void play(void)
{
    server_open(&scene.server, NULL);
    cr_assert_eq(pthread_create(&scene.thread, NULL, run, NULL), 0);
    for (int frames = 0; !scene.left; frames++) {
        cr_assert_lt(frames, 200, "it does not leave");
        frame_answer();
    }
    pthread_join(scene.thread, NULL);
    server_close(&scene.server);
    buffer_fini(&scene.records);
}

static void record_add(uint64_t seq)
{
    record_encode(&scene.records,
                  &(struct record){.seq = seq,
                                   .version = seq,
                                   .stream = {.realm = slice_text("default"),
                                              .namespace = slice_text("bank"),
                                              .resource = slice_text("account"),
                                              .identifier = slice_text("a")},
                                   .event = slice_text("opened"),
                                   .command = slice_text("open"),
                                   .user = slice_text("ann")});
}

Test(subscribe, a_record_that_cannot_be_read_is_not_acknowledged_and_ends_the_consumer)
{
    write_array(&scene.records, 2);
    record_add(1);
    write_integer(&scene.records, 7);
    play();
    cr_expect_str_eq(scene.acked, "0.1", "what came before is: %s", scene.acked);
    cr_expect_eq(scene.code, EXIT_FAILED);
}

Test(subscribe, a_dead_letter_that_cannot_be_read_stays_one_and_says_so)
{
    scene.letter = scene.once = true;
    write_array(&scene.records, 1);
    write_integer(&scene.records, 7);
    play();
    cr_expect_str_eq(scene.settled, "the record cannot be read");
    cr_expect_str_eq(scene.acked, "");
}
