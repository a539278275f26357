/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius audit`: who did what. Searches the log for the commands of a user, of a trace, of a time, on a resource or
 * an aggregate, rejected ones too; as records, or as a tree of traces, their commands and these commands' records. */
#include "services/cli/command.h"

#include "libactor/domain/scalar.h"
#include "services/cli/connect.h"
#include "services/cli/selection.h"
#include "services/cli/show.h"
#include "services/cli/walk.h"

#include <stdio.h>
#include <stdlib.h>

enum { TREE_MAX = 10000, TRACE_BEFORE = 3, TRACE_SIZE = 32 };

struct audit_settings {
    struct connect_settings connect;
    struct selection selection;
    char *user, *command_id, *trace, *since, *until;
    bool tree;
};

#define AT(MEMBER) offsetof(struct audit_settings, MEMBER)

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct audit_settings, connect),
    {"user", SETTING_TEXT, AT(user), NULL, 0, 0, "what this user did"},
    {"command-id", SETTING_TEXT, AT(command_id), NULL, 0, 0, "what this command did"},
    {"trace", SETTING_TEXT, AT(trace), NULL, 0, 0, "commands with this trace id (32 hexadecimal digits)"},
    {"since", SETTING_TEXT, AT(since), NULL, 0, 0, "of this time or later, like 2026-01-31T12:00:00Z"},
    {"until", SETTING_TEXT, AT(until), NULL, 0, 0, "before this time"},
    SELECTION_SETTINGS(struct audit_settings, selection),
    {"tree", SETTING_BOOL, AT(tree), NULL, 0, 0, "group by trace and command; of 10,000 records at most"},
    {0},
};

static const struct settings_table table = {
    "fluvius audit",
    "[options]",
    "Shows who did what: records of commands, rejected ones too, a line of JSON each.",
    entries,
    "user command-id trace since until tree",
};

struct line {
    char *text, trace[TRACE_SIZE + 1];
    struct uuid id;
    char command[64], user[64];
    bool told;
};

struct audit {
    const struct audit_settings *settings;
    struct buffer types;
    struct line *lines; /* of a tree */
    uint32_t count;
};

static int complain(const char *option, const char *value, const char *what)
{
    fprintf(stderr, "fluvius audit: --%s: \"%s\" is no %s\n", option, value, what);
    return EXIT_USAGE;
}

/* ---- the question ---- */

static int time_take(const char *option, const char *value, int64_t *out)
{
    if (value == NULL || timestamp_parse(slice_text(value), out) == SCALAR_OK) {
        return 0;
    }
    return complain(option, value, "time like 2026-01-31T12:00:00Z");
}

static int follow_fill(const struct audit_settings *settings, struct follow *out)
{
    int code = time_take("since", settings->since, &out->since_us);

    out->has_since = settings->since != NULL;
    if (code == 0) {
        code = time_take("until", settings->until, &out->until_us);
    }
    if (code == 0 && settings->command_id != NULL) {
        out->has_id = true;
        if (uuid_parse(slice_text(settings->command_id), &out->id) != error_none) {
            code = complain("command-id", settings->command_id, "UUID");
        }
    }
    if (code == 0 && settings->trace != NULL && strlen(settings->trace) != TRACE_SIZE) {
        code = complain("trace", settings->trace, "trace id of 32 hexadecimal digits");
    }
    out->user = slice_text(settings->user == NULL ? "" : settings->user);
    out->trace = slice_text(settings->trace == NULL ? "" : settings->trace);
    return code;
}

/* ---- the answers ---- */

static void text_copy(char *out, size_t size, struct slice text)
{
    snprintf(out, size, "%.*s", (int)text.size, text.data == NULL ? "" : (const char *)text.data);
}

static void line_keep(struct audit *audit, const struct record *record, const struct buffer *text)
{
    struct line *line = &audit->lines[audit->count];

    *line = (struct line){.text = strndup((const char *)text->data, text->size), .id = record->id};
    text_copy(line->command, sizeof line->command, record->command);
    text_copy(line->user, sizeof line->user, record->user);
    if (record->traceparent.size >= TRACE_BEFORE + TRACE_SIZE) {
        text_copy(line->trace, sizeof line->trace, slice_of(record->traceparent.data + TRACE_BEFORE, TRACE_SIZE));
    }
    audit->count++;
}

/* False: a tree has no room for more. */
static bool records_take(struct audit *audit, struct slice records)
{
    struct walk walk = walk_of(records);
    struct buffer text = {0};
    struct record record = {0};
    struct slice raw = {0};
    bool room = true;

    while (room && walk_next(&walk, &raw) && record_decode(raw, &record) == error_none) {
        buffer_clear(&text);
        show_record(&text, &record, true);
        if (audit->lines == NULL) {
            show_line(&text);
        } else {
            line_keep(audit, &record, &text);
            room = audit->count < TREE_MAX;
        }
    }
    buffer_fini(&text);
    return room;
}

static bool same_command(const struct line *a, const struct line *b)
{
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes) == 0;
}

static void command_tell(struct audit *audit, uint32_t first)
{
    const struct line *head = &audit->lines[first];
    char id[37];

    uuid_format(&head->id, id);
    printf("  command %s %s by %s\n", id, head->command, head->user);
    for (uint32_t i = first; i < audit->count; i++) {
        struct line *line = &audit->lines[i];

        if (!line->told && same_command(line, head)) {
            printf("    %s\n", line->text == NULL ? "" : line->text);
            line->told = i != first;
        }
    }
    audit->lines[first].told = true;
}

/* Traces in the order of their first record; what has no trace comes command by command. */
static void tree_tell(struct audit *audit)
{
    for (uint32_t i = 0; i < audit->count; i++) {
        if (audit->lines[i].told) {
            continue;
        }
        printf("trace %s\n", audit->lines[i].trace[0] == 0 ? "-" : audit->lines[i].trace);
        for (uint32_t j = i; j < audit->count; j++) {
            bool here =
                j == i || (audit->lines[i].trace[0] != 0 && strcmp(audit->lines[i].trace, audit->lines[j].trace) == 0);

            if (here && !audit->lines[j].told) {
                command_tell(audit, j);
            }
        }
    }
    if (audit->count == TREE_MAX) {
        fprintf(stderr, "fluvius audit: there may be more: ask for less\n");
    }
}

/* ---- the search ---- */

static int answer_read(const struct reply *reply, struct followed *out)
{
    if (reply->status != status_ok) {
        return show_whole(reply);
    }
    if (followed_decode(reply->data, out) != error_none) {
        fprintf(stderr, "fluvius audit: an answer that cannot be read\n");
        return EXIT_FAILED;
    }
    return 0;
}

static int
page_ask(struct audit *audit, struct client *client, struct follow *follow, struct buffer *position, bool *more)
{
    struct request request = request_of(operation_follow);
    struct buffer memory = {0}, data = {0};
    struct followed followed = {0};
    struct reply reply = {0};
    int code = EXIT_FAILED;

    selection_fill(&audit->settings->selection, &audit->types, follow);
    follow_encode(&data, follow);
    request.data = buffer_slice(&data);
    if (connect_call(client, &audit->settings->connect, &request, &reply, &memory) == error_none) {
        code = answer_read(&reply, &followed);
    }
    *more = code == 0 && records_take(audit, followed.records) && followed.more;
    if (code == 0) {
        buffer_clear(position);
        buffer_append(position, reply.position.data, reply.position.size);
        follow->from = buffer_slice(position);
        follow->has_since = false;
    }
    buffer_fini(&memory);
    buffer_fini(&data);
    return code;
}

static int search(struct audit *audit)
{
    struct follow follow = {.receipts = true};
    struct buffer position = {0};
    struct client *client;
    bool more = true;
    int code = follow_fill(audit->settings, &follow);

    if (code != 0) {
        return code;
    }
    if (connect_open(&audit->settings->connect, &client) != error_none) {
        return EXIT_FAILED;
    }
    while (more && code == 0) {
        code = page_ask(audit, client, &follow, &position, &more);
    }
    client_close(&client);
    buffer_fini(&position);
    if (code == 0 && audit->lines != NULL) {
        tree_tell(audit);
    }
    return code;
}

int command_audit(int argc, char **argv)
{
    struct audit_settings settings = {0};
    struct audit audit = {.settings = &settings};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK) {
        audit.lines = settings.tree ? calloc(TREE_MAX, sizeof *audit.lines) : NULL;
        code = settings.tree && audit.lines == NULL ? EXIT_FAILED : search(&audit);
    }
    buffer_fini(&audit.types);
    for (uint32_t i = 0; i < audit.count; i++) {
        free(audit.lines[i].text);
    }
    free(audit.lines);
    settings_free(&table, &settings);
    return code;
}
