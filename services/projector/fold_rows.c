/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See fold.h: states into rows, each once a turn. */
#include "services/projector/fold_state.h"

#include <stdlib.h>

#include "services/store/grow.h"

static bool is_dropped(struct fold *fold, const struct actor *actor)
{
    return fold->failures > 0 && fold_member_of(fold, actor->page, actor->place)->bad != 0;
}

/* Encodes a state; where it lies is kept as a place, because the buffer moves. */
static enum error actor_encode(struct fold *fold, struct actor *actor, size_t *at, size_t *size)
{
    *at = fold->data.size;
    enum error error = aggregate_encode(actor->aggregate, &fold->data);
    *size = fold->data.size - *at;
    if (error != error_invalid_data)
        return error;
    /* Which of its events made it so is not known: pages become shorter until one of a single record says. */
    struct fold_member *member = fold_member_of(fold, actor->page, actor->place);
    return fold_fail(fold,
                     member,
                     actor->last_seq,
                     "the state of %.*s cannot be written: a number that is not finite, or text that is not UTF-8",
                     (int)actor->id_size,
                     (const char *)actor_id(actor).data);
}

static enum error actors_encode(struct fold *fold)
{
    enum error error = error_none;
    buffer_clear(&fold->data);
    for (struct actor *actor = fold->touched; actor != NULL && error == error_none; actor = actor->touched_next)
        if (!is_dropped(fold, actor))
            error = actor_encode(fold, actor, &actor->data_at, &actor->data_size);
    return error == error_none && fold->data.failed ? error_no_memory : error;
}

/* Counts the rows of each table and makes a set for each that has some, one after the other in the array of rows. */
static enum error sets_make(struct fold *fold, size_t *count, size_t *rows)
{
    *count = *rows = 0;
    for (struct actor *actor = fold->touched; actor != NULL; actor = actor->touched_next)
        if (!is_dropped(fold, actor)) {
            fold->targets[actor->place].models[actor->number].rows++;
            ++*rows;
        }
    if (!grow((void **)&fold->rows, &fold->row_capacity, *rows, sizeof fold->rows[0]))
        return error_no_memory;
    size_t at = 0;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        for (uint32_t number = 0; number < fold->targets[place].build.model_count; number++) {
            struct fold_target *target = &fold->targets[place];
            if (target->models[number].rows == 0)
                continue;
            if (!grow((void **)&fold->sets, &fold->set_capacity, *count + 1, sizeof fold->sets[0]))
                return error_no_memory;
            fold->sets[(*count)++] = (struct row_set){.build = target->build.id,
                                                      .number = number,
                                                      .model = &target->build.models[number],
                                                      .rows = fold->rows + at,
                                                      .count = target->models[number].rows};
            at += target->models[number].rows;
            target->models[number].rows = at; /* from here on: where its next row goes, from the end */
        }
    return error_none;
}

static void row_fill(const struct fold *fold, const struct actor *actor, struct row *out)
{
    *out = (struct row){.realm = actor_realm(actor),
                        .id = actor_id(actor),
                        .creator = slice_of(actor->creator, actor->creator_size),
                        .updater = actor->updater,
                        .version = aggregate_version(actor->aggregate),
                        .created_us = actor->created_us,
                        .updated_us = actor->updated_us,
                        .data = slice_of(fold->data.data + actor->data_at, actor->data_size)};
}

static void counts_clear(struct fold *fold)
{
    for (struct actor *actor = fold->touched; actor != NULL; actor = actor->touched_next)
        fold->targets[actor->place].models[actor->number].rows = 0;
}

enum error fold_rows(struct fold *fold, const struct row_set **sets, size_t *count)
{
    size_t set_count = 0, rows = 0;
    enum error error = actors_encode(fold);
    if (error == error_none)
        error = sets_make(fold, &set_count, &rows);
    for (struct actor *actor = fold->touched; actor != NULL && error == error_none; actor = actor->touched_next)
        if (!is_dropped(fold, actor))
            row_fill(fold, actor, &fold->rows[--fold->targets[actor->place].models[actor->number].rows]);
    counts_clear(fold);
    if (error == error_none)
        error = fold_hand_sets(fold, &set_count, &rows);
    if (error != error_none)
        return error;
    fold->stats.rows += rows;
    *sets = fold->sets;
    *count = set_count;
    return error_none;
}

void fold_keep(struct fold *fold)
{
    for (struct actor *actor = fold->touched, *next; actor != NULL; actor = next) {
        next = actor->touched_next;
        actor->touched = false;
        actor->updater = slice_of(NULL, 0);
        if (is_dropped(fold, actor))
            actors_remove(&fold->actors, actor);
        else
            actors_weigh(&fold->actors, actor);
    }
    fold->touched = NULL;
    fold->touched_count = 0;
    fold_hand_keep(fold);
    actors_shrink(&fold->actors, fold->cache_bytes);
}

void fold_forget(struct fold *fold)
{
    fold->touched = NULL;
    fold->touched_count = 0;
    fold->missing_count = 0;
    fold_hand_forget(fold);
    while (fold->actors.oldest != NULL)
        actors_remove(&fold->actors, fold->actors.oldest);
}
