/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the SDK's host side work with: one domain, one aggregate of it, data written as JSON. Include it
 * before the domain, whose short names (text, bytes) are otherwise in its way. */
#ifndef TESTS_SDK_BENCH_H
#define TESTS_SDK_BENCH_H

#include "fluvius/host.h"
#include "proto/json.h"
#include "proto/reader.h"
#include <criterion/criterion.h>

struct bench {
    struct domain *domain;
    const struct domain_resource *resource;
    struct aggregate *aggregate;
    struct decision_result result;
    struct buffer data, text;
};

static inline struct bench bench_open(const char *resource)
{
    struct bench bench = {0};
    struct domain_fault fault;
    cr_assert_eq(domain_new(&bench.domain, fluvius_module_1(), &fault), 0, "%s", fault.text);
    bench.resource = domain_resource(bench.domain, slice_text(resource));
    cr_assert_not_null(bench.resource);
    bench.aggregate = aggregate_new(bench.resource);
    return bench;
}

static inline void bench_close(struct bench *bench)
{
    decision_fini(&bench->result);
    aggregate_free(&bench->aggregate);
    domain_free(&bench->domain);
    buffer_fini(&bench->data);
    buffer_fini(&bench->text);
}

/* Single quotes stand for double ones. */
static inline struct slice bench_data(struct bench *bench, const char *json)
{
    char text[20000];
    struct msgpack_fault fault;
    cr_assert(strlen(json) < sizeof text);
    strcpy(text, json);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    buffer_clear(&bench->data);
    cr_assert_eq(json_to_msgpack(slice_text(text), &bench->data, NULL), 0, "not JSON: %s", text);
    cr_assert_eq(msgpack_check(buffer_slice(&bench->data), &fault), 0);
    return buffer_slice(&bench->data);
}

/* The JSON of a value, with single quotes. */
static inline const char *bench_text(struct bench *bench, struct slice value)
{
    buffer_clear(&bench->text);
    cr_assert_eq(msgpack_to_json(value, &bench->text), 0);
    buffer_append(&bench->text, "", 1);
    for (char *at = (char *)bench->text.data; *at != '\0'; at++)
        *at = *at == '"' ? '\'' : *at;
    return (const char *)bench->text.data;
}

static inline void bench_decide_raw(struct bench *bench, const char *command, struct slice data)
{
    static const uint8_t id[16] = "0123456789abcde";
    struct decision_input input = {.command = domain_command(bench->resource, slice_text(command)),
                                   .data = data,
                                   .now_us = 1000000,
                                   .id = id,
                                   .user = slice_text("ann"),
                                   .realm = slice_text("home"),
                                   .identifier = slice_text("a-1")};
    cr_assert_not_null(input.command, "no command %s", command);
    aggregate_decide(bench->aggregate, &input, &bench->result);
}

static inline void bench_decide(struct bench *bench, const char *command, const char *json)
{
    bench_decide_raw(bench, command, bench_data(bench, json));
}

static inline void bench_apply_all(struct bench *bench)
{
    struct domain_fault fault = {{0}};
    for (uint32_t i = 0; i < bench->result.count; i++) {
        const struct decided_event *event = &bench->result.events[i];
        struct slice name = slice_text(event->name);
        cr_assert_eq(aggregate_apply(bench->aggregate, name, event->schema, event->data, &fault), 0, "%s", fault.text);
    }
}

/* Decides, expects acceptance, applies. */
static inline void bench_run(struct bench *bench, const char *command, const char *json)
{
    bench_decide(bench, command, json);
    cr_assert_eq(bench->result.outcome,
                 DECISION_ACCEPTED,
                 "%s %s %s",
                 bench->result.message,
                 bench->result.faults.items[0].path,
                 bench->result.faults.items[0].code);
    bench_apply_all(bench);
}

static inline const char *bench_state(struct bench *bench)
{
    struct buffer state = {0};
    cr_assert_eq(aggregate_encode(bench->aggregate, &state), 0);
    const char *text = bench_text(bench, buffer_slice(&state));
    buffer_fini(&state);
    return text;
}

static inline bool bench_has_fault(const struct bench *bench, const char *path, const char *code)
{
    const struct data_faults *faults = &bench->result.faults;
    for (uint32_t i = 0; i < faults->count && i < DATA_FAULTS_MAX; i++)
        if (strcmp(faults->items[i].path, path) == 0 && strcmp(faults->items[i].code, code) == 0)
            return true;
    return false;
}

/* The command is invalid for just this one reason. */
static inline void
bench_one_fault(struct bench *bench, const char *command, const char *json, const char *path, const char *code)
{
    bench_decide(bench, command, json);
    const struct data_faults *faults = &bench->result.faults;
    cr_assert_eq(bench->result.outcome, DECISION_INVALID, "%s: %d", json, bench->result.outcome);
    cr_expect(faults->count == 1 && bench_has_fault(bench, path, code),
              "%s: expected %s at %s, got %u, first %s at %s",
              json,
              code,
              path,
              faults->count,
              faults->items[0].code,
              faults->items[0].path);
}

#endif
