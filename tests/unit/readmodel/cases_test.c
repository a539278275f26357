/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of cases, on SQLite and PostgreSQL and by the plain evaluator. */
#include <criterion/criterion.h>
#include <locale.h>

#include "services/readmodel/reader_page.h"
#include "tests/unit/readmodel/database.h"
#include "tests/unit/readmodel/reference.h"
#include "tests/unit/readmodel/sample.h"

struct query_case {
    const char *request, *answer;
};
static const struct query_case cases[] = {
#define CASE(REQUEST, ANSWER) {REQUEST, ANSWER},
#include "tests/unit/readmodel/cases.def"
#undef CASE
};
enum { CASES = sizeof cases / sizeof cases[0] };

static struct model model;
static struct row rows[SAMPLE_ROWS];
static struct buffer row_data[SAMPLE_ROWS];

static void sample_make(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    sample_model(&model);
    for (size_t i = 0; i < SAMPLE_ROWS; i++)
        rows[i] = sample_row(i, &row_data[i]);
}

static struct slice map_text(struct slice map, const char *key)
{
    struct slice raw, text = {0};
    if (msgpack_find(map, key, &raw) == error_none) {
        struct reader reader = reader_of(raw);
        (void)reader_text(&reader, &text);
    }
    return text;
}

/* What a page says, in the words of cases.def. */
static void page_tell(struct buffer *out, const struct row_page *page)
{
    struct buffer memory = {0};
    struct reader reader = sample_page(page, &memory);
    for (uint32_t i = 0; i < page->count; i++) {
        struct slice row;
        cr_assert(reader_raw(&reader, &row) == error_none);
        struct slice id = map_text(row, "_id");
        buffer_printf(out, "%.*s ", (int)id.size, (const char *)id.data);
    }
    cr_assert(reader_done(&reader));
    buffer_fini(&memory);
    if (page->total >= 0)
        buffer_printf(out, "of %lld", (long long)page->total);
    if (page->next.size > 0)
        buffer_append_text(out, " ...");
}

static void faults_tell(struct buffer *out, const struct data_faults *faults)
{
    for (uint32_t i = 0; i < faults->count; i++)
        buffer_printf(out, "%s %s %s", i == 0 ? "!" : ",", faults->items[i].code, faults->items[i].path);
}

static void case_run(struct database *database, struct slice request, struct buffer *out)
{
    struct query query = {0};
    struct data_faults faults;
    struct row_page page = {0};
    enum error error = query_parse(request, &model, slice_text("default"), NULL, &query, &faults);
    if (error == error_none) {
        error = database_select(database, 1, &query, &page);
        cr_assert(error == error_none, "%s: %s", error_name(error), database->fault.text);
        page_tell(out, &page);
    } else {
        cr_assert(error == error_invalid_data && faults.count > 0);
        faults_tell(out, &faults);
    }
    row_page_fini(&page);
    query_fini(&query);
}

static void cases_run(enum dialect dialect, bool collation)
{
    struct database database;
    sample_make();
    database_make(&database, dialect);
    database_build(&database, 1, &model, BUILD_LIVE);
    database_put(&database, 1, &model, rows, SAMPLE_ROWS);
    database_open(&database, 0);
    cr_assert(dialect == DIALECT_SQLITE || database.reader->target.fold_collation != NULL);
    if (!collation)
        database.reader->target.fold_collation = NULL;
    for (size_t i = 0; i < CASES; i++) {
        struct buffer request = sample_msgpack(cases[i].request), answer = {0};
        case_run(&database, buffer_slice(&request), &answer);
        cr_expect(slice_is(buffer_slice(&answer), cases[i].answer),
                  "%s: %.*s, not %s",
                  cases[i].request,
                  (int)answer.size,
                  (const char *)answer.data,
                  cases[i].answer);
        buffer_fini(&request);
        buffer_fini(&answer);
    }
    database_clean(&database);
}

Test(query_cases, sqlite_answers_as_the_table_says)
{
    cases_run(DIALECT_SQLITE, true);
}

Test(query_cases, postgresql_answers_as_the_table_says)
{
    cases_run(DIALECT_POSTGRESQL, true);
}

/* A server none of whose collations folds as words.h does. */
Test(query_cases, postgresql_answers_the_same_without_a_collation)
{
    cases_run(DIALECT_POSTGRESQL, false);
}

/* Pages apart: the rows of a case that is no fault, in order. */
static void reference_tell(struct buffer *out, struct slice request)
{
    size_t order[SAMPLE_ROWS], count = 0;
    for (size_t i = 0; i < SAMPLE_ROWS; i++) {
        if (!reference_matches(&model, &rows[i], "default", request))
            continue;
        size_t at = count++;
        for (; at > 0 && reference_compare(&model, &rows[i], &rows[order[at - 1]], request) < 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%.*s ", (int)rows[order[i]].id.size, (const char *)rows[order[i]].id.data);
    buffer_printf(out, "of %zu", count);
}

Test(query_cases, plain_evaluator_answers_as_the_table_says)
{
    size_t compared = 0;
    sample_make();
    for (size_t i = 0; i < CASES; i++) {
        struct buffer request = sample_msgpack(cases[i].request), answer = {0};
        struct slice value;
        bool plain = cases[i].answer[0] != '!' && msgpack_find(buffer_slice(&request), "limit", &value) != error_none &&
                     strncmp(cases[i].request, "{'sort':[", 9) != 0 && strstr(cases[i].request, "' _") == NULL &&
                     strstr(cases[i].request, "'deleted':'") == NULL;
        if (plain) {
            reference_tell(&answer, buffer_slice(&request));
            cr_expect(slice_is(buffer_slice(&answer), cases[i].answer),
                      "%s: %.*s, not %s",
                      cases[i].request,
                      (int)answer.size,
                      (const char *)answer.data,
                      cases[i].answer);
            compared++;
        }
        buffer_fini(&request);
        buffer_fini(&answer);
    }
    cr_assert(compared >= 200, "%zu", compared);
}
