/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See scene.h. */
#include "tests/unit/broker/scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct slice REALM(void) {
    return slice_text("default");
}

static enum error
authenticate(void *context, struct slice token, struct broker_principal *out)
{
    const struct scene *scene = context;
    static const uint8_t none[] = {0x90};
    *out = (struct broker_principal){
        .realm = REALM(), .user = slice_text("anonymous"), .roles = slice_of(none, 1), .service = !scene->tokens};
    if (!scene->tokens)
        return error_none;
    out->user = token;
    out->service = slice_is(token, "shard");
    return slice_is(token, "alice") || slice_is(token, "bob") || out->service ? error_none : error_bad_token;
}

static void own_metrics(void *context, struct buffer *out)
{
    (void)context;
    buffer_append_text(out, "# HELP up whether it is up\n# TYPE up gauge\nup{service=\"broker\"} 1\n");
}

struct scene *scene_new(struct broker_config config)
{
    struct scene *scene = calloc(1, sizeof *scene);
    cr_assert_not_null(scene);
    config.authenticate = authenticate;
    config.metrics = own_metrics;
    config.context = scene;
    config.seed = config.seed == 0 ? 12345 : config.seed;
    scene->now_us = 1000000000;
    cr_assert_eq(broker_new(&scene->broker, &config), error_none);
    return scene;
}

void scene_free(struct scene *scene)
{
    broker_free(&scene->broker);
    broker_effects_fini(&scene->effects);
    for (uint32_t i = 0; i < scene->frames; i++) {
        buffer_fini(&scene->frame_bytes[i]);
        buffer_fini(&scene->answers[i]);
    }
    for (uint32_t i = 0; i < scene->publication_count; i++)
        buffer_fini(&scene->publications[i]);
    free(scene);
}

/* ---- steps ---- */

static void effects_keep(struct scene *scene)
{
    for (uint32_t i = 0; i < scene->effects.answer_count; i++) {
        uint64_t handle = scene->effects.answers[i].handle;
        struct slice bytes = buffer_slice(&scene->effects.answers[i].bytes);
        cr_assert_lt(handle, scene->frames);
        cr_assert_not(scene->answered[handle], "frame %d is answered twice", (int)handle);
        scene->answered[handle] = true;
        buffer_append(&scene->answers[handle], bytes.data, bytes.size);
        if (scene->frame_bytes[handle].size > 0) /* nobody may look any more */
            memset(scene->frame_bytes[handle].data, 0xc1, scene->frame_bytes[handle].size);
    }
    for (uint32_t i = 0; i < scene->effects.publication_count; i++) {
        struct slice bytes = buffer_slice(&scene->effects.publications[i]);
        cr_assert_lt(scene->publication_count, 64);
        buffer_append(&scene->publications[scene->publication_count++], bytes.data, bytes.size);
    }
    for (uint32_t i = 0; i < scene->effects.close_count; i++)
        scene->closed[scene->close_count++ % 64] = scene->effects.closes[i];
    broker_effects_clear(&scene->effects);
}

static void step(struct scene *scene, struct broker_input input)
{
    broker_step(scene->broker, &input, scene->now_us, &scene->effects);
    effects_keep(scene);
}

uint64_t say(struct scene *scene, uint32_t pipe, struct slice frame)
{
    cr_assert_lt(scene->frames, SCENE_FRAMES);
    uint64_t handle = scene->frames++;
    buffer_append(&scene->frame_bytes[handle], frame.data, frame.size);
    step(scene,
         (struct broker_input){
             .kind = BROKER_FRAME, .handle = handle, .pipe = pipe, .bytes = buffer_slice(&scene->frame_bytes[handle])});
    return handle;
}

void turn(struct scene *scene)
{
    step(scene, (struct broker_input){.kind = BROKER_TURN});
}

void leave(struct scene *scene, uint32_t pipe)
{
    step(scene, (struct broker_input){.kind = BROKER_PIPE_GONE, .pipe = pipe});
}

void subscribe(struct scene *scene, uint32_t count)
{
    step(scene, (struct broker_input){.kind = BROKER_SUBSCRIBERS, .count = count});
}

void stop(struct scene *scene)
{
    step(scene, (struct broker_input){.kind = BROKER_STOP});
}

void pass(struct scene *scene, uint64_t milliseconds)
{
    for (uint64_t until_us = scene->now_us + milliseconds * 1000; scene->now_us < until_us;) {
        scene->now_us += 10000;
        step(scene, (struct broker_input){.kind = BROKER_TICK});
    }
}

