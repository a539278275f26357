/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See fold.h: events into states. */
#include "services/projector/fold_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/utf8.h"
#include "services/store/grow.h"

enum { TEXT_SIZE = 600, LOAD_FIRST = 64 };

enum error fold_new(struct fold **out, uint64_t cache_bytes)
{
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold == NULL)
        return error_no_memory;
    fold->cache_bytes = cache_bytes;
    fold->missing_most = LOAD_FIRST;
    if (actors_init(&fold->actors) != error_none) {
        free(fold);
        return error_no_memory;
    }
    *out = fold;
    return error_none;
}

void fold_free(struct fold **fold)
{
    struct fold *old = *fold;
    if (old == NULL)
        return;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        fold_build_remove(old, place);
    actors_fini(&old->actors);
    chunks_fini(&old->chunks);
    free(old->pages);
    free(old->members);
    free(old->missing);
    free(old->keys);
    free(old->rows);
    free(old->sets);
    buffer_fini(&old->data);
    free(old);
    *fold = NULL;
}

enum error fold_build_add(struct fold *fold, uint32_t place, const struct fold_build *build)
{
    struct fold_model *models = calloc(build->model_count + 1, sizeof models[0]);
    if (models == NULL)
        return error_no_memory;
    for (uint32_t i = 0; i < build->model_count; i++)
        models[i] = (struct fold_model){.resource = domain_resource(build->domain, build->models[i].name),
                                        .name = build->models[i].name};
    fold->targets[place] = (struct fold_target){
        .build = *build, .namespace = slice_text(domain_namespace(build->domain)), .models = models};
    return build->hand == NULL ? error_none : fold_hand_open(fold, &fold->targets[place]);
}

void fold_writer(struct fold *fold, struct writer *writer)
{
    fold->writer = writer;
}

static void actors_leave(struct fold *fold, uint32_t place)
{
    for (struct actor *actor = fold->actors.oldest, *next; actor != NULL; actor = next) {
        next = actor->newer;
        if (actor->place == place)
            actors_remove(&fold->actors, actor);
    }
}

void fold_build_forget(struct fold *fold, uint32_t place)
{
    actors_leave(fold, place);
    if (fold->targets[place].hand != NULL)
        hand_rows_forget(fold->targets[place].hand);
}

void fold_build_remove(struct fold *fold, uint32_t place)
{
    actors_leave(fold, place);
    hand_rows_free(&fold->targets[place].hand);
    free(fold->targets[place].models);
    fold->targets[place] = (struct fold_target){0};
}

/* ---- failing ---- */

struct fold_member *fold_member_of(struct fold *fold, uint32_t page, uint32_t place)
{
    struct fold_member *member = &fold->members[fold->pages[page].first];
    while (member->place != place)
        member++;
    return member;
}

enum error fold_fail(struct fold *fold, struct fold_member *member, uint64_t seq, const char *format, ...)
{
    if (member->bad != 0 && member->bad <= seq)
        return error_none;
    char *text = chunks_take(&fold->chunks, TEXT_SIZE);
    if (text == NULL)
        return error_no_memory;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, TEXT_SIZE, format, arguments);
    va_end(arguments);
    utf8_trim(text); /* PostgreSQL takes no half of a character */
    fold->failures += member->bad == 0;
    member->bad = seq;
    member->text = text;
    return error_none;
}

uint64_t fold_failure(const struct fold *fold, uint32_t page, uint32_t member, const char **text)
{
    const struct fold_member *it = &fold->members[fold->pages[page].first + member];
    *text = it->text;
    return it->bad;
}

/* ---- a turn ---- */

void fold_begin(struct fold *fold)
{
    fold->page_count = fold->member_count = 0;
    fold->failures = 0;
    fold->bytes = 0;
    chunks_reset(&fold->chunks);
}

enum error fold_page(struct fold *fold, uint32_t partition, const uint32_t *places, uint32_t count)
{
    if (!grow((void **)&fold->pages, &fold->page_capacity, fold->page_count + 1, sizeof fold->pages[0]) ||
        !grow((void **)&fold->members, &fold->member_capacity, fold->member_count + count, sizeof fold->members[0]))
        return error_no_memory;
    fold->pages[fold->page_count++] =
        (struct fold_page){.partition = partition, .first = (uint32_t)fold->member_count, .count = count};
    for (uint32_t i = 0; i < count; i++)
        fold->members[fold->member_count++] = (struct fold_member){.place = places[i]};
    fold_hand_page(fold, &fold->pages[fold->page_count - 1]);
    return error_none;
}

static int32_t model_of(struct fold_target *target, struct slice resource)
{
    for (uint32_t i = 0; i < target->build.model_count; i++) {
        uint32_t number = (target->last + i) % target->build.model_count;
        if (slice_equal(target->models[number].name, resource)) {
            target->last = number;
            return (int32_t)number;
        }
    }
    return -1;
}

