/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The sequential models against the bank itself: random commands, decided and applied by the domain's own code. */
#include <criterion/criterion.h>

#include "tests/linear/account.h"
#include "tests/linear/reference.h"

#include "proto/reader.h"

#include <fluvius/host.h>
#include <stdlib.h>

struct stage {
    struct domain *domain;
    struct aggregate *aggregate;
    struct decision_result decision;
    struct buffer data;
    struct account model;
    struct reference reference;
    uint64_t random;
};

static uint64_t random_below(struct stage *stage, uint64_t bound)
{
    stage->random ^= stage->random << 13;
    stage->random ^= stage->random >> 7;
    stage->random ^= stage->random << 17;
    return (stage->random >> 11) % bound;
}

static const struct domain_resource *stage_open(struct stage *stage)
{
    struct domain_fault fault;
    cr_assert_eq(domain_new(&stage->domain, fluvius_module_1(), &fault), error_none, "%s", fault.text);
    return domain_resource(stage->domain, slice_text("account"));
}

/* Small amounts, so that accounts become empty, and now and then one at which sums overflow. */
static struct call call_choose(struct stage *stage)
{
    struct call call = {.action = (enum action)random_below(stage, ACTION_READ)};
    if (call.action == ACTION_DEPOSIT || call.action == ACTION_WITHDRAW)
        call.amount = random_below(stage, 30) == 0 ? INT64_MAX - (int64_t)random_below(stage, 3)
                                                   : (int64_t)random_below(stage, 4);
    return call;
}

static void data_write(struct stage *stage, const struct call *call)
{
    bool moves = call->action == ACTION_DEPOSIT || call->action == ACTION_WITHDRAW;
    buffer_clear(&stage->data);
    write_map(&stage->data, moves || call->action == ACTION_OPEN ? 1 : 0);
    if (moves) {
        write_string(&stage->data, "amount");
        write_integer(&stage->data, call->amount);
    } else if (call->action == ACTION_OPEN) {
        write_string(&stage->data, "holder");
        write_map(&stage->data, 2);
        write_string(&stage->data, "given");
        write_string(&stage->data, "Kim");
        write_string(&stage->data, "family");
        write_string(&stage->data, "Lee");
    }
}

static void events_apply(struct stage *stage)
{
    struct domain_fault fault;
    for (uint32_t i = 0; i < stage->decision.count; i++) {
        const struct decided_event *event = &stage->decision.events[i];
        cr_assert_eq(aggregate_apply(stage->aggregate, slice_text(event->name), event->schema, event->data, &fault),
                     error_none);
    }
}

/* As a shard does: what does not create is not found where there is nothing. */
static enum answer bank_run(struct stage *stage, const struct domain_resource *resource, const struct call *call)
{
    static const uint8_t id[16] = {1};
    const struct domain_command *command = domain_command(resource, slice_text(action_name(call->action)));
    if (aggregate_version(stage->aggregate) == 0 && !domain_command_creates(command))
        return ANSWER_NOT_FOUND;
    data_write(stage, call);
    struct decision_input input = {.command = command, .data = buffer_slice(&stage->data), .id = id};
    aggregate_decide(stage->aggregate, &input, &stage->decision);
    if (stage->decision.outcome != DECISION_ACCEPTED)
        return stage->decision.outcome == DECISION_REJECTED ? ANSWER_REJECTED : ANSWER_REFUSED;
    events_apply(stage);
    return ANSWER_OK;
}

static int64_t bank_balance(const struct stage *stage)
{
    struct buffer state = {0};
    struct slice raw;
    int64_t balance = 0;
    cr_assert_eq(aggregate_encode(stage->aggregate, &state), error_none);
    if (msgpack_find(buffer_slice(&state), "balance", &raw) == error_none) {
        struct reader reader = reader_of(raw);
        cr_assert_eq(reader_integer(&reader, &balance), error_none);
    }
    buffer_fini(&state);
    return balance;
}

static void compare_one(struct stage *stage, const struct domain_resource *resource)
{
    struct call call = call_choose(stage), run = call;
    struct account after;
    enum answer bank = bank_run(stage, resource, &call);
    enum answer model = account_run(&stage->model, &call, &after);
    stage->model = after;
    reference_run(&stage->reference, &run);
    cr_assert_eq(model, bank, "%s %lld", action_name(call.action), (long long)call.amount);
    cr_assert_eq(run.answer, bank, "%s %lld", action_name(call.action), (long long)call.amount);
    cr_assert_eq((uint64_t)after.version, aggregate_version(stage->aggregate));
    cr_assert_eq(stage->reference.version, after.version);
    cr_assert_eq(after.balance, bank_balance(stage));
    cr_assert_eq(stage->reference.balance, after.balance);
}

Test(linear_bank, the_models_decide_as_the_bank_does)
{
    struct stage stage = {.random = 4711};
    const struct domain_resource *resource = stage_open(&stage);
    for (int account = 0; account < 500; account++) {
        stage.aggregate = aggregate_new(resource);
        stage.model = (struct account){0};
        stage.reference = (struct reference){0};
        for (int i = 0; i < 60; i++)
            compare_one(&stage, resource);
        aggregate_free(&stage.aggregate);
    }
    decision_fini(&stage.decision);
    domain_free(&stage.domain);
    buffer_fini(&stage.data);
}
