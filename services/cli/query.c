/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius query`: rows of a read model. */
#include "services/cli/command.h"

#include "proto/json.h"
#include "services/cli/connect.h"
#include "services/cli/rows.h"
#include "services/cli/show.h"
#include "services/cli/table.h"
#include "services/cli/walk.h"

#include <stdio.h>
#include <stdlib.h>

struct query_settings {
    struct connect_settings connect;
    char *query, *sort, *include, *exclude, *cursor, *text, *at_least, *format;
    int64_t limit, page;
    enum setting_choice total;
    bool deleted;
};

#define AT(MEMBER) offsetof(struct query_settings, MEMBER)

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct query_settings, connect),
    {"query", SETTING_TEXT, AT(query), NULL, 0, 0, "what rows must meet, as JSON: {\"FIELD.OPERATOR\": VALUE}"},
    {"sort", SETTING_TEXT, AT(sort), NULL, 0, 0, "FIELD.asc or FIELD.desc, and more of them with commas"},
    {"include", SETTING_TEXT, AT(include), NULL, 0, 0, "only these fields, with commas"},
    {"exclude", SETTING_TEXT, AT(exclude), NULL, 0, 0, "all but these fields"},
    {"limit", SETTING_INTEGER, AT(limit), "25", 1, 1000, "rows a page"},
    {"page", SETTING_INTEGER, AT(page), "0", 0, UINT32_MAX, "which page, from 1"},
    {"cursor", SETTING_TEXT, AT(cursor), NULL, 0, 0, "go on behind a page: the \"next\" that it told"},
    {"text", SETTING_TEXT, AT(text), NULL, 0, 0, "words that must all occur"},
    {"total",
     SETTING_CHOICE,
     AT(total),
     NULL,
     0,
     0,
     "count all rows, which is usual but behind a cursor; --total=false: do not"},
    {"deleted", SETTING_BOOL, AT(deleted), NULL, 0, 0, "rows of removed aggregates too"},
    {"at-least", SETTING_TEXT, AT(at_least), NULL, 0, 0, "position token: wait until the answer reflects it"},
    {"format", SETTING_TEXT, AT(format), "lines", 0, 0, "lines: a row of JSON each; json: the whole reply; table"},
    {0},
};

static const struct settings_table table = {
    "fluvius query",
    "NS.NAME [ID] [options]",
    "Shows rows of a read model, or the one with that identifier.",
    entries,
    "query sort include exclude limit page cursor text total deleted at-least format",
};

/* "a,b" as an array of texts. */
static void names_write(const char *list, struct buffer *out)
{
    uint32_t count = 1;

    for (const char *at = list; *at != '\0'; at++) {
        count += *at == ',';
    }
    write_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        size_t size = strcspn(list, ",");

        write_text(out, slice_of(list, size));
        list += size + 1;
    }
}

static struct slice names_of(const char *list, struct buffer *memory)
{
    if (list == NULL) {
        return (struct slice){0};
    }
    names_write(list, memory);
    return buffer_slice(memory);
}

static bool query_read(const char *json, struct buffer *out)
{
    struct json_fault fault;

    if (json == NULL || json_to_msgpack(slice_text(json), out, &fault) == error_none) {
        return true;
    }
    fprintf(stderr, "fluvius query: --query: %s, at byte %zu\n", error_text(fault.error), fault.offset);
    return false;
}

/* The request's data; false after a line on standard error. */
static bool data_write(const struct query_settings *settings, const char *identifier, struct buffer *out)
{
    static const enum query_total totals[] = {[CHOICE_TRUE] = QUERY_TOTAL_COUNTED, [CHOICE_FALSE] = QUERY_TOTAL_NONE};
    struct buffer filter = {0}, sort = {0}, include = {0}, exclude = {0};
    bool good = query_read(settings->query, &filter);
    struct query_data data = {.filter = buffer_slice(&filter),
                              .sort = names_of(settings->sort, &sort),
                              .include = names_of(settings->include, &include),
                              .exclude = names_of(settings->exclude, &exclude),
                              .limit = (uint32_t)settings->limit,
                              .page = (uint32_t)settings->page,
                              .cursor = slice_text(settings->cursor),
                              .text = slice_text(settings->text),
                              .at_least = slice_text(settings->at_least),
                              .identifier = slice_text(identifier),
                              .total = totals[settings->total],
                              .deleted = settings->deleted};

    query_encode(out, &data);
    buffer_fini(&filter);
    buffer_fini(&sort);
    buffer_fini(&include);
    buffer_fini(&exclude);
    return good;
}

/* What a person would ask next, beside the rows. */
static void page_tell(const struct query_page *page)
{
    if (page->has_pages) {
        fprintf(stderr, "rows: %llu, pages: %llu\n", (unsigned long long)page->total, (unsigned long long)page->pages);
    } else if (page->has_total) {
        fprintf(stderr, "rows: %llu\n", (unsigned long long)page->total);
    }
    if (page->next.size > 0) {
        fprintf(stderr, "next page: --cursor %.*s\n", (int)page->next.size, (const char *)page->next.data);
    }
}

static void rows_show(struct slice rows)
{
    struct walk walk = walk_of(rows);
    struct buffer line = {0};
    struct slice row;

    while (walk_next(&walk, &row)) {
        buffer_clear(&line);
        show_value(&line, row);
        show_line(&line);
    }
    buffer_fini(&line);
}

static void page_show(const struct query_settings *settings, const struct reply *reply, struct slice data)
{
    struct query_page page;
    struct reply whole = *reply;

    if (strcmp(settings->format, "json") == 0) {
        whole.data = data;
        show_whole(&whole);
        return;
    }
    if (strcmp(settings->format, "table") == 0) {
        table_show(field_raw(data, "rows"));
    } else {
        rows_show(field_raw(data, "rows"));
    }
    if (query_page_decode(reply->data, &page) == error_none) {
        page_tell(&page);
    }
}

static int reply_show(const struct query_settings *settings, const struct reply *reply)
{
    struct buffer data = {0};

    if (reply->status != status_ok || rows_open(reply->data, &data) != error_none) {
        buffer_fini(&data);
        return show_whole(reply);
    }
    page_show(settings, reply, buffer_slice(&data));
    buffer_fini(&data);
    return 0;
}

static int query_run(const struct query_settings *settings, struct request *request, const char *identifier)
{
    struct buffer memory = {0}, data = {0};
    struct reply reply;
    int code = EXIT_USAGE;

    if (data_write(settings, identifier, &data)) {
        request->data = buffer_slice(&data);
        code = EXIT_FAILED;
        if (connect_once(&settings->connect, request, &reply, &memory) == error_none) {
            code = reply_show(settings, &reply);
        }
    }
    buffer_fini(&memory);
    buffer_fini(&data);
    return code;
}

/* NS.NAME */
static bool name_read(const char *text, struct request *out)
{
    const char *dot = strchr(text, '.');

    if (dot == NULL || dot == text || dot[1] == '\0') {
        fprintf(stderr, "fluvius query: \"%s\" is no NS.NAME, such as bank.account\n", text);
        return false;
    }
    out->namespace = slice_of(text, (size_t)(dot - text));
    out->resource = slice_text(dot + 1);
    return true;
}

static bool format_check(const char *format)
{
    if (strcmp(format, "lines") == 0 || strcmp(format, "json") == 0 || strcmp(format, "table") == 0) {
        return true;
    }
    fprintf(stderr, "fluvius query: --format %s: lines, json or table\n", format);
    return false;
}

int command_query(int argc, char **argv)
{
    struct query_settings settings = {0};
    struct request request = request_of(operation_query);
    struct setting_list words = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, &words);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && words.count != 1 && words.count != 2) {
        fprintf(stderr, "fluvius query: usage: NS.NAME [ID]; --help says more\n");
    } else if (outcome == SETTINGS_OK && name_read(words.items[0], &request) && format_check(settings.format)) {
        code = query_run(&settings, &request, words.count == 2 ? words.items[1] : NULL);
    }
    free(words.items);
    settings_free(&table, &settings);
    return code;
}
