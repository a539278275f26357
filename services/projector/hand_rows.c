/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows lie in a hash table, each with its texts in one buffer. */
#include "services/projector/hand_rows.h"

#include "services/store/grow.h"

#include <stdlib.h>
#include <xxhash.h>

struct hand_row {
    struct row row;      /* its slices point into bytes; data empty: there never was a row */
    struct buffer bytes; /* realm, id, creator, updater, data */
    uint64_t hash;
    uint64_t mark; /* it has an undo of this one */
    bool there, changed;
};

/* A row as it was before a change. */
struct undo {
    struct hand_row *row;
    struct hand_row was;
};

struct hand_rows {
    struct hand_rows_config config;
    struct projection_result result;
    const struct store_record *record; /* the one that is being folded */
    struct hand_row **places;          /* open addressing, a power of two, at most half full */
    size_t place_count, count;
    struct hand_row **changed;
    size_t changed_count, changed_room;
    struct undo *undos; /* of each row's first change since the mark, in order */
    size_t undo_count, undo_room;
    uint64_t mark; /* counts, from 1 */
    struct row *out;
    size_t out_room;
    uint64_t bytes, undo_bytes;
};

/* ---- one row ---- */

static struct slice put_slice(struct buffer *bytes, struct slice slice)
{
    size_t at = bytes->size;
    if (slice.size > 0)
        buffer_append(bytes, slice.data, slice.size);
    return (struct slice){.data = (const uint8_t *)at, .size = slice.size}; /* a place until the buffer is whole */
}

static void place_slice(struct slice *slice, const struct buffer *bytes)
{
    slice->data = bytes->data + (size_t)slice->data;
}

/* Gives a row new contents; the old ones are the caller's. from may point into them. */
static enum error row_set(struct hand_row *row, const struct row *from)
{
    struct buffer bytes = {0};
    struct row set = *from;
    if (!buffer_reserve(
            &bytes, from->realm.size + from->id.size + from->creator.size + from->updater.size + from->data.size + 1))
        return error_no_memory;
    set.realm = put_slice(&bytes, from->realm);
    set.id = put_slice(&bytes, from->id);
    set.creator = put_slice(&bytes, from->creator);
    set.updater = put_slice(&bytes, from->updater);
    set.data = put_slice(&bytes, from->data);
    struct slice *const slices[] = {&set.realm, &set.id, &set.creator, &set.updater, &set.data};
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++)
        place_slice(slices[i], &bytes);
    row->bytes = bytes;
    row->row = set;
    return error_none;
}

static void row_free(struct hand_row *row)
{
    buffer_fini(&row->bytes);
    free(row);
}

static size_t row_bytes(const struct hand_row *row)
{
    return sizeof *row + row->bytes.size;
}

/* ---- the table ---- */

static uint64_t key_hash(struct slice realm, struct slice id)
{
    return XXH3_64bits_withSeed(id.data, id.size, XXH3_64bits(realm.data, realm.size));
}

static struct hand_row **place_of(const struct hand_rows *rows, uint64_t hash, struct slice realm, struct slice id)
{
    size_t mask = rows->place_count - 1, at = hash & mask;
    for (; rows->places[at] != NULL; at = (at + 1) & mask) {
        const struct hand_row *row = rows->places[at];
        if (row->hash == hash && slice_equal(row->row.id, id) && slice_equal(row->row.realm, realm))
            break;
    }
    return &rows->places[at];
}

static enum error table_grow(struct hand_rows *rows)
{
    struct hand_rows grown = {.place_count = rows->place_count == 0 ? 64 : rows->place_count * 2};
    if (rows->count * 2 < rows->place_count)
        return error_none;
    grown.places = calloc(grown.place_count, sizeof grown.places[0]);
    if (grown.places == NULL)
        return error_no_memory;
    for (size_t i = 0; i < rows->place_count; i++) {
        struct hand_row *row = rows->places[i];
        if (row != NULL)
            *place_of(&grown, row->hash, row->row.realm, row->row.id) = row;
    }
    free(rows->places);
    rows->places = grown.places;
    rows->place_count = grown.place_count;
    return error_none;
}

