/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See fold.h: hand-written projections. Their handlers ask for rows as they like, so those are read one by one when
 * they are first asked for, and nothing waits for the end of the turn. */
#include "services/projector/fold_state.h"

#include "services/store/grow.h"

struct loading {
    enum error (*visit)(void *visitor, const struct row *row);
    void *visitor;
};

static enum error row_take(void *context, size_t index, const struct row *row)
{
    const struct loading *loading = context;
    (void)index;
    return loading->visit(loading->visitor, row);
}

static enum error row_load(void *context,
                           struct slice realm,
                           struct slice id,
                           enum error (*visit)(void *visitor, const struct row *row),
                           void *visitor)
{
    const struct fold_target *target = context;
    const struct row_key key = {realm, id};
    struct loading loading = {visit, visitor};
    target->fold->stats.loads++;
    return writer_load(target->fold->writer, target->build.id, 0, &key, 1, row_take, &loading, target->fold->fault);
}

enum error fold_hand_open(struct fold *fold, struct fold_target *target)
{
    const struct hand_rows_config config = {.projection = target->build.hand, .load = row_load, .context = target};
    target->fold = fold;
    return hand_rows_new(&target->hand, &config);
}

void fold_hand_page(struct fold *fold, const struct fold_page *page)
{
    for (uint32_t i = 0; i < page->count; i++) {
        struct fold_target *target = &fold->targets[fold->members[page->first + i].place];
        if (target->hand != NULL)
            hand_rows_mark(target->hand);
    }
}

enum error fold_hand_record(struct fold *fold,
                            struct fold_target *target,
                            struct fold_member *member,
                            const struct store_record *record)
{
    struct domain_fault fault;
    uint64_t before = hand_rows_bytes(target->hand);
    enum error error = hand_rows_project(target->hand, record, &fault);
    uint64_t bytes = hand_rows_bytes(target->hand);
    fold->bytes += record->data.size + (bytes > before ? bytes - before : 0);
    fold->stats.events++;
    if (error != error_unknown_event && error != error_invalid_data)
        return error;
    hand_rows_undo(target->hand);
    return fold_fail(fold, member, record->seq, "%s", fault.text);
}

enum error fold_hand_sets(struct fold *fold, size_t *count, size_t *rows)
{
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++) {
        const struct fold_target *target = &fold->targets[place];
        struct row_set set = {.build = target->build.id, .model = target->build.models};
        if (target->hand == NULL)
            continue;
        enum error error = hand_rows_changed(target->hand, &set.rows, &set.count);
        if (error != error_none)
            return error;
        if (set.count == 0)
            continue;
        if (!grow((void **)&fold->sets, &fold->set_capacity, *count + 1, sizeof fold->sets[0]))
            return error_no_memory;
        fold->sets[(*count)++] = set;
        *rows += set.count;
    }
    return error_none;
}

void fold_hand_keep(struct fold *fold)
{
    uint64_t count = 0;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        count += fold->targets[place].hand != NULL;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (fold->targets[place].hand != NULL)
            hand_rows_committed(fold->targets[place].hand, fold->cache_bytes / 4 / count);
}

void fold_hand_forget(struct fold *fold)
{
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (fold->targets[place].hand != NULL)
            hand_rows_forget(fold->targets[place].hand);
}