bool answered(const struct scene *scene, uint64_t handle)
{
    return scene->answered[handle];
}

bool closed(const struct scene *scene, uint32_t pipe)
{
    for (uint32_t i = 0; i < scene->close_count && i < 64; i++)
        if (scene->closed[i] == pipe)
            return true;
    return false;
}

/* ---- clients ---- */

static void padding_write(struct buffer *data, size_t bytes)
{
    char *text = calloc(1, bytes + 1);
    memset(text, 'x', bytes);
    write_map(data, 1);
    write_string(data, "note");
    write_string(data, text);
    free(text);
}

static void asked_write(struct buffer *out, const struct asked *asked)
{
    struct buffer data = {0};
    struct request request = request_of(asked->operation);
    if (asked->operation <= operation_events || asked->operation == operation_query ||
        asked->operation == operation_changes) {
        request.namespace = slice_text("bank");
        request.resource = slice_text("account");
        request.identifier = slice_text(asked->identifier);
    }
    if (asked->operation == operation_command) {
        request.command = slice_text("deposit");
        request.has_id = true;
        request.id.bytes[6] = 0x70;
        request.id.bytes[15] = asked->id;
    }
    if (asked->deadline_ms > 0)
        request.deadline_ms = asked->deadline_ms;
    request.token = slice_text(asked->token);
    request.partition = asked->partition;
    if (asked->version > 0)
        request.at_version = asked->version;
    request.at_time_us = asked->at_us;
    if (asked->padding > 0) {
        padding_write(&data, asked->padding);
        request.data = buffer_slice(&data);
    }
    request_encode(out, &request);
    buffer_fini(&data);
}

uint64_t ask_limited(struct scene *scene, uint32_t pipe, const struct asked *asked, uint32_t count, uint32_t max_bytes)
{
    struct buffer out = {0};
    request_frame_begin(&out, max_bytes, slice_of(NULL, 0), count);
    for (uint32_t i = 0; i < count; i++)
        asked_write(&out, &asked[i]);
    uint64_t handle = say(scene, pipe, buffer_slice(&out));
    turn(scene);
    buffer_fini(&out);
    return handle;
}

uint64_t ask(struct scene *scene, uint32_t pipe, const struct asked *asked, uint32_t count)
{
    return ask_limited(scene, pipe, asked, count, 0);
}

uint64_t deposit(struct scene *scene, uint32_t pipe, const char *account)
{
    return ask(scene, pipe, &(struct asked){.identifier = account}, 1);
}

const char *account_in(uint32_t partition, uint32_t nth)
{
    static char names[8][16];
    static uint32_t used;
    char *name = names[used++ % 8];
    for (uint32_t i = 0;; i++) {
        snprintf(name, sizeof names[0], "a%u", i);
        struct stream stream = {.realm = REALM(),
                                .namespace = slice_text("bank"),
                                .resource = slice_text("account"),
                                .identifier = slice_text(name)};
        if (stream_partition(stream_hash(&stream), SCENE_PARTITIONS) == partition && nth-- == 0)
            return name;
    }
}

static struct reply_frame answer_frame(const struct scene *scene, uint64_t handle)
{
    struct reply_frame frame;
    cr_assert(scene->answered[handle], "frame %d is not answered", (int)handle);
    cr_assert_eq(reply_frame_decode(buffer_slice(&scene->answers[handle]), &frame), error_none);
    return frame;
}

struct reply reply_at(const struct scene *scene, uint64_t handle, uint32_t index)
{
    struct reply_frame frame = answer_frame(scene, handle);
    struct slice raw = {0};
    struct reply reply;
    cr_assert_not(frame.whole, "refused whole: %.*s", (int)frame.fault.code.size, (const char *)frame.fault.code.data);
    cr_assert_lt(index, frame.count);
    for (uint32_t i = 0; i <= index; i++)
        cr_assert_eq(reader_raw(&frame.replies, &raw), error_none);
    cr_assert_eq(reply_decode(raw, &reply), error_none);
    return reply;
}

enum status status_at(const struct scene *scene, uint64_t handle, uint32_t index)
{
    return reply_at(scene, handle, index).status;
}

uint32_t reply_count(const struct scene *scene, uint64_t handle)
{
    return answer_frame(scene, handle).count;
}

