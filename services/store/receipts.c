/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Receipts are rows of the log; this keeps the way from a command's id to its row. New ones gather in memory. When
 * enough have, they are sorted and written at once: a run of those whose ids are of version 7 and not far behind the
 * runs before, the few others into a table of their own. */
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "services/store/unit.h"

enum {
    ENTRIES_A_PAGE = 126, /* so many fill one page of the file */
    DAY_MS = 86400000
};

uint64_t unit_newest_ms(const struct unit *unit)
{
    int64_t newest = 0;
    for (uint32_t place = 0; place < unit->count; place++)
        newest = unit->heads[place].time_us > newest ? unit->heads[place].time_us : newest;
    return (uint64_t)newest / 1000;
}

bool receipts_due(const struct unit *unit, uint32_t times)
{
    return unit->pending.count >= (size_t)unit->store->limits.receipts * times;
}

static uint64_t id_half(const struct receipt_entry *entry, size_t half)
{
    return load_big_endian(entry->id.bytes + 8 * half);
}

static int entry_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct receipt_entry));
}

/* Ids whose first halves are equal are few and stand side by side: sorted by all their bytes. */
static void equals_sort(struct receipt_entry *entries, size_t count)
{
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && id_half(&entries[end], 0) == id_half(&entries[i], 0);)
            end++;
        if (end - i > 1)
            qsort(entries + i, end - i, sizeof entries[0], entry_compare);
    }
}

/* The pending entries, sorted; NULL when memory is out. */
static struct receipt_entry *pending_sorted(const struct receipt_set *pending)
{
    size_t count = pending->count, capacity = 0;
    struct sort_item *items = NULL, *scratch = NULL;
    struct receipt_entry *entries = malloc((count + 1) * sizeof entries[0]);
    if (entries != NULL && sort_reserve(&items, &scratch, &capacity, count)) {
        for (size_t i = 0; i < count; i++)
            items[i] = (struct sort_item){.key = id_half(&pending->entries[i], 0), .item = i};
        sort_items(items, scratch, count);
        for (size_t i = 0; i < count; i++)
            entries[i] = pending->entries[items[i].item];
        equals_sort(entries, count);
    } else {
        free(entries);
        entries = NULL;
    }
    free(items);
    free(scratch);
    return entries;
}

/* A run being written. */
struct run {
    struct unit *unit;
    uint64_t day, latest_ms; /* of the log */
    struct receipt_marks after;
    uint64_t min_ms, count, pages;
    struct receipt_entry page[ENTRIES_A_PAGE + 1]; /* the checksum comes after the last */
    size_t page_count;
};

enum { PAGE_CHECKSUM = 8 };

enum error page_open(const struct unit *unit,
                     struct slice page,
                     const struct receipt_entry **entries,
                     size_t *count,
                     struct store_fault *fault)
{
    size_t size = page.size < PAGE_CHECKSUM ? 0 : page.size - PAGE_CHECKSUM;
    if (size == 0 || size % sizeof **entries != 0 || XXH3_64bits(page.data, size) != load_big_endian(page.data + size))
        return fault_set(fault, error_corrupt, "%s: a page of receipts is damaged or missing", unit->name);
    *entries = (const struct receipt_entry *)page.data;
    *count = size / sizeof **entries;
    return error_none;
}

static enum error page_flush(struct run *run, struct store_fault *fault)
{
    if (run->page_count == 0)
        return error_none;
    uint64_t number = run->after.next_run << RECEIPT_PAGE_BITS | run->pages;
    size_t size = run->page_count * sizeof run->page[0];
    store_big_endian((uint8_t *)run->page + size, XXH3_64bits(run->page, size));
    enum error error =
        writing(run->unit)->put_page(run->unit, number, slice_of(run->page, size + PAGE_CHECKSUM), fault);
    if (error != error_none)
        return error;
    run->pages++;
    run->page_count = 0;
    return error_none;
}

static enum error run_add(struct run *run, const struct receipt_entry *entry, uint64_t id_ms, struct store_fault *fault)
{
    run->min_ms = run->count == 0 ? id_ms : run->min_ms;
    run->after.max_ms = id_ms > run->after.max_ms ? id_ms : run->after.max_ms;
    run->count++;
    run->page[run->page_count++] = *entry;
    return run->page_count == ENTRIES_A_PAGE ? page_flush(run, fault) : error_none;
}

static enum error other_add(struct run *run, const struct receipt_entry *entry, struct store_fault *fault)
{
    return writing(run->unit)->put_other(run->unit, run->day, entry, fault);
}

static enum error entry_add(struct run *run, const struct receipt_entry *entry, struct store_fault *fault)
{
    uint64_t id_ms, before_ms = run->unit->marks.max_ms;
    if (!uuid_time_ms(&entry->id, &id_ms))
        return other_add(run, entry, fault);
    if (id_ms + RECEIPT_BEHIND_MS >= before_ms && id_ms <= run->latest_ms + limit_future_ms)
        return run_add(run, entry, id_ms, fault);
    run->after.late_ms = id_ms > run->after.late_ms ? id_ms : run->after.late_ms;
    return other_add(run, entry, fault);
}

static enum error run_finish(struct run *run, struct store_fault *fault)
{
    enum error error = page_flush(run, fault);
    if (error != error_none || run->count == 0)
        return error;
    error = writing(run->unit)->put_run(run->unit, &run->after, run->min_ms, run->count, run->pages, fault);
    run->after.next_run++;
    return error;
}

static enum error covered_write(struct unit *unit, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t place = 0; place < unit->count && error == error_none; place++)
        error = writing(unit)->cover_receipts(unit, unit_partition(unit, place), unit->heads[place].head, fault);
    return error;
}

static enum error
entries_write(struct run *run, const struct receipt_entry *entries, size_t count, struct store_fault *fault)
{
    enum error error = error_none;
    for (size_t i = 0; i < count && error == error_none; i++)
        error = entry_add(run, &entries[i], fault);
    if (error == error_none)
        error = run_finish(run, fault);
    if (error == error_none && run->after.late_ms != run->unit->marks.late_ms)
        error = writing(run->unit)->put_mark(run->unit, RECEIPT_MARK_LATE, run->after.late_ms, fault);
    return error == error_none ? covered_write(run->unit, fault) : error;
}

enum error receipts_write(struct unit *unit, struct receipt_marks *after, struct store_fault *fault)
{
    uint64_t latest_ms = unit_newest_ms(unit);
    struct run run = {.unit = unit, .latest_ms = latest_ms, .day = latest_ms / DAY_MS, .after = unit->marks};
    struct receipt_entry *entries = pending_sorted(&unit->pending);
    if (entries == NULL)
        return fault_set(fault, error_no_memory, "%s: no memory for a run of receipts", unit->name);
    enum error error = entries_write(&run, entries, unit->pending.count, fault);
    free(entries);
    if (error == error_none)
        *after = run.after;
    return error;
}

void receipts_written(struct unit *unit, const struct receipt_marks *after)
{
    pthread_mutex_lock(&unit->mutex);
    receipt_set_clear(&unit->pending);
    pthread_mutex_unlock(&unit->mutex);
    unit->marks = *after;
    unit->expire = true;
}
