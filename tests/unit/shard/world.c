/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See world.h. */
#include "tests/unit/shard/world.h"

#include "proto/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const uint32_t units[] = {0, 1};

static void core_start(struct world *world)
{
    struct domain *const *domains = &world->domain;
    store_info(world->store, &world->config.log);
    world->config.units = units;
    world->config.unit_count = world->config.pool ? 0 : 2;
    world->config.domains = domains;
    world->config.domain_count = 1;
    world->config.journal = &world->journal;
    world->config.links = 1;
    if (world->config.snapshot_events == 0)
        world->config.snapshot_events = 8;
    world->config.commits = 1;
    if (world->config.batch_records == 0)
        world->config.batch_records = 1024;
    assert(effects_init(&world->effects, 1) == error_none);
    assert(shard_new(&world->shard, &world->config) == error_none);
}

static struct world *world_alloc(bool pool)
{
    struct world *world = calloc(1, sizeof *world);
    assert(world != NULL);
    journal_open(&world->journal);
    world->config.pool = pool;
    world->config.lease_ms = 3000;
    world->config.handoffs = 2;
    world->now = (struct instant){.wall_us = 1700000000000000, .monotonic_us = 1000000};
    return world;
}

static struct world_pool *pool_make(void)
{
    struct world_pool *pool = calloc(1, sizeof *pool);
    assert(pool != NULL);
    pool->member_count = 1;
    for (uint32_t i = 0; i < WORLD_MEMBERS; i++) {
        pool->members[i].boot = i + 1;
        pool->alive_until_us[i] = UINT64_MAX;
        snprintf(pool->members[i].name, sizeof pool->members[i].name, "shard-%u", i);
    }
    for (uint32_t i = 0; i < 2; i++)
        pool->owners[i].member = -1;
    return pool;
}

static struct world *world_make(bool pool)
{
    struct world *world = world_alloc(pool);
    struct store_config config = {
        .url = "memory:", .partitions = 4, .units = 2, .create = true, .holder = "test", .incarnation = 0x1f3a};
    struct store_fault store_fault;
    struct domain_fault fault;
    world->first = world;
    world->pool = pool_make();
    assert(store_open(&world->store, &config, &store_fault) == error_none);
    assert(domain_new(&world->domain, fluvius_module_1(), &fault) == error_none);
    core_start(world);
    world_settle(world);
    return world;
}

struct world *world_new(void)
{
    return world_make(false);
}

struct world *world_new_pooled(void)
{
    return world_make(true);
}

struct world *world_new_member(struct world *first, uint32_t self)
{
    struct world *world = world_alloc(true);
    world->first = first;
    world->pool = first->pool;
    world->store = first->store;
    world->domain = first->domain;
    world->self = self;
    core_start(world);
    return world;
}

static void core_stop(struct world *world)
{
    while (world->effects.commits != NULL)
        world->effects.commits = world->effects.commits->next; /* they belong to their units */
    world->committed = NULL;
    while (world->fetched != NULL) {
        struct fetch *fetch = world->fetched;
        world->fetched = fetch->next;
        fetch_free(&fetch);
    }
    shard_free(&world->shard);
    effects_fini(&world->effects, 1);
}

void world_free(struct world *world)
{
    core_stop(world);
    if (world->first == world) {
        store_close(&world->store);
        domain_free(&world->domain);
        free(world->pool);
    }
    for (uint32_t i = 0; i < REPLIES_MAX; i++)
        buffer_fini(&world->replies[i].bytes);
    free(world);
}

void world_restart(struct world *world)
{
    core_stop(world);
    for (uint32_t i = 0; i < 2; i++)
        store_release(world->store, units[i]);
    world->hold_commits = world->hold_fetches = false;
    core_start(world);
    world_settle(world);
}

/* ---- effects ---- */

static void step(struct world *world, struct input input)
{
    shard_step(world->shard, &input, world->now, &world->effects);
}

static void take_receipt(void *context, const struct store_receipt *receipt)
{
    assert(receipts_add(context, &receipt->id, receipt->stream_hash) == error_none);
}

static bool member_alive(const struct world *world, int32_t member)
{
    return member >= 0 && world->now.monotonic_us < world->pool->alive_until_us[member];
}

