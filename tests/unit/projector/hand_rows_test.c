/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of hand-written projections between database and handlers: however a log is cut into transactions, and whichever
 * of them fail, the rows are those of the whole log. */
#include "proto/json.h"
#include "services/projector/hand_rows.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "hand_domain.h"

/* ---- a database ---- */

enum { TABLE_ROWS = 512 };

struct table {
    struct buffer bytes[TABLE_ROWS];
    struct row rows[TABLE_ROWS];
    size_t count;
    int loads;
    enum error fails;
};

static size_t table_find(const struct table *table, struct slice realm, struct slice id)
{
    size_t i = 0;
    while (i < table->count && !(slice_equal(table->rows[i].id, id) && slice_equal(table->rows[i].realm, realm)))
        i++;
    return i;
}

static enum error table_load(void *context,
                             struct slice realm,
                             struct slice id,
                             enum error (*visit)(void *visitor, const struct row *row),
                             void *visitor)
{
    struct table *table = context;
    size_t at = table_find(table, realm, id);
    table->loads++;
    if (table->fails != 0)
        return table->fails;
    return at == table->count ? 0 : visit(visitor, &table->rows[at]);
}

static struct slice keep(struct buffer *to, struct slice slice)
{
    uint8_t *at = to->data + to->size;
    buffer_append(to, slice.data, slice.size);
    return slice_of(at, slice.size);
}

/* A row that is there keeps its created_us and creator, as the writer has it. */
static void table_put(struct table *table, const struct row *row)
{
    size_t at = table_find(table, row->realm, row->id);
    struct buffer held = {0};
    struct row put = *row;
    cr_assert(buffer_reserve(&held, 4096));
    if (at < table->count) {
        put.created_us = table->rows[at].created_us;
        put.creator = table->rows[at].creator;
    }
    put.realm = keep(&held, row->realm);
    put.id = keep(&held, row->id);
    put.creator = keep(&held, put.creator);
    put.updater = keep(&held, row->updater);
    put.data = keep(&held, row->data);
    cr_assert(held.size <= 4096 && at < TABLE_ROWS);
    buffer_fini(&table->bytes[at]);
    table->bytes[at] = held;
    table->rows[at] = put;
    table->count += at == table->count;
}

static uint64_t kept_most; /* bytes of rows that are kept after a commit */

static void table_write(struct table *table, struct hand_rows *rows)
{
    const struct row *changed;
    size_t count;
    cr_assert_eq(hand_rows_changed(rows, &changed, &count), 0);
    for (size_t i = 0; i < count; i++)
        table_put(table, &changed[i]);
    hand_rows_committed(rows, kept_most);
}

static const char *row_text(const struct table *table, const char *realm, const char *id)
{
    static char said[1000];
    struct buffer json = {0};
    size_t at = table_find(table, slice_text(realm), slice_text(id));
    if (at == table->count)
        return "none";
    const struct row *row = &table->rows[at];
    cr_assert_eq(msgpack_to_json(row->data, &json), 0);
    snprintf(said,
             sizeof said,
             "%.*s v%llu %lld-%lld %.*s %.*s%s",
             (int)json.size,
             (const char *)json.data,
             (unsigned long long)row->version,
             (long long)row->created_us,
             (long long)row->updated_us,
             (int)row->creator.size,
             (const char *)row->creator.data,
             (int)row->updater.size,
             (const char *)row->updater.data,
             row->deleted_us == 0 ? "" : " deleted");
    buffer_fini(&json);
    return said;
}

/* ---- a log ---- */

static struct domain *domain;
static struct table table;
static struct hand_rows *rows;
static struct buffer data;
static int64_t now;

static void open_rows(const char *projection, uint64_t bytes_max)
{
    kept_most = bytes_max;
    struct domain_fault fault;
    if (domain == NULL)
        cr_assert_eq(domain_new(&domain, fluvius_module_1(), &fault), 0, "%s", fault.text);
    const struct hand_rows_config config = {
        .projection = domain_projection(domain, slice_text(projection)), .load = table_load, .context = &table};
    cr_assert_not_null(config.projection);
    cr_assert_eq(hand_rows_new(&rows, &config), 0);
}

static void table_fini(struct table *of)
{
    for (size_t i = 0; i < of->count; i++)
        buffer_fini(&of->bytes[i]);
    *of = (struct table){0};
}

static void close_all(void)
{
    hand_rows_free(&rows);
    domain_free(&domain);
    buffer_fini(&data);
    table_fini(&table);
}

TestSuite(hand_rows, .fini = close_all);

static struct store_record record_of(const char *realm, const char *id, uint64_t version, int by)
{
    buffer_clear(&data);
    if (by == 0)
        write_map(&data, 0);
    else {
        write_map(&data, 1);
        write_string(&data, "by");
        write_integer(&data, by);
    }
    return (struct store_record){
        .stream = {slice_text(realm), slice_text("hand"), slice_text("tank"), slice_text(id)},
        .version = version,
        .time_us = now,
        .event = slice_text(by == 0 ? "drained" : "filled"),
        .schema = 1,
        .data = buffer_slice(&data),
        .user = slice_text(now % 2 == 0 ? "ann" : "bob"),
    };
}

