/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What must come of a projection: its rows are made of the story's events, again, and in other orders. */
#include "libactor/testing/rows.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- rows ---- */

void rows_fini(struct story_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        buffer_fini(&rows->rows[i].key);
        buffer_fini(&rows->rows[i].data);
    }
    free(rows->rows);
    *rows = (struct story_rows){0};
}

static struct story_row *row_of(const struct story_rows *rows, struct slice key)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (slice_equal(buffer_slice(&rows->rows[i].key), key))
            return &rows->rows[i];
    return NULL;
}

const struct story_row *rows_find(const struct story_rows *rows, struct slice key)
{
    const struct story_row *row = row_of(rows, key);
    return row == NULL || row->data.size == 0 ? NULL : row;
}

static struct story_row *row_add(struct story_rows *rows, struct slice key)
{
    if (rows->count == rows->capacity) {
        uint32_t capacity = rows->capacity == 0 ? 16 : rows->capacity * 2;
        struct story_row *more = realloc(rows->rows, capacity * sizeof *more);
        if (more == NULL)
            return NULL;
        rows->rows = more;
        rows->capacity = capacity;
    }
    struct story_row *row = &rows->rows[rows->count++];
    *row = (struct story_row){0};
    buffer_append(&row->key, key.data, key.size);
    return row;
}

static enum error row_give(void *context, struct slice key, struct slice *data)
{
    const struct story_row *row = rows_find(context, key);
    *data = row == NULL ? (struct slice){0} : buffer_slice(&row->data);
    return 0;
}

static bool rows_take(struct story_rows *rows, const struct projection_result *result)
{
    for (uint32_t i = 0; i < result->count; i++) {
        const struct row_change *change = &result->changes[i];
        struct story_row *row = row_of(rows, change->key);
        if (row == NULL)
            row = row_add(rows, change->key);
        if (row == NULL)
            return false;
        buffer_clear(&row->data);
        buffer_append(&row->data, change->data.data, change->data.size);
    }
    return true;
}

/* ---- making them ---- */

static struct projected_event projected(const struct story_event *event)
{
    const struct story_stream *stream = &story.streams[event->stream];
    return (struct projected_event){.realm = slice_text("default"),
                                    .resource = stream->aggregate->resource->name,
                                    .identifier = slice_text(stream->identifier),
                                    .event = slice_text(event->name),
                                    .schema = event->version,
                                    .data = slice_of(story.history.data + event->at, event->size),
                                    .version = event->number,
                                    .time_us = event->now_us,
                                    .user = slice_text(event->user)};
}

const char *rows_make(const struct domain_projection *projection, const uint16_t *order, struct story_rows *out)
{
    struct projection_result result = {0};
    struct row_source source = {.context = out, .find = row_give};
    struct domain_fault fault;
    const char *wrong = NULL;
    for (uint32_t i = 0; i < story.count && wrong == NULL; i++) {
        struct projected_event event = projected(&story.events[order[i]]);
        if (projection_apply(projection, &event, &source, &result, &fault) != 0)
            wrong = story_wrong("the projection %s: %s", (const char *)projection->name.data, fault.text);
        else if (!rows_take(out, &result))
            wrong = story_wrong("out of memory");
    }
    projection_fini(&result);
    return wrong;
}

/* ---- again, and in other orders ---- */

static const char *data_text(const struct story_row *row)
{
    return row == NULL ? "not there" : story_json(buffer_slice(&row->data));
}

static bool same_data(const struct story_row *a, const struct story_row *b)
{
    return a == NULL || b == NULL ? a == b : slice_equal(buffer_slice(&a->data), buffer_slice(&b->data));
}

static const char *otherwise(const struct domain_projection *projection, bool same_order)
{
    return same_order ? "differ when they are made again: a handler depends on more than row and event"
           : projection_is_global(projection)
               ? "differ when aggregates come in another order: the handlers do not commute"
               : "differ when aggregates come in another order";
}

/* What of a is otherwise in b. */
static const char *compare(const struct domain_projection *projection,
                           const struct story_rows *a,
                           const struct story_rows *b,
                           bool same_order)
{
    for (uint32_t i = 0; i < a->count; i++) {
        struct slice key = buffer_slice(&a->rows[i].key);
        const struct story_row *one = rows_find(a, key), *other = rows_find(b, key);
        if (!same_data(one, other))
            return story_wrong("rows of %s %s; %.*s is %s, and %s",
                               (const char *)projection->name.data,
                               otherwise(projection, same_order),
                               (int)key.size,
                               (const char *)key.data,
                               data_text(one),
                               data_text(other));
    }
    return NULL;
}