static bool claim_refused(struct world *world, struct claimed *claimed)
{
    int32_t owner = world->pool->owners[claimed->unit].member;
    claimed->error = world->fail_claim;
    world->fail_claim = error_none;
    if (world->config.pool && owner != (int32_t)world->self && member_alive(world, owner))
        claimed->error = error_locked;
    return claimed->error != error_none;
}

static void claim(struct world *world, uint32_t unit)
{
    struct claimed *claimed = calloc(1, sizeof *claimed);
    const struct store_claim *held;
    uint64_t since_ms = 0;
    claimed->unit = unit;
    world->claims++;
    if (claim_refused(world, claimed)) {
        step(world, (struct input){.kind = INPUT_CLAIMED, .claimed = claimed});
        return;
    }
    store_release(world->store, unit);
    receipts_init(&claimed->receipts, 1024);
    claimed->error = store_claim(world->store, unit, &held, &claimed->fault);
    assert(claimed->error == error_none);
    world->pool->owners[unit].member = (int32_t)world->self;
    world->pool->owners[unit].epoch = world->epochs[unit] = held->epoch;
    claimed->epoch = held->epoch;
    claimed->count = held->count;
    claimed->partitions = malloc(held->count * sizeof *held->partitions);
    memcpy(claimed->partitions, held->partitions, held->count * sizeof *held->partitions);
    assert(
        store_recent_receipts(
            world->store, unit, take_receipt, &claimed->receipts, &since_ms, &claimed->expired_ms, &claimed->fault) ==
        error_none);
    claimed->receipts.since_ms = since_ms;
    step(world, (struct input){.kind = INPUT_CLAIMED, .claimed = claimed});
}

static bool owns(const struct world *world, uint32_t unit)
{
    const struct store_owner *owner = &world->pool->owners[unit];
    return owner->member == (int32_t)world->self && owner->epoch == world->epochs[unit];
}

static void commit(struct world *world, struct batch *batch)
{
    bool more;
    batch->error = world->fail_commit;
    world->fail_commit = error_none;
    if (batch->error == error_none && !owns(world, batch->unit))
        batch->error = error_fenced;
    if (batch->error == error_none)
        batch->error = store_append(world->store, batch->unit, batch->records, batch->count, &batch->fault);
    if (batch->error == error_none && batch->snapshots != NULL)
        store_maintain(
            world->store, batch->unit, batch->snapshots->items, batch->snapshots->count, 5, &more, &batch->fault);
    world->commits++;
    assert(world->committed == NULL); /* one unit commits at once */
    world->committed = batch;
}

static bool run_results(struct world *world)
{
    struct batch *batch = world->committed;
    struct fetch *fetch = world->fetched;
    if (world->hold_results || (batch == NULL && fetch == NULL))
        return false;
    world->committed = NULL;
    if (batch != NULL)
        step(world, (struct input){.kind = INPUT_COMMITTED, .batch = batch});
    if (fetch != NULL) {
        world->fetched = fetch->next;
        step(world, (struct input){.kind = INPUT_FETCHED, .fetch = fetch});
    }
    return true;
}

static void keep_reply(struct world *world, struct reader *reader)
{
    uint32_t items;
    int64_t key, status;
    struct slice raw;
    assert(reader_array(reader, &items) == error_none && items == 3);
    assert(reader_integer(reader, &key) == error_none && reader_integer(reader, &status) == error_none);
    assert(reader_raw(reader, &raw) == error_none);
    struct kept_reply *kept = &world->replies[key];
    assert(!kept->there); /* every request is answered once */
    kept->there = true;
    buffer_append(&kept->bytes, raw.data, raw.size);
    assert(reply_decode(buffer_slice(&kept->bytes), &kept->reply) == error_none);
    assert((int64_t)kept->reply.status == status);
}

static void keep_replies(struct world *world)
{
    struct outgoing *outgoing = &world->effects.outgoing[0];
    struct reader reader = reader_of(buffer_slice(&outgoing->replies));
    for (; outgoing->count > 0; outgoing->count--)
        keep_reply(world, &reader);
    assert(reader_done(&reader) || outgoing->replies.size == 0);
    buffer_clear(&outgoing->replies);
}

static bool run_claims(struct world *world)
{
    uint64_t claims = world->effects.claims;
    world->effects.claims = 0;
    for (uint32_t unit = 0; unit < 2; unit++)
        if (claims >> unit & 1)
            claim(world, unit);
    return claims != 0;
}