static enum error fold(const char *realm, const char *id, uint64_t version, int by)
{
    struct domain_fault fault = {{0}};
    struct store_record record = record_of(realm, id, version, by);
    return hand_rows_project(rows, &record, &fault);
}

Test(hand_rows, an_aggregates_row_has_its_version_and_who_changed_it)
{
    open_rows("level", 1 << 20);
    now = 10;
    cr_assert_eq(fold("home", "t1", 1, 5), 0);
    now = 11;
    cr_assert_eq(fold("home", "t1", 2, 2), 0);
    cr_assert_eq(fold("away", "t1", 1, 9), 0);
    table_write(&table, rows);
    cr_expect_str_eq(row_text(&table, "home", "t1"), "{\"now\":7,\"highest\":7} v2 10-11 ann bob");
    cr_expect_str_eq(row_text(&table, "away", "t1"), "{\"now\":9,\"highest\":9} v1 11-11 bob bob");
}

Test(hand_rows, deleted_rows_keep_their_last_contents_and_come_back_anew)
{
    open_rows("level", 0);
    now = 10;
    cr_assert_eq(fold("home", "t1", 1, 5), 0);
    now = 12;
    cr_assert_eq(fold("home", "t1", 2, 0), 0);
    table_write(&table, rows);
    cr_expect_str_eq(row_text(&table, "home", "t1"), "{\"now\":5,\"highest\":5} v2 10-12 ann ann deleted");
    cr_assert_eq(fold("home", "t1", 3, 0), 0);
    table_write(&table, rows);
    cr_expect_str_eq(row_text(&table, "home", "t1"), "{\"now\":5,\"highest\":5} v2 10-12 ann ann deleted");
    now = 13;
    cr_assert_eq(fold("home", "t1", 4, 1), 0);
    table_write(&table, rows);
    cr_expect_str_eq(row_text(&table, "home", "t1"), "{\"now\":1,\"highest\":1} v4 10-13 ann bob");
}

Test(hand_rows, global_rows_count_their_changes)
{
    open_rows("sums", 1 << 20);
    now = 10;
    cr_assert_eq(fold("home", "t1", 7, 5), 0);
    now = 8;
    cr_assert_eq(fold("home", "t2", 3, 5), 0);
    table_write(&table, rows);
    cr_expect_str_eq(row_text(&table, "home", "5"), "{\"times\":2,\"by_tank\":{\"t1\":1,\"t2\":1}} v2 10-10 ann ann");
}

Test(hand_rows, records_without_events_and_events_without_handlers_change_nothing)
{
    const struct row *changed;
    size_t count;
    struct domain_fault fault;
    open_rows("sums", 1 << 20);
    struct store_record record = record_of("home", "t1", 1, 5);
    record.event = (struct slice){0};
    cr_assert_eq(hand_rows_project(rows, &record, &fault), 0);
    cr_assert_eq(fold("home", "t1", 2, 0), 0);
    cr_assert_eq(hand_rows_changed(rows, &changed, &count), 0);
    cr_expect_eq(count, 0);
    cr_expect_eq(table.loads, 0);
}

Test(hand_rows, rows_are_loaded_once_and_parts_never)
{
    open_rows("level", 1 << 20);
    for (uint64_t i = 1; i <= 100; i++) {
        cr_assert_eq(fold("home", "t1", i, 1), 0);
        table_write(&table, rows);
    }
    cr_expect_eq(table.loads, 1);
    hand_rows_forget(rows);
    cr_assert_eq(fold("home", "t1", 101, 1), 0);
    cr_expect_eq(table.loads, 2);
    hand_rows_free(&rows);
    table_fini(&table);
    open_rows("filling", 0);
    for (uint64_t i = 1; i <= 100; i++)
        cr_assert_eq(fold("home", "t1", i, 1), 0);
    table_write(&table, rows);
    cr_expect_eq(table.count, 100);
    cr_expect_str_eq(row_text(&table, "home", "t1:100"), "{\"by\":1} v100 0-0 ann ann");
}

Test(hand_rows, what_is_more_than_may_stay_is_forgotten_once_it_is_written)
{
    open_rows("level", 0);
    cr_assert_eq(fold("home", "t1", 1, 1), 0);
    cr_assert_eq(fold("home", "t1", 2, 1), 0);
    cr_expect_eq(table.loads, 1, "rows that are not written yet stay");
    table_write(&table, rows);
    cr_assert_eq(fold("home", "t1", 3, 1), 0);
    cr_expect_eq(table.loads, 2);
    table_write(&table, rows);
    cr_expect_str_eq(row_text(&table, "home", "t1"), "{\"now\":3,\"highest\":3} v3 0-0 ann ann");
}