static enum error row_visit(void *visitor, const struct row *row)
{
    struct hand_row *to = visitor;
    struct buffer old = to->bytes;
    enum error error = row_set(to, row);
    to->there = row->deleted_us == 0;
    if (error == error_none)
        buffer_fini(&old);
    return error;
}

static enum error row_new(struct hand_rows *rows, struct slice realm, struct slice id, struct hand_row **out)
{
    struct hand_row *row = calloc(1, sizeof *row);
    if (row == NULL)
        return error_no_memory;
    enum error error = row_set(row, &(struct row){.realm = realm, .id = id});
    if (error == error_none)
        error = rows->config.load(rows->config.context, realm, id, row_visit, row);
    if (error == error_none)
        *out = row;
    else
        row_free(row);
    return error;
}

/* The row of a key, loaded when it is not there. */
static enum error row_find(struct hand_rows *rows, struct slice realm, struct slice id, struct hand_row **out)
{
    uint64_t hash = key_hash(realm, id);
    enum error error = table_grow(rows);
    if (error != error_none)
        return error;
    struct hand_row **place = place_of(rows, hash, realm, id);
    if (*place == NULL) {
        error = row_new(rows, realm, id, place);
        if (error != error_none)
            return error;
        (*place)->hash = hash;
        rows->count++;
        rows->bytes += row_bytes(*place);
    }
    *out = *place;
    return error_none;
}

/* ---- folding ---- */

static enum error give_row(void *context, struct slice key, struct slice *data)
{
    struct hand_rows *rows = context;
    struct hand_row *row;
    enum error error = row_find(rows, rows->record->stream.realm, key, &row);
    if (error == error_none)
        *data = row->there ? row->row.data : (struct slice){0};
    return error;
}

static enum error changes_reserve(struct hand_rows *rows, size_t more)
{
    bool room =
        grow((void **)&rows->changed, &rows->changed_room, rows->changed_count + more, sizeof rows->changed[0]) &&
        grow((void **)&rows->undos, &rows->undo_room, rows->undo_count + more, sizeof rows->undos[0]);
    return room ? error_none : error_no_memory;
}

/* What a change makes of a row. Global rows have the events of many aggregates: their versions count changes, and their
 * time is that of the latest event. */
static struct row row_after(const struct hand_rows *rows, const struct hand_row *row, const struct row_change *change)
{
    const struct store_record *record = rows->record;
    bool global = projection_is_global(rows->config.projection), known = row->row.data.size > 0;
    struct row after = row->row;
    after.version = global ? row->row.version + 1 : record->version;
    after.updated_us = global && after.updated_us > record->time_us ? after.updated_us : record->time_us;
    after.updater = record->user;
    if (!known) {
        after.created_us = record->time_us;
        after.creator = record->user;
    }
    after.deleted_us = change->data.data == NULL ? after.updated_us : 0;
    if (change->data.data != NULL)
        after.data = change->data;
    return after;
}

/* Room for what is kept here was made. */
static enum error row_change(struct hand_rows *rows, struct hand_row *row, const struct row_change *change)
{
    struct row after = row_after(rows, row, change);
    struct hand_row was = *row;
    enum error error = row_set(row, &after);
    if (error != error_none)
        return error;
    rows->bytes += row_bytes(row) - row_bytes(&was);
    if (row->mark == rows->mark) {
        buffer_fini(&was.bytes);
    } else {
        rows->undos[rows->undo_count++] = (struct undo){.row = row, .was = was};
        rows->undo_bytes += row_bytes(&was);
    }
    row->mark = rows->mark;
    row->there = change->data.data != NULL;
    if (!row->changed)
        rows->changed[rows->changed_count++] = row;
    row->changed = true;
    return error_none;
}