enum error
fold_event_apply(struct fold *fold, struct actor *actor, struct fold_member *member, const struct waiting *event)
{
    struct domain_fault fault;
    uint64_t version = aggregate_version(actor->aggregate);
    if (event->version != version + 1)
        return fold_fail(fold,
                         member,
                         event->seq,
                         "the row of %.*s is of version %" PRIu64 ", and the event of version %" PRIu64,
                         (int)actor->id_size,
                         (const char *)actor_id(actor).data,
                         version,
                         event->version);
    enum error error = aggregate_apply(actor->aggregate, event->event, event->schema, event->data, &fault);
    if (error == error_no_memory)
        return error;
    if (error != error_none)
        return fold_fail(fold, member, event->seq, "%s", fault.text);
    actor->updated_us = event->time_us;
    actor->last_seq = event->seq;
    if (version == 0) {
        actor->created_us = event->time_us;
        if (!actor_created_by(actor, event->user))
            return error_no_memory;
    }
    fold->stats.events++;
    return error_none;
}

/* The user of an aggregate's last event in the turn: most are by the same as the one before. */
static enum error updater_set(struct fold *fold, struct actor *actor, struct slice user)
{
    if (actor->updater.data != NULL && slice_equal(actor->updater, user))
        return error_none;
    return chunks_copy(&fold->chunks, user, &actor->updater) ? error_none : error_no_memory;
}

static void actor_touch(struct fold *fold, struct actor *actor, uint32_t partition, uint32_t page)
{
    actor->page = page;
    if (actor->touched)
        return;
    actor->touched = true;
    actor->partition = partition;
    actor->touched_next = fold->touched;
    fold->touched = actor;
    fold->touched_count++;
    fold->bytes += actor->bytes;
    actors_use(&fold->actors, actor);
}

static enum error
actor_take(struct fold *fold, uint32_t place, uint32_t number, const struct store_record *record, struct actor **out)
{
    struct actor *actor = actors_find(&fold->actors, place, number, record->stream_hash, &record->stream);
    if (actor == NULL) {
        actor = actors_add(&fold->actors,
                           place,
                           number,
                           record->stream_hash,
                           &record->stream,
                           fold->targets[place].models[number].resource);
        if (actor == NULL)
            return error_no_memory;
        actor->loaded = record->previous == 0; /* its first event: there is no row to load */
        if (!actor->loaded && fold_actor_want(fold, actor) != error_none) {
            actors_remove(&fold->actors, actor);
            return error_no_memory;
        }
    }
    *out = actor;
    return error_none;
}

static enum error
member_record(struct fold *fold, uint32_t page, struct fold_member *member, const struct store_record *record)
{
    struct fold_target *target = &fold->targets[member->place];
    if (!slice_equal(record->stream.namespace, target->namespace))
        return error_none;
    if (target->hand != NULL)
        return fold_hand_record(fold, target, member, record);
    int32_t number = model_of(target, record->stream.resource);
    if (number < 0 || target->models[number].resource == NULL)
        return fold_fail(fold,
                         member,
                         record->seq,
                         "there is no resource %.*s",
                         (int)record->stream.resource.size,
                         (const char *)record->stream.resource.data);
    struct actor *actor;
    enum error error = actor_take(fold, member->place, (uint32_t)number, record, &actor);
    if (error != error_none)
        return error;
    const struct waiting event = {.seq = record->seq,
                                  .version = record->version,
                                  .time_us = record->time_us,
                                  .schema = record->schema,
                                  .page = page,
                                  .event = record->event,
                                  .data = record->data,
                                  .user = record->user};
    actor_touch(fold, actor, record->partition, page);
    fold->bytes += record->data.size;
    error = updater_set(fold, actor, record->user);
    if (error != error_none)
        return error;
    return actor->loaded ? fold_event_apply(fold, actor, member, &event) : fold_event_wait(fold, actor, &event);
}

enum error fold_record(struct fold *fold, const struct store_record *record, struct store_fault *fault)
{
    uint32_t number = (uint32_t)fold->page_count - 1;
    const struct fold_page *page = &fold->pages[number];
    enum error error = error_none;
    if (record->event.size == 0)
        return error_none;
    fold->fault = fault;
    for (uint32_t i = 0; i < page->count && error == error_none; i++) {
        struct fold_member *member = &fold->members[page->first + i];
        if (member->bad == 0)
            error = member_record(fold, number, member, record);
    }
    return error == error_none && fold->missing_count >= fold->missing_most ? fold_missing_load(fold) : error;
}

enum error fold_finish(struct fold *fold, struct store_fault *fault)
{
    fold->fault = fault;
    return fold_missing_load(fold);
}

uint64_t fold_bytes(const struct fold *fold)
{
    return fold->bytes;
}

void fold_stats(const struct fold *fold, struct fold_stats *out)
{
    *out = fold->stats;
    out->cached = fold->actors.count;
    out->bytes = fold->actors.bytes;
}