static bool run_releases(struct world *world)
{
    uint64_t releases = world->hold_releases ? 0 : world->effects.releases;
    world->effects.releases &= ~releases;
    for (uint32_t unit = 0; unit < 2; unit++) {
        if (!(releases >> unit & 1))
            continue;
        if (owns(world, unit)) {
            store_release(world->store, unit);
            world->pool->owners[unit].member = -1;
        }
        step(world, (struct input){.kind = INPUT_RELEASED, .unit = unit});
    }
    return releases != 0;
}

static bool run_commits(struct world *world)
{
    struct batch *batch = world->effects.commits;
    if (batch == NULL || world->hold_commits)
        return false;
    world->effects.commits = batch->next;
    if (world->effects.commits == NULL)
        world->effects.commits_last = &world->effects.commits;
    commit(world, batch);
    return true;
}

static bool run_fetches(struct world *world)
{
    struct fetch *fetch = world->effects.fetches;
    if (fetch == NULL || world->hold_fetches)
        return false;
    world->effects.fetches = fetch->next;
    if (world->effects.fetches == NULL)
        world->effects.fetches_last = &world->effects.fetches;
    fetch_run(fetch, world->store);
    struct fetch **last = &world->fetched;
    while (*last != NULL)
        last = &(*last)->next;
    fetch->next = NULL;
    *last = fetch;
    return true;
}

void world_settle(struct world *world)
{
    bool busy = true;
    while (busy) {
        step(world, (struct input){.kind = INPUT_TURN});
        keep_replies(world);
        bool claimed = run_claims(world), fetched = run_fetches(world), committed = run_commits(world);
        bool released = run_releases(world), told = run_results(world);
        busy = claimed || fetched || committed || released || told;
        keep_replies(world);
    }
}

void world_advance(struct world *world, uint64_t ms)
{
    world->now.wall_us += (int64_t)ms * 1000;
    world->now.monotonic_us += ms * 1000;
}

/* ---- the pool ---- */

/* What the store tells one who asks now: who is alive, and what they own. */
static void view_make(const struct world *world, struct store_pool *pool)
{
    int32_t place[WORLD_MEMBERS];
    for (uint32_t i = 0; i < world->pool->member_count; i++) {
        place[i] = member_alive(world, (int32_t)i) ? (int32_t)pool->member_count : -1;
        if (place[i] < 0)
            continue;
        if (i == world->self)
            pool->self = pool->member_count;
        pool->members[pool->member_count++] = world->pool->members[i];
    }
    for (uint32_t i = 0; i < pool->unit_count; i++) {
        pool->units[i] = world->pool->owners[i];
        if (pool->units[i].member >= 0)
            pool->units[i].member = place[pool->units[i].member];
    }
}

void world_beat_late(struct world *world, uint64_t lease_ms, uint64_t ago_ms)
{
    struct store_member members[WORLD_MEMBERS];
    struct store_owner units_seen[2];
    struct store_pool pool = {.members = members, .unit_count = 2, .units = units_seen};
    uint64_t asked_us = world->now.monotonic_us - ago_ms * 1000;
    struct pool_view view = {.pool = &pool, .asked_us = asked_us, .lease_until_us = asked_us + lease_ms * 1000};
    view_make(world, &pool);
    step(world, (struct input){.kind = INPUT_POOL, .view = &view});
}

void world_beat(struct world *world, uint64_t lease_ms)
{
    world_advance(world, 1);
    world_beat_late(world, lease_ms, 0);
    world_settle(world);
}

void world_beat_fails(struct world *world, enum error error)
{
    step(world, (struct input){.kind = INPUT_POOL, .view = &(struct pool_view){.error = error}});
    world_settle(world);
}

uint32_t world_unit(const char *account)
{
    struct stream stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text(account)};
    return stream_partition(stream_hash(&stream), 4) % 2;
}

uint32_t world_owned(struct world *world)
{
    struct buffer owned = {0};
    uint32_t count = 0;
    shard_owned(world->shard, &owned);
    struct reader reader = reader_of(buffer_slice(&owned));
    assert(reader_array(&reader, &count) == error_none);
    buffer_fini(&owned);
    return count;
}

/* ---- requests ---- */