static enum error changes_take(struct hand_rows *rows)
{
    const struct projection_result *result = &rows->result;
    enum error error = changes_reserve(rows, result->count);
    for (uint32_t i = 0; i < result->count && error == error_none; i++) {
        struct hand_row *row;
        error = row_find(rows, rows->record->stream.realm, result->changes[i].key, &row);
        if (error == error_none)
            error = row_change(rows, row, &result->changes[i]);
    }
    return error;
}

enum error hand_rows_project(struct hand_rows *rows, const struct store_record *record, struct domain_fault *fault)
{
    struct row_source source = {.context = rows, .find = give_row};
    struct projected_event event = {.realm = record->stream.realm,
                                    .resource = record->stream.resource,
                                    .identifier = record->stream.identifier,
                                    .event = record->event,
                                    .schema = record->schema,
                                    .data = record->data,
                                    .version = record->version,
                                    .time_us = record->time_us,
                                    .user = record->user};
    if (record->event.size == 0)
        return error_none;
    rows->record = record;
    enum error error = projection_apply(rows->config.projection, &event, &source, &rows->result, fault);
    return error != error_none ? error : changes_take(rows);
}

/* ---- undoing ---- */

void hand_rows_mark(struct hand_rows *rows)
{
    for (size_t i = 0; i < rows->undo_count; i++)
        buffer_fini(&rows->undos[i].was.bytes);
    rows->undo_count = 0;
    rows->undo_bytes = 0;
    rows->mark++;
}

void hand_rows_undo(struct hand_rows *rows)
{
    while (rows->undo_count > 0) {
        struct undo *undo = &rows->undos[--rows->undo_count];
        rows->bytes -= row_bytes(undo->row) - row_bytes(&undo->was);
        buffer_fini(&undo->row->bytes);
        if (!undo->was.changed)
            rows->changed_count--; /* rows were added to the list in the order of the undos */
        *undo->row = undo->was;
    }
    hand_rows_mark(rows);
}

/* ---- writing ---- */

enum error hand_rows_changed(struct hand_rows *rows, const struct row **out, size_t *count)
{
    if (!grow((void **)&rows->out, &rows->out_room, rows->changed_count, sizeof rows->out[0]))
        return error_no_memory;
    for (size_t i = 0; i < rows->changed_count; i++)
        rows->out[i] = rows->changed[i]->row;
    *out = rows->out;
    *count = rows->changed_count;
    return error_none;
}

void hand_rows_committed(struct hand_rows *rows, uint64_t bytes_max)
{
    for (size_t i = 0; i < rows->changed_count; i++)
        rows->changed[i]->changed = false;
    rows->changed_count = 0;
    hand_rows_mark(rows);
    if (rows->bytes > bytes_max)
        hand_rows_forget(rows);
}

uint64_t hand_rows_bytes(const struct hand_rows *rows)
{
    return rows->bytes + rows->undo_bytes;
}

void hand_rows_forget(struct hand_rows *rows)
{
    hand_rows_mark(rows);
    for (size_t i = 0; i < rows->place_count; i++)
        if (rows->places[i] != NULL)
            row_free(rows->places[i]);
    free(rows->places);
    rows->places = NULL;
    rows->place_count = rows->count = rows->changed_count = 0;
    rows->bytes = 0;
}

/* ---- life ---- */

enum error hand_rows_new(struct hand_rows **out, const struct hand_rows_config *config)
{
    struct hand_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return error_no_memory;
    rows->config = *config;
    rows->mark = 1;
    *out = rows;
    return error_none;
}

void hand_rows_free(struct hand_rows **rows)
{
    if (*rows == NULL)
        return;
    hand_rows_forget(*rows);
    projection_fini(&(*rows)->result);
    free((*rows)->changed);
    free((*rows)->undos);
    free((*rows)->out);
    free(*rows);
    *rows = NULL;
}
