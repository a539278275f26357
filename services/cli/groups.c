/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius groups`: consumer groups, how far they are, and what is wrong with them. `fluvius dead-letters`: the records
 * that one has set aside. */
#include "services/cli/command.h"

#include "proto/position.h"
#include "services/builtin/builtin.h"
#include "services/cli/group.h"
#include "services/cli/rows.h"
#include "services/cli/show.h"
#include "services/cli/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct groups_settings {
    struct connect_settings connect;
    bool replay, discard;
};

static const struct setting groups_entries[] = {
    CONNECT_SETTINGS(struct groups_settings, connect),
    {0},
};

static const struct settings_table groups_table = {
    "fluvius groups",
    "[GROUP...] [options]",
    "Shows consumer groups, a line of JSON each: what is pending, consumers, what fails, dead letters.",
    groups_entries,
    "",
};

static const struct setting letters_entries[] = {
    CONNECT_SETTINGS(struct groups_settings, connect),
    {"replay", SETTING_BOOL, offsetof(struct groups_settings, replay), NULL, 0, 0, "hand them out again"},
    {"discard", SETTING_BOOL, offsetof(struct groups_settings, discard), NULL, 0, 0, "forget them"},
    {0},
};

static const struct settings_table letters_table = {
    "fluvius dead-letters",
    "GROUP [PARTITION.SEQ...] [--replay | --discard] [options]",
    "Shows the records that a consumer group has set aside, a line of JSON each; or replays or discards them.",
    letters_entries,
    "replay discard",
};

/* ---- groups ---- */

/* Records that it selects and that are not done yet, as many as one answer has; *more: there are others. */
static int pending_count(struct group *group, uint32_t *count, bool *more)
{
    struct slice select = field_raw(group->state, "select");
    struct group_records page = {0};
    struct buffer from = {0};
    uint64_t *done = calloc(group->partition_count, sizeof *done);

    for (uint32_t i = 0; done != NULL && i < group->partition_count; i++) {
        done[i] = group->partitions[i].checkpoint;
    }
    if (done != NULL) {
        position_write(group->incarnation, done, group->partition_count, &from);
    }
    struct follow follow = {.from = buffer_slice(&from),
                            .namespace = field_text(select, "namespace"),
                            .resource = field_text(select, "resource"),
                            .identifier = field_text(select, "identifier"),
                            .types = field_raw(select, "types")};
    int code = done == NULL ? EXIT_FAILED : group_follow(group, &follow, &page);
    *count = walk_of(page.records).left;
    *more = page.more;
    group_records_fini(&page);
    buffer_fini(&from);
    free(done);
    return code;
}

static void troubles_print(const struct group *group, struct buffer *out)
{
    bool first = true;

    buffer_append_text(out, ",\"failing\":[");
    for (uint32_t i = 0; i < group->partition_count; i++) {
        const struct group_partition *partition = &group->partitions[i];

        if (partition->failing == 0) {
            continue;
        }
        buffer_printf(out,
                      "%s{\"partition\":%" PRIu32 ",\"seq\":%" PRIu64 ",\"attempts\":%" PRIu64 ",\"halted\":%s}",
                      first ? "" : ",",
                      i,
                      partition->failing,
                      partition->attempts,
                      partition->halted ? "true" : "false");
        first = false;
    }
    buffer_append_text(out, "]");
}

static void group_print(const struct group *group, uint32_t pending, bool more, struct buffer *out)
{
    buffer_append_text(out, "{\"group\":");
    struct buffer name = {0};
    write_text(&name, group->name);
    show_value(out, buffer_slice(&name));
    buffer_fini(&name);
    buffer_printf(out,
                  ",\"pending\":%" PRIu32 ",\"more\":%s,\"consumers\":%" PRIu32 ",\"dead_letters\":%" PRIu32,
                  pending,
                  more ? "true" : "false",
                  group->consumers,
                  group->letter_count);
    buffer_append_text(out, ",\"acked_at\":");
    show_value(out, field_raw(group->state, "acked_at"));
    buffer_append_text(out, ",\"select\":");
    show_value(out, field_raw(group->state, "select"));
    troubles_print(group, out);
    buffer_append_text(out, "}");
}

static int group_find(struct group *group, struct slice name)
{
    int code;

    group->name = name;
    code = group_read(group);
    if (code == 0 && !group->exists) {
        fprintf(stderr, "fluvius: not_found: no_group: %.*s\n", (int)name.size, (const char *)name.data);
        return status_exit(status_not_found);
    }
    return code;
}

static int group_show(struct group *group, struct slice name)
{
    struct buffer line = {0};
    uint32_t pending = 0;
    bool more = false;
    int code = group_find(group, name);

    if (code == 0) {
        code = pending_count(group, &pending, &more);
    }
    if (code == 0) {
        group_print(group, pending, more, &line);
        show_line(&line);
    }
    buffer_fini(&line);
    return code;
}

static int rows_show(struct group *group, struct slice rows)
{
    struct walk walk = walk_of(rows);
    struct slice row;
    int code = 0;

    while (code == 0 && walk_next(&walk, &row)) {
        struct reader exists = reader_of(field_raw(row, "exists"));
        bool is = false;
        if (reader_bool(&exists, &is) == error_none && is) {
            code = group_show(group, field_text(row, "_id"));
        }
    }
    return code;
}

/* The page behind `next`, which is the one behind that then; empty: it was the last. */
static int page_show(struct group *group, struct buffer *next)
{
    struct request request = request_of(operation_query);
    struct query_data query = {.limit = limit_page_limit, .cursor = buffer_slice(next), .total = QUERY_TOTAL_NONE};
    struct query_page page = {0};
    struct buffer data = {0}, memory = {0}, opened = {0};
    struct reply reply;
    int code = EXIT_FAILED;

    query_encode(&data, &query);
    request.namespace = slice_text(BUILTIN_NAMESPACE);
    request.resource = slice_text("group");
    request.data = buffer_slice(&data);
    if (connect_call(group->client, group->connect, &request, &reply, &memory) == error_none) {
        bool read = reply.status == status_ok && query_page_decode(reply.data, &page) == error_none;
        code = read ? 0 : show_whole(&reply);
    }
    buffer_clear(next);
    buffer_append(next, page.next.data, page.next.size);
    if (code == 0 && rows_open(reply.data, &opened) == error_none) {
        code = rows_show(group, field_raw(buffer_slice(&opened), "rows"));
    }
    buffer_fini(&opened);
    buffer_fini(&data);
    buffer_fini(&memory);
    return code;
}

/* All that the read model of groups has. */
static int all_show(struct group *group)
{
    struct buffer next = {0};
    int code;

    do {
        code = page_show(group, &next);
    } while (code == 0 && next.size > 0);
    buffer_fini(&next);
    return code;
}

static int groups_run(struct group *group, const struct groups_settings *settings, const struct setting_list *words)
{
    int code = group_open(group);

    (void)settings;
    if (code == 0 && words->count == 0) {
        return all_show(group);
    }
    for (size_t i = 0; code == 0 && i < words->count; i++) {
        code = group_show(group, slice_text(words->items[i]));
    }
    return code;
}

/* ---- dead letters ---- */

static bool place_parse(const char *text, struct group_place *out)
{
    char rest;
    unsigned partition;
    unsigned long long seq;

    if (sscanf(text, "%u.%llu%c", &partition, &seq, &rest) != 2) {
        fprintf(stderr, "fluvius dead-letters: \"%s\" is no place: PARTITION.SEQ\n", text);
        return false;
    }
    *out = (struct group_place){partition, seq};
    return true;
}

static int letters_change(struct group *group, const char *command, const struct setting_list *words)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    write_map(&data, 1);
    write_string(&data, "places");
    write_array(&data, (uint32_t)words->count - 1);
    for (size_t i = 1; i < words->count; i++) {
        struct group_place place;

        if (!place_parse(words->items[i], &place)) {
            buffer_fini(&data);
            return EXIT_USAGE;
        }
        group_place_write(&data, place);
    }
    outcome = group_send(group, command, buffer_slice(&data));
    buffer_fini(&data);
    return group_complain(&outcome);
}

static void letter_print(const struct group_letter *letter, struct slice record)
{
    struct buffer line = {0}, text = {0};
    struct record decoded;

    buffer_printf(&line,
                  "{\"place\":\"%" PRIu32 ".%" PRIu64 "\",\"attempts\":%" PRIu64 ",\"replay\":%s,\"fault\":",
                  letter->place.partition,
                  letter->place.seq,
                  letter->attempts,
                  letter->replay ? "true" : "false");
    write_text(&text, letter->fault);
    show_value(&line, buffer_slice(&text));
    buffer_clear(&text);
    write_text(&text, letter->failed_at);
    buffer_append_text(&line, ",\"failed_at\":");
    show_value(&line, buffer_slice(&text));
    buffer_append_text(&line, ",\"record\":");
    if (record_decode(record, &decoded) == error_none) {
        show_record(&line, &decoded, true);
    } else {
        buffer_append_text(&line, "null");
    }
    buffer_append_text(&line, "}");
    show_line(&line);
    buffer_fini(&line);
    buffer_fini(&text);
}

static int letter_show(struct group *group, const struct group_letter *letter, struct group_records *page)
{
    struct slice record = {0};
    int code = group_fetch(group, letter->place, page, &record);

    if (code == 0) {
        letter_print(letter, record);
    }
    return code;
}

static int letters_show(struct group *group)
{
    struct group_records page = {0};
    int code = 0;

    for (uint32_t i = 0; code == 0 && i < group->letter_count; i++) {
        code = letter_show(group, &group->letters[i], &page);
    }
    group_records_fini(&page);
    return code;
}

static int letters_run(struct group *group, const struct groups_settings *settings, const struct setting_list *words)
{
    int code;

    if (words->count == 0 || (settings->replay && settings->discard)) {
        fprintf(stderr, "fluvius dead-letters: usage: GROUP [--replay | --discard]; --help says more\n");
        return EXIT_USAGE;
    }
    code = group_open(group);
    if (code == 0) {
        code = group_find(group, slice_text(words->items[0]));
    }
    if (code != 0) {
        return code;
    }
    if (settings->replay || settings->discard) {
        return letters_change(group, settings->replay ? "replay" : "discard", words);
    }
    return letters_show(group);
}

/* ---- both ---- */

static int
run_with(const struct settings_table *table,
         int (*run)(struct group *group, const struct groups_settings *settings, const struct setting_list *words),
         int argc,
         char **argv)
{
    struct groups_settings settings = {0};
    struct group group = {.connect = &settings.connect};
    struct setting_list words = {0};
    enum settings_outcome outcome = settings_load(table, argc, argv, &settings, &words);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK) {
        code =
            connect_open(&settings.connect, &group.client) == error_none ? run(&group, &settings, &words) : EXIT_FAILED;
        client_close(&group.client);
        group_close(&group);
    }
    free(words.items);
    settings_free(table, &settings);
    return code;
}

int command_groups(int argc, char **argv)
{
    return run_with(&groups_table, groups_run, argc, argv);
}

int command_dead_letters(int argc, char **argv)
{
    return run_with(&letters_table, letters_run, argc, argv);
}