static const char *
check_order(const struct domain_projection *projection, uint32_t which, const struct story_rows *rows)
{
    uint16_t order[STORY_EVENTS_MAX];
    struct story_rows others = {0};
    order_make(which, order);
    const char *wrong = rows_make(projection, order, &others);
    if (wrong == NULL)
        wrong = compare(projection, rows, &others, which == 0);
    if (wrong == NULL)
        wrong = compare(projection, &others, rows, which == 0);
    rows_fini(&others);
    return wrong;
}

static const char *
check_row(const struct domain_projection *projection, const struct story_row *row, const void *record)
{
    struct domain *domain = story.domain;
    arena_reset(&domain->scratch);
    buffer_clear(&story.scratch);
    struct codec codec = codec_of(domain, CODEC_EVENT, &domain->scratch);
    if (record_encode_to(&codec, projection->row, record, &story.scratch))
        return NULL;
    return story_wrong("the row %.*s of %s breaks its own limits: %s %s",
                       (int)row->key.size,
                       (const char *)row->key.data,
                       (const char *)projection->name.data,
                       domain->faults.items[0].path,
                       domain->faults.items[0].message);
}

/* ---- what a test asks ---- */

static struct {
    const struct domain_projection *projection;
    struct story_rows rows;
    struct arena arena;
    bool ready;
} asked;

static const void *row_decode(const struct story_row *row)
{
    const struct layout *layout = asked.projection->row;
    void *record = arena_take_zeroed(&asked.arena, layout->size);
    struct codec codec = codec_of(story.domain, CODEC_STATE, &asked.arena);
    return record != NULL && record_decode_from(&codec, layout, buffer_slice(&row->data), record) ? record : NULL;
}

static const char *check_rows(void)
{
    const char *wrong = NULL;
    for (uint32_t i = 0; i < asked.rows.count && wrong == NULL; i++) {
        const struct story_row *row = &asked.rows.rows[i];
        if (row->data.size > 0)
            wrong = check_row(asked.projection, row, row_decode(row));
    }
    for (uint32_t which = 0; which < ORDERS && wrong == NULL; which++)
        wrong = check_order(asked.projection, which, &asked.rows);
    return wrong;
}

static const struct domain_projection *find_projection(const fluvius_entry *entry)
{
    const fluvius_projection_options *options = entry->options;
    return domain_projection(story.domain, slice_text(options->name != NULL ? options->name : entry->name));
}

const char *fluvius_testing_project(const fluvius_entry *projection)
{
    uint16_t order[STORY_EVENTS_MAX];
    const char *wrong = story_open();
    if (wrong != NULL)
        return wrong;
    if (!asked.ready)
        arena_init(&asked.arena, SCRATCH_MEMORY_MAX);
    asked.ready = true;
    arena_reset(&asked.arena);
    rows_fini(&asked.rows);
    asked.projection = find_projection(projection);
    order_make(0, order);
    wrong = rows_make(asked.projection, order, &asked.rows);
    return wrong != NULL ? wrong : check_rows();
}

const void *fluvius_testing_row(const char *key)
{
    const struct story_row *row = rows_find(&asked.rows, slice_text(key));
    return row == NULL ? NULL : row_decode(row);
}

uint32_t fluvius_testing_row_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < asked.rows.count; i++)
        count += asked.rows.rows[i].data.size > 0;
    return count;
}

const char *fluvius_testing_rows_text(const char *key)
{
    size_t used = 0;
    story.text[0] = '\0';
    for (uint32_t i = 0; i < asked.rows.count && used < sizeof story.text; i++) {
        const struct story_row *row = &asked.rows.rows[i];
        if (row->data.size == 0 || (key != NULL && !slice_is(buffer_slice(&row->key), key)))
            continue;
        used += (size_t)snprintf(story.text + used,
                                 sizeof story.text - used,
                                 "%s%.*s: %s",
                                 used == 0 ? "" : ", ",
                                 (int)row->key.size,
                                 (const char *)row->key.data,
                                 story_json(buffer_slice(&row->data)));
    }
    return story.text[0] == '\0' ? "none" : story.text;
}
