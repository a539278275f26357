/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Followers: see core.h. Taking requests, and whose turn it is. */
#include "services/follow/core.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/position.h"
#include "services/follow/state.h"

#define HURRY_US 250000 /* an answer leaves this long before its request's time is up */
#define RETRY_MS 250
#define GATHERED_MAX (64u << 20) /* bytes of records for answers that are not full yet */
#define TOLD_US 1000000          /* news that old say nothing any more */
#define QUIET_TOLD 8             /* while news come the store is asked for its heads so many times less often */

struct follow_core *follow_core_new(const struct follow_config *config)
{
    struct follow_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return NULL;
    core->config = *config;
    core->followers = calloc(config->followers_max, sizeof *core->followers);
    core->heads = calloc(config->log.partitions, sizeof *core->heads);
    core->looked = calloc(config->log.partitions, sizeof *core->looked);
    core->ring = ring_new(config->log.partitions, config->ring_bytes);
    if (core->followers == NULL || core->heads == NULL || core->looked == NULL || core->ring == NULL)
        follow_core_free(&core);
    return core;
}

static void follower_free(struct follower *follower)
{
    if (follower == NULL)
        return;
    buffer_fini(&follower->request);
    buffer_fini(&follower->records);
    free(follower->reads);
    free(follower->after);
    free(follower);
}

void follow_core_free(struct follow_core **core)
{
    if (*core == NULL)
        return;
    for (uint32_t i = 0; i < (*core)->count; i++)
        follower_free((*core)->followers[i]);
    ring_free(&(*core)->ring);
    buffer_fini(&(*core)->body);
    buffer_fini(&(*core)->position);
    free((*core)->followers);
    free((*core)->heads);
    free((*core)->looked);
    free(*core);
    *core = NULL;
}

/* ---- answers ---- */

static void refuse(struct follow_core *core,
                   const struct worker_place *place,
                   enum status status,
                   const char *code,
                   const char *message)
{
    bool later = status == status_busy || status == status_unavailable;
    core->counts.refused++;
    core->config.answer(core->config.context,
                        place,
                        &(struct reply){.status = status,
                                        .code = slice_text(code),
                                        .message = slice_text(message),
                                        .retry_ms = later ? RETRY_MS : 0});
}

static void answer(struct follow_core *core, struct follower *follower)
{
    struct buffer records = {0};
    struct followed followed = {.partitions = core->config.log.partitions, .more = !follower_at_end(core, follower)};
    buffer_clear(&core->body);
    buffer_clear(&core->position);
    write_array(&records, follower->count);
    write_raw(&records, buffer_slice(&follower->records));
    followed.records = buffer_slice(&records);
    followed_encode(&core->body, &followed);
    position_write(core->config.log.incarnation, follower->after, core->config.log.partitions, &core->position);
    if (records.failed || core->body.failed || core->position.failed) {
        refuse(core, &follower->place, status_unavailable, error_name(error_no_memory), error_text(error_no_memory));
    } else {
        core->counts.answers++;
        core->config.answer(core->config.context,
                            &follower->place,
                            &(struct reply){.status = status_ok,
                                            .position = buffer_slice(&core->position),
                                            .data = buffer_slice(&core->body)});
    }
    buffer_fini(&records);
}

/* ---- taking ---- */

static bool is_service(const struct item *item)
{
    struct reader reader = reader_of(item->roles);
    struct slice role;
    uint32_t count;
    if (item->roles.size == 0 || reader_array(&reader, &count) != error_none)
        return false;
    for (uint32_t i = 0; i < count && reader_text(&reader, &role) == error_none; i++)
        if (slice_is(role, "service"))
            return true;
    return false;
}

/* Realm and data are kept together: the buffer is complete before anything points into it. */
static enum error request_keep(struct follower *follower, const struct item *item, struct slice data, struct slice *bad)
{
    size_t size = item->realm.size;
    buffer_append(&follower->request, item->realm.data, size);
    buffer_append(&follower->request, data.data, data.size);
    if (follower->request.failed)
        return error_no_memory;
    const uint8_t *kept = follower->request.data;
    enum error error = follow_decode(slice_of(kept + size, data.size), &follower->follow, bad);
    if (error != error_none)
        return error;
    bool every = follower->follow.every_realm && is_service(item);
    follower->selection = selection_of(&follower->follow, every ? (struct slice){0} : slice_of(kept, size));
    return error_none;
}

/* One aggregate lives in one partition. */
static bool stream_known(const struct follower *follower)
{
    const struct selection *selection = &follower->selection;
    return selection->realm.size > 0 && selection->namespace.size > 0 && selection->resource.size > 0 &&
           selection->identifier.size > 0;
}