const char *refusal(const struct scene *scene, uint64_t handle, enum status *status)
{
    static char code[64];
    struct reply_frame frame = answer_frame(scene, handle);
    cr_assert(frame.whole);
    *status = frame.fault.status;
    snprintf(code, sizeof code, "%.*s", (int)frame.fault.code.size, (const char *)frame.fault.code.data);
    return code;
}

/* ---- shards ---- */

uint64_t speak(struct scene *scene, const struct party *shard, struct work_frame frame)
{
    struct buffer out = {0};
    frame.shard = slice_text(shard->name);
    frame.boot = shard->boot;
    frame.token = slice_text(shard->token);
    frame.serves = slice_text(shard->serves);
    work_frame_encode(&out, &frame);
    uint64_t handle = say(scene, shard->pipe, buffer_slice(&out));
    turn(scene);
    buffer_fini(&out);
    return handle;
}

uint64_t announce(struct scene *scene, const struct party *shard, const struct owned *owned, uint32_t count)
{
    struct buffer out = {0};
    write_array(&out, count);
    for (uint32_t i = 0; i < count; i++) {
        write_array(&out, 2);
        write_unsigned(&out, owned[i].partition);
        write_unsigned(&out, owned[i].epoch);
    }
    uint64_t handle =
        speak(scene, shard, (struct work_frame){.partitions = SCENE_PARTITIONS, .owned = buffer_slice(&out)});
    buffer_fini(&out);
    return handle;
}

uint64_t announce_all(struct scene *scene, const struct party *shard, uint64_t epoch)
{
    struct owned owned[SCENE_PARTITIONS];
    for (uint32_t i = 0; i < SCENE_PARTITIONS; i++)
        owned[i] = (struct owned){i, epoch};
    return announce(scene, shard, owned, SCENE_PARTITIONS);
}

uint64_t grant(struct scene *scene, const struct party *shard)
{
    return speak(scene, shard, (struct work_frame){0});
}

void work_at(const struct scene *scene, uint64_t handle, struct work *out)
{
    struct work_reply reply;
    cr_assert(scene->answered[handle], "work frame %d is not answered", (int)handle);
    cr_assert_eq(work_reply_decode(buffer_slice(&scene->answers[handle]), &reply), error_none);
    out->subscribed = reply.subscribed;
    out->unknown = reply.unknown;
    out->heads = reply.heads;
    out->count = reply.count;
    cr_assert_leq(reply.count, 512);
    for (uint32_t i = 0; i < reply.count; i++) {
        struct slice raw;
        cr_assert_eq(reader_raw(&reply.items, &raw), error_none);
        cr_assert_eq(item_decode(raw, &out->items[i]), error_none);
    }
}

static uint64_t reply_with(struct scene *scene,
                           const struct party *shard,
                           const struct item *items,
                           uint32_t count,
                           const struct reply *template)
{
    struct buffer out = {0};
    write_array(&out, count);
    for (uint32_t i = 0; i < count; i++) {
        struct request request;
        struct envelope_fault fault;
        struct reply reply = *template;
        cr_assert_eq(request_decode(items[i].request, &request, &fault), error_none);
        reply.has_id = request.has_id;
        reply.id = request.id;
        write_array(&out, 3);
        write_unsigned(&out, items[i].key);
        write_unsigned(&out, reply.status);
        reply_encode(&out, &reply);
    }
    uint64_t handle = speak(scene, shard, (struct work_frame){.replies = buffer_slice(&out)});
    buffer_fini(&out);
    return handle;
}

uint64_t
done(struct scene *scene, const struct party *shard, const struct item *items, uint32_t count, enum status status)
{
    return reply_with(scene, shard, items, count, &(struct reply){.status = status});
}

uint64_t
done_large(struct scene *scene, const struct party *shard, const struct item *items, uint32_t count, size_t bytes)
{
    struct buffer data = {0};
    padding_write(&data, bytes);
    uint64_t handle = reply_with(scene, shard, items, count, &(struct reply){.data = buffer_slice(&data)});
    buffer_fini(&data);
    return handle;
}

uint64_t say_head(struct scene *scene, const struct party *shard, uint32_t partition, uint64_t seq)
{
    struct buffer out = {0};
    write_array(&out, 1);
    write_array(&out, 2);
    write_unsigned(&out, partition);
    write_unsigned(&out, seq);
    uint64_t handle = speak(scene, shard, (struct work_frame){.heads = buffer_slice(&out)});
    buffer_fini(&out);
    return handle;
}