struct uuid world_id(struct world *world)
{
    uint8_t random[10] = {0};
    uint32_t number = (uint32_t)++world->keys;
    memcpy(random + 6, &number, 4);
    return uuid_v7((uint64_t)world->now.wall_us / 1000, random);
}

static void item_write(const struct send *send, const struct request *request, uint64_t key, struct buffer *out)
{
    struct buffer raw = {0};
    char made[UUID_TEXT_SIZE];
    bool makes = send->account == NULL && send->group == NULL;
    struct item item = {.key = key,
                        .partition = 0,
                        .deadline_ms = send->deadline_ms == 0 ? 10000 : send->deadline_ms,
                        .realm = slice_text("default"),
                        .user = slice_text("tester")};
    request_encode(&raw, request);
    item.request = buffer_slice(&raw);
    if (makes) {
        identifier_for_new(item.realm, item.user, &request->id, made);
        item.identifier = slice_text(made);
    }
    struct stream stream = {.realm = item.realm,
                            .namespace = request->namespace,
                            .resource = request->resource,
                            .identifier = makes ? item.identifier : request->identifier};
    item.partition = stream_partition(stream_hash(&stream), 4);
    item_encode(out, &item);
    buffer_fini(&raw);
}

uint64_t world_send_raw(struct world *world, const struct send *send)
{
    struct buffer data = {0}, scope = {0}, item = {0};
    struct request request = {.operation = send->operation,
                              .namespace = slice_text(send->group == NULL ? "bank" : "fluvius"),
                              .command = slice_text(send->command),
                              .resource = slice_text(send->group == NULL ? "account" : "group"),
                              .identifier = slice_text(send->group == NULL ? send->account : send->group),
                              .expected = send->expected,
                              .has_expected = send->has_expected,
                              .dry_run = send->dry_run,
                              .at_version = send->at_version == 0 ? -1 : send->at_version,
                              .at_time_us = send->at_time_us,
                              .partition = -1,
                              .from = send->from,
                              .limit = send->limit == 0 ? 25 : send->limit};
    if (send->operation == operation_command) {
        request.id = send->id == NULL ? world_id(world) : *send->id;
        request.has_id = true;
        assert(json_to_msgpack(slice_text(send->data == NULL ? "{}" : send->data), &data, NULL) == error_none);
        request.data = buffer_slice(&data);
    }
    assert(send->scope == NULL || json_to_msgpack(slice_text(send->scope), &scope, NULL) == error_none);
    request.scope = buffer_slice(&scope);
    uint64_t key = ++world->keys;
    item_write(send, &request, key, &item);
    step(world, (struct input){.kind = INPUT_ITEM, .link = 0, .item = buffer_slice(&item)});
    buffer_fini(&data);
    buffer_fini(&scope);
    buffer_fini(&item);
    return key;
}

const struct reply *world_reply(struct world *world, uint64_t key)
{
    return world->replies[key].there ? &world->replies[key].reply : NULL;
}

const struct reply *world_reply_after(struct world *world, const struct send *send)
{
    uint64_t key = world_send_raw(world, send);
    world_settle(world);
    assert(world->replies[key].there);
    return &world->replies[key].reply;
}

bool text_is(struct slice text, const char *expected)
{
    if (slice_is(text, expected))
        return true;
    fprintf(stderr, "expected \"%s\", got \"%.*s\"\n", expected, (int)text.size, (const char *)text.data);
    return false;
}

void world_open(struct world *world, const char *account, int64_t balance)
{
    char data[64];
    const struct reply *reply = world_call(
        world, .command = "open", .account = account, .data = "{\"holder\":{\"given\":\"Ada\",\"family\":\"King\"}}");
    assert(reply->status == status_ok);
    if (balance == 0)
        return;
    snprintf(data, sizeof data, "{\"amount\":%lld}", (long long)balance);
    reply = world_call(world, .command = "deposit", .account = account, .data = data);
    assert(reply->status == status_ok);
}

int64_t world_balance(struct world *world, const char *account)
{
    const struct reply *reply = world_call(world, .operation = operation_state, .account = account);
    struct slice raw;
    int64_t balance;
    assert(reply->status == status_ok && msgpack_find(reply->data, "balance", &raw) == error_none);
    struct reader reader = reader_of(raw);
    assert(reader_integer(&reader, &balance) == error_none);
    return balance;
}