static void stream_read(const struct follow_core *core, struct follower *follower)
{
    struct stream stream = {.realm = follower->selection.realm,
                            .namespace = follower->selection.namespace,
                            .resource = follower->selection.resource,
                            .identifier = follower->selection.identifier};
    follower->reads[stream_partition(stream_hash(&stream), core->config.log.partitions)] = true;
}

static enum error partitions_read(const struct follow_core *core, struct follower *follower)
{
    struct reader reader = reader_of(follower->follow.partitions);
    uint32_t count;
    int64_t partition;
    enum error error = reader_array(&reader, &count);
    for (uint32_t i = 0; error == error_none && i < count; i++) {
        error = reader_integer(&reader, &partition);
        if (error == error_none && partition >= core->config.log.partitions)
            error = error_out_of_range;
        if (error == error_none)
            follower->reads[partition] = true;
    }
    return error;
}

static enum error places_choose(const struct follow_core *core, struct follower *follower)
{
    uint32_t partitions = core->config.log.partitions;
    follower->after = calloc(partitions, sizeof *follower->after);
    follower->reads = calloc(partitions, sizeof *follower->reads);
    if (follower->after == NULL || follower->reads == NULL)
        return error_no_memory;
    if (follower->follow.partitions.size > 0)
        return partitions_read(core, follower);
    follower->whole = !stream_known(follower);
    if (!follower->whole)
        stream_read(core, follower);
    return error_none;
}

static enum error heads_ask(struct follow_core *core, uint64_t now_us, struct store_fault *fault)
{
    enum error error = core->config.source->heads(core->config.source_context, core->looked, fault);
    core->heads_us = now_us;
    if (error != error_none)
        return error;
    for (uint32_t i = 0; i < core->config.log.partitions; i++) {
        core->moved |= core->looked[i].head != core->heads[i];
        core->heads[i] = core->looked[i].head;
    }
    core->has_heads = true;
    return error_none;
}

static enum error start_choose(struct follow_core *core, struct follower *follower, uint64_t now_us)
{
    const struct follow *follow = &follower->follow;
    struct store_fault fault = {{0}};
    enum error error = error_none;
    bool end = slice_is(follow->from, "end");
    /* Who does not wait gets what is committed now; so does who wants to begin at the end. */
    if (!core->has_heads || end || follow->has_since || follow->wait_ms == 0)
        error = heads_ask(core, now_us, &fault);
    if (error != error_none)
        return error;
    for (uint32_t i = 0; end && i < core->config.log.partitions; i++)
        follower->after[i] = follower_reads(follower, i) ? core->heads[i] : 0;
    if (!end && follow->from.size > 0 && !slice_is(follow->from, "begin"))
        error =
            position_merge(follow->from, core->config.log.incarnation, follower->after, core->config.log.partitions);
    follower->state = follow->has_since ? FOLLOWER_SEEKING : FOLLOWER_SCANNING;
    return error;
}

static void
take_refuse(struct follow_core *core, const struct worker_place *place, enum error error, struct slice field)
{
    char message[96];
    if (error == error_fenced)
        refuse(core, place, status_invalid, "other_log", "the position is of another incarnation of the log");
    else if (field.size > 0) {
        snprintf(message,
                 sizeof message,
                 "%.*s: %s",
                 (int)(field.size < 32 ? field.size : 32),
                 field.data,
                 error_text(error));
        refuse(core, place, status_invalid, error_name(error), message);
    } else if (error == error_invalid_data || error == error_out_of_range)
        refuse(core, place, status_invalid, "bad_position", "no position of this log");
    else
        refuse(core, place, status_unavailable, error_name(error), error_text(error));
}

static void due_set(struct follower *follower, const struct item *item, uint64_t now_us)
{
    uint64_t left_us = item->deadline_ms * UINT64_C(1000), wait_us = follower->follow.wait_ms * UINT64_C(1000);
    left_us = left_us > 2 * HURRY_US ? left_us - HURRY_US : left_us / 2;
    follower->limit_us = now_us + left_us;
    follower->due_us = now_us + (wait_us < left_us ? wait_us : left_us);
}

void follow_take(struct follow_core *core, const struct worker_place *place, const struct item *item, uint64_t now_us)
{
    struct request request;
    struct slice field = {0};
    struct follower *follower = core->count < core->config.followers_max ? calloc(1, sizeof *follower) : NULL;
    if (follower == NULL) {
        refuse(core, place, status_busy, "followers_full", "too many requests wait for records; try again");
        return;
    }
    enum error error = request_decode(item->request, &request, NULL);
    follower->place = *place;
    if (error == error_none)
        error = request_keep(follower, item, request.data, &field);
    if (error == error_none)
        error = places_choose(core, follower);
    if (error == error_none)
        error = start_choose(core, follower, now_us);
    if (error != error_none) {
        take_refuse(core, place, error, field);
        follower_free(follower);
        return;
    }
    due_set(follower, item, now_us);
    core->followers[core->count++] = follower;
    core->moved = true;
}

