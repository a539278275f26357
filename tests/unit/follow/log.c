/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See log.h. */
#include "tests/unit/follow/log.h"

#include "proto/json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 65536
#define KEYS_MAX 64

struct row {
    char realm[32], namespace[32], resource[32], identifier[32], type[32];
    int64_t time_us;
};

struct told {
    bool is, more;
    char text[65536], position[4096];
};

static struct {
    struct row *rows[PARTITIONS];
    uint32_t counts[PARTITIONS];
    struct follow_core *core;
    struct told *told;
    uint32_t reads, given;
    bool fails;
    uint64_t now_us;
} scene;

static enum error fake_read(void *context,
                            uint32_t partition,
                            uint64_t after,
                            uint32_t limit,
                            store_visit visit,
                            void *visit_context,
                            struct store_fault *fault)
{
    (void)context;
    static const uint8_t empty[] = {0x80};
    scene.reads++;
    if (scene.fails) {
        snprintf(fault->text, sizeof fault->text, "the disk is gone");
        return error_io;
    }
    enum error error = error_none;
    for (uint64_t seq = after + 1; seq <= scene.counts[partition] && limit-- > 0 && error == error_none; seq++) {
        const struct row *row = &scene.rows[partition][seq - 1];
        struct store_record record = {.partition = partition,
                                      .seq = seq,
                                      .version = seq,
                                      .time_us = row->time_us,
                                      .stream = {slice_text(row->realm),
                                                 slice_text(row->namespace),
                                                 slice_text(row->resource),
                                                 slice_text(row->identifier)},
                                      .event = slice_text(row->type),
                                      .data = slice_of(empty, 1),
                                      .command = slice_text("do"),
                                      .user = slice_text("ann"),
                                      .receipt = true};
        scene.given++;
        error = visit(visit_context, &record);
    }
    return error;
}

static enum error fake_heads(void *context, struct store_partition *out, struct store_fault *fault)
{
    (void)context;
    (void)fault;
    for (uint32_t i = 0; i < PARTITIONS; i++)
        out[i] = (struct store_partition){.partition = i, .head = scene.counts[i]};
    return scene.fails ? error_io : error_none;
}

static const struct follow_source source = {fake_read, fake_heads};

static void records_print(struct told *told, struct slice records)
{
    struct reader reader = reader_of(records);
    struct slice raw;
    struct record record;
    uint32_t count;
    size_t at = 0;
    cr_assert_eq(reader_array(&reader, &count), error_none);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(reader_raw(&reader, &raw), error_none);
        cr_assert_eq(record_decode(raw, &record), error_none);
        at += (size_t)snprintf(told->text + at,
                               sizeof told->text - at,
                               "%s%u.%llu",
                               i == 0 ? "" : " ",
                               record.partition,
                               (unsigned long long)record.seq);
    }
}

static void on_answer(void *context, const struct worker_place *place, const struct reply *reply)
{
    (void)context;
    struct told *told = &scene.told[place->key];
    struct followed followed;
    cr_assert(!told->is, "one answer a request");
    told->is = true;
    told->text[0] = 0;
    if (reply->status != status_ok) {
        snprintf(told->text,
                 sizeof told->text,
                 "%s %.*s",
                 status_name(reply->status),
                 (int)reply->code.size,
                 reply->code.data);
        return;
    }
    cr_assert_eq(followed_decode(reply->data, &followed), error_none);
    cr_expect_eq(followed.partitions, PARTITIONS);
    told->more = followed.more;
    snprintf(told->position, sizeof told->position, "%.*s", (int)reply->position.size, reply->position.data);
    records_print(told, followed.records);
}

void log_begin(uint32_t followers_max)
{
    struct follow_config config = {.log = {.partitions = PARTITIONS, .units = 1, .incarnation = INCARNATION},
                                   .source = &source,
                                   .followers_max = followers_max,
                                   .ring_bytes = 65536,
                                   .quiet_ms = 200,
                                   .answer = on_answer};
    for (uint32_t i = 0; i < PARTITIONS; i++)
        scene.rows[i] = calloc(ROWS_MAX, sizeof *scene.rows[i]);
    scene.told = calloc(KEYS_MAX, sizeof *scene.told);
    scene.core = follow_core_new(&config);
    scene.now_us = 1000000;
    cr_assert_not_null(scene.core);
}

void log_end(void)
{
    follow_core_free(&scene.core);
    for (uint32_t i = 0; i < PARTITIONS; i++)
        free(scene.rows[i]);
    free(scene.told);
}

const struct follow_source *log_source(void)
{
    return &source;
}

struct follow_core *core(void)
{
    return scene.core;
}

void add(uint32_t partition, const char *stream, const char *type, int64_t time_us)
{
    struct row *row = &scene.rows[partition][scene.counts[partition]++];
    char text[128];
    snprintf(text, sizeof text, "%s%s", strchr(stream, ':') == NULL ? "default:" : "", stream);
    cr_assert_eq(
        sscanf(text, "%31[^:]:%31[^.].%31[^/]/%31s", row->realm, row->namespace, row->resource, row->identifier), 4);
    snprintf(row->type, sizeof row->type, "%s", type);
    row->time_us = time_us;
}

uint32_t reads_taken(void)
{
    uint32_t reads = scene.reads;
    scene.reads = 0;
    return reads;
}

uint32_t rows_taken(void)
{
    uint32_t given = scene.given;
    scene.given = 0;
    return given;
}

void store_fails(bool fails)
{
    scene.fails = fails;
}

static void ask_with(uint64_t key, const char *json, struct slice roles)
{
    struct buffer data = {0}, raw = {0};
    struct request request = request_of(operation_follow);
    struct json_fault fault;
    cr_assert_eq(json_to_msgpack(slice_text(json), &data, &fault), error_none, "%s", json);
    request.data = buffer_slice(&data);
    request_encode(&raw, &request);
    scene.told[key].is = false;
    follow_take(scene.core,
                &(struct worker_place){.key = key},
                &(struct item){.key = key,
                               .deadline_ms = 10000,
                               .realm = slice_text("default"),
                               .user = slice_text("ann"),
                               .roles = roles,
                               .request = buffer_slice(&raw)},
                scene.now_us);
    buffer_fini(&data);
    buffer_fini(&raw);
}

void ask(uint64_t key, const char *json)
{
    ask_with(key, json, (struct slice){0});
}

void ask_as_service(uint64_t key, const char *json)
{
    ask_with(key, json, slice_of("\x91\xa7service", 9));
}

void turns(uint64_t now_us, uint32_t most)
{
    scene.now_us = now_us;
    while (most-- > 0 && follow_turn(scene.core, now_us))
        continue;
}

const char *answer(uint64_t key)
{
    return scene.told[key].is ? scene.told[key].text : NULL;
}

const char *answer_position(uint64_t key)
{
    return scene.told[key].position;
}

bool answer_more(uint64_t key)
{
    return scene.told[key].more;
}