Test(hand_rows, a_fault_leaves_what_came_before)
{
    open_rows("level", 1 << 20);
    now = 10;
    cr_assert_eq(fold("home", "t1", 1, 5), 0);
    cr_assert_eq(fold("home", "t1", 2, 13), error_invalid_data);
    struct store_record record = record_of("home", "t1", 2, 1);
    struct domain_fault fault = {{0}};
    record.event = slice_text("lost");
    cr_assert_eq(hand_rows_project(rows, &record, &fault), error_unknown_event);
    cr_expect_str_eq(fault.text, "tank has no event lost");
    table.fails = error_unreachable;
    cr_assert_eq(fold("home", "t2", 1, 1), error_unreachable);
    table.fails = 0;
    table_write(&table, rows);
    cr_expect_str_eq(row_text(&table, "home", "t1"), "{\"now\":5,\"highest\":5} v1 10-10 ann ann");
    cr_expect_str_eq(row_text(&table, "home", "t2"), "none");
}

Test(hand_rows, what_was_folded_since_a_mark_can_be_undone)
{
    open_rows("level", 1 << 20);
    now = 10;
    cr_assert_eq(fold("home", "t1", 1, 5), 0);
    hand_rows_mark(rows);
    now = 11;
    cr_assert_eq(fold("home", "t1", 2, 2), 0);
    cr_assert_eq(fold("home", "t2", 1, 1), 0);
    cr_assert_eq(fold("home", "t1", 3, 0), 0);
    hand_rows_undo(rows);
    cr_assert_eq(fold("home", "t3", 1, 4), 0);
    table_write(&table, rows);
    cr_expect_eq(table.count, 2);
    cr_expect_str_eq(row_text(&table, "home", "t1"), "{\"now\":5,\"highest\":5} v1 10-10 ann ann");
    cr_expect_str_eq(row_text(&table, "home", "t3"), "{\"now\":4,\"highest\":4} v1 11-11 bob bob");
    cr_assert_eq(fold("home", "t1", 2, 1), 0);
    hand_rows_undo(rows);
    cr_assert_eq(fold("home", "t1", 2, 3), 0);
    table_write(&table, rows);
    cr_expect_str_eq(row_text(&table, "home", "t1"), "{\"now\":8,\"highest\":8} v2 10-11 ann bob");
}

/* A log of several tanks by chance; commits come when they like, and some are lost with all since the last. */
static void chance_log(unsigned seed, const char *projection, bool mishaps, struct table *out)
{
    uint64_t versions[8] = {0};
    struct {
        int tank, by;
        uint64_t version;
    } log[400];
    srand(seed);
    for (int i = 0; i < 400; i++) {
        log[i].tank = rand() % 8;
        log[i].by = rand() % 10;
        log[i].version = ++versions[log[i].tank];
    }
    open_rows(projection, (uint64_t)(rand() % 2) * 4000);
    int committed = 0, marked = -1;
    for (int i = 0; i < 400; i++) {
        char id[8];
        snprintf(id, sizeof id, "t%d", log[i].tank);
        now = i;
        cr_assert_eq(fold(log[i].tank == 7 ? "away" : "home", id, log[i].version, log[i].by), 0);
        if (mishaps && rand() % 40 == 0) {
            hand_rows_forget(rows);
            i = marked = committed - 1;
        } else if (mishaps && rand() % 20 == 0) {
            hand_rows_undo(rows);
            i = marked;
        } else if (mishaps && rand() % 10 == 0) {
            hand_rows_mark(rows);
            marked = i;
        } else if (!mishaps || rand() % 10 == 0) {
            table_write(&table, rows);
            committed = i + 1;
            marked = i;
        }
    }
    table_write(&table, rows);
    *out = table;
    table = (struct table){0};
    hand_rows_free(&rows);
}

Test(hand_rows, however_the_log_is_cut_the_rows_are_the_same)
{
    static const char *const projections[] = {"level", "filling", "sums"};
    for (unsigned seed = 0; seed < 60; seed++) {
        static struct table even, uneven;
        const char *projection = projections[seed % 3];
        chance_log(seed, projection, false, &even);
        chance_log(seed, projection, true, &uneven);
        cr_assert_eq(even.count, uneven.count, "seed %u", seed);
        for (size_t i = 0; i < even.count; i++) {
            char one[1000], realm[8], id[64];
            snprintf(realm, sizeof realm, "%.*s", (int)even.rows[i].realm.size, (const char *)even.rows[i].realm.data);
            snprintf(id, sizeof id, "%.*s", (int)even.rows[i].id.size, (const char *)even.rows[i].id.data);
            snprintf(one, sizeof one, "%s", row_text(&even, realm, id));
            cr_assert_str_eq(row_text(&uneven, realm, id), one, "seed %u, row %s", seed, id);
        }
        table_fini(&even);
        table_fini(&uneven);
    }
}