void follow_news(struct follow_core *core, uint32_t partition, uint64_t seq)
{
    if (partition >= core->config.log.partitions || seq <= core->heads[partition])
        return;
    core->heads[partition] = seq;
    core->moved = true;
}

void follow_told(struct follow_core *core, uint64_t now_us)
{
    core->news_us = now_us;
}

/* ---- turns ---- */

static void follower_end(struct follow_core *core, uint32_t index)
{
    core->gathered -= core->followers[index]->records.size;
    follower_free(core->followers[index]);
    core->followers[index] = core->followers[--core->count];
}

/* Scanning goes on for longer than a follower would wait at the end, as long as its request has time. When many have
 * gathered much, they are answered with what they have. */
static bool answer_due(const struct follow_core *core, const struct follower *follower, bool end, uint64_t now_us)
{
    if (follower->count > 0)
        return end || follower_full(follower) || core->gathered > GATHERED_MAX || now_us >= follower->limit_us;
    return now_us >= (end ? follower->due_us : follower->limit_us);
}

/* True when the follower has its answer. */
static bool follower_step(struct follow_core *core, struct follower *follower, uint32_t *budget, uint64_t now_us)
{
    struct store_fault fault = {{0}};
    enum error error = error_none;
    uint32_t share = *budget < FOLLOW_SHARE ? *budget : FOLLOW_SHARE, left = share;
    core->gathered -= follower->records.size;
    if (follower->state == FOLLOWER_SEEKING)
        error = follower_seek(core, follower, &fault);
    else
        error = follower_scan(core, follower, &left, &fault);
    core->gathered += follower->records.size;
    *budget -= share - left;
    if (error != error_none && follower->count == 0) {
        const char *why = fault.text[0] == 0 ? error_text(error) : fault.text;
        refuse(core, &follower->place, status_unavailable, error_name(error), why);
        return true;
    }
    if (follower->state == FOLLOWER_SEEKING)
        return false;
    bool end = follower_at_end(core, follower);
    follower->state = end ? FOLLOWER_WAITING : FOLLOWER_SCANNING;
    if (error != error_none || answer_due(core, follower, end, now_us)) {
        answer(core, follower);
        return true;
    }
    return false;
}

static void wake(struct follow_core *core)
{
    for (uint32_t i = 0; i < core->count; i++) {
        struct follower *follower = core->followers[i];
        if (follower->state == FOLLOWER_WAITING && !follower_at_end(core, follower))
            follower->state = FOLLOWER_SCANNING;
    }
}

static uint32_t waiting_count(const struct follow_core *core)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->count; i++)
        count += core->followers[i]->state == FOLLOWER_WAITING;
    return count;
}

/* The ring pays when at least two followers want the same records. */
static void moved(struct follow_core *core, uint32_t *budget)
{
    struct store_fault fault;
    if (waiting_count(core) > 1)
        ring_fill(core, budget, &fault); /* what it lacks followers read by themselves */
    wake(core);
    core->moved = false;
}

static uint64_t heads_due_us(const struct follow_core *core)
{
    uint64_t quiet_us = core->config.quiet_ms * UINT64_C(1000);
    bool told = core->news_us > 0 && core->heads_us < core->news_us + TOLD_US;
    return core->heads_us + (told ? quiet_us * QUIET_TOLD : quiet_us);
}

bool follow_turn(struct follow_core *core, uint64_t now_us)
{
    uint32_t budget = FOLLOW_TURN_RECORDS;
    struct store_fault fault;
    if (core->count > 0 && now_us >= heads_due_us(core))
        heads_ask(core, now_us, &fault); /* what cannot be asked now is asked again */
    if (core->moved)
        moved(core, &budget);
    for (uint32_t left = core->count; left > 0 && budget > 0; left--) {
        core->turn = core->turn < core->count ? core->turn : 0;
        struct follower *follower = core->followers[core->turn];
        bool runs = follower->state != FOLLOWER_WAITING || now_us >= follower->due_us;
        if (runs && follower_step(core, follower, &budget, now_us))
            follower_end(core, core->turn);
        else
            core->turn++;
    }
    return core->moved || waiting_count(core) < core->count;
}

uint64_t follow_due_us(const struct follow_core *core)
{
    uint64_t due_us = core->count == 0 ? UINT64_MAX : heads_due_us(core);
    for (uint32_t i = 0; i < core->count; i++)
        due_us = core->followers[i]->due_us < due_us ? core->followers[i]->due_us : due_us;
    return due_us;
}

void follow_counts(const struct follow_core *core, struct follow_counts *out)
{
    *out = core->counts;
    out->followers = core->count;
    out->waiting = waiting_count(core);
    out->ring_bytes = ring_bytes(core->ring);
}
