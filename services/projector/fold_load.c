/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See fold.h: states that are not in memory. Their events wait in the turn's memory until enough of them are wanted to
 * be loaded together. */
#include "services/projector/fold_state.h"

#include "services/store/grow.h"

enum { LOAD_LEAST = 16, LOAD_MOST = 1024, LOAD_BYTES = 16 << 20 };

enum error fold_event_wait(struct fold *fold, struct actor *actor, const struct waiting *event)
{
    struct waiting *copy = chunks_take(&fold->chunks, sizeof *copy);
    if (copy == NULL)
        return error_no_memory;
    *copy = *event;
    if (!chunks_copy(&fold->chunks, event->event, &copy->event) ||
        !chunks_copy(&fold->chunks, event->data, &copy->data) || !chunks_copy(&fold->chunks, event->user, &copy->user))
        return error_no_memory;
    *(actor->first == NULL ? &actor->first : &actor->last->next) = copy;
    actor->last = copy;
    return error_none;
}

enum error fold_actor_want(struct fold *fold, struct actor *actor)
{
    if (!grow((void **)&fold->missing, &fold->missing_capacity, fold->missing_count + 1, sizeof fold->missing[0]))
        return error_no_memory;
    fold->missing[fold->missing_count++] = actor;
    return error_none;
}

/* ---- what was missing ---- */

struct loading {
    struct fold *fold;
    struct actor **actors;
    uint64_t *bytes; /* of all rows that were loaded */
};

static enum error row_take(void *context, size_t index, const struct row *row)
{
    struct loading *loading = context;
    struct actor *actor = loading->actors[index];
    enum error error = aggregate_restore(actor->aggregate, row->data, row->version);
    if (error == error_invalid_data)
        return fold_fail(loading->fold,
                         fold_member_of(loading->fold, actor->page, actor->place),
                         actor->first->seq,
                         "the row of %.*s is no state of its aggregate",
                         (int)actor->id_size,
                         (const char *)actor_id(actor).data);
    actor->created_us = row->created_us;
    actor->updated_us = row->updated_us;
    *loading->bytes += row->data.size;
    loading->fold->stats.loads++;
    return error == error_none && !actor_created_by(actor, row->creator) ? error_no_memory : error;
}

/* Moves those of the first one's table to the front; returns how many. */
static size_t missing_group(struct actor **actors, size_t count)
{
    size_t same = 1;
    for (size_t i = 1; i < count; i++)
        if (actors[i]->place == actors[0]->place && actors[i]->number == actors[0]->number) {
            struct actor *actor = actors[i];
            actors[i] = actors[same];
            actors[same++] = actor;
        }
    return same;
}

static enum error group_load(struct fold *fold, struct actor **actors, size_t count, uint64_t *bytes)
{
    struct loading loading = {.fold = fold, .actors = actors, .bytes = bytes};
    if (!grow((void **)&fold->keys, &fold->key_capacity, count, sizeof fold->keys[0]))
        return error_no_memory;
    for (size_t i = 0; i < count; i++)
        fold->keys[i] = (struct row_key){actor_realm(actors[i]), actor_id(actors[i])};
    return writer_load(fold->writer,
                       fold->targets[actors[0]->place].build.id,
                       actors[0]->number,
                       fold->keys,
                       count,
                       row_take,
                       &loading,
                       fold->fault);
}

static enum error waiting_apply(struct fold *fold, struct actor *actor)
{
    enum error error = error_none;
    actor->loaded = true;
    for (struct waiting *event = actor->first; event != NULL && error == error_none; event = event->next) {
        struct fold_member *member = fold_member_of(fold, event->page, actor->place);
        if (member->bad != 0 && event->seq >= member->bad)
            break;
        error = fold_event_apply(fold, actor, member, event);
    }
    actor->first = actor->last = NULL;
    return error;
}

/* As many at once the next time as take about LOAD_BYTES, if they are like these. */
static void most_set(struct fold *fold, size_t count, uint64_t bytes)
{
    uint64_t most = LOAD_BYTES / (bytes / count + 1);
    if (most > 4 * fold->missing_most)
        most = 4 * fold->missing_most;
    fold->missing_most = (size_t)(most < LOAD_LEAST ? LOAD_LEAST : most > LOAD_MOST ? LOAD_MOST : most);
}

enum error fold_missing_load(struct fold *fold)
{
    enum error error = error_none;
    uint64_t bytes = 0;
    for (size_t at = 0, same; at < fold->missing_count && error == error_none; at += same) {
        same = missing_group(fold->missing + at, fold->missing_count - at);
        error = group_load(fold, fold->missing + at, same, &bytes);
    }
    for (size_t i = 0; i < fold->missing_count && error == error_none; i++)
        error = waiting_apply(fold, fold->missing[i]);
    if (fold->missing_count > 0)
        most_set(fold, fold->missing_count, bytes);
    fold->bytes += bytes;
    fold->missing_count = 0;
    return error;
}
