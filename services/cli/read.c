/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius state`, `fluvius events` and `fluvius diff`: one aggregate, as it is, as it was, and how it came to be. */
#include "services/cli/command.h"

#include "libactor/domain/scalar.h"
#include "services/cli/connect.h"
#include "services/cli/show.h"
#include "services/cli/target.h"
#include "services/cli/walk.h"

#include <stdio.h>
#include <stdlib.h>

struct read_settings {
    struct connect_settings connect;
    char *at;
    int64_t version, from, to;
};

static const struct setting state_entries[] = {
    CONNECT_SETTINGS(struct read_settings, connect),
    {"version",
     SETTING_INTEGER,
     offsetof(struct read_settings, version),
     "-1",
     -1,
     INT64_MAX,
     "as it was at this version"},
    {"at",
     SETTING_TEXT,
     offsetof(struct read_settings, at),
     NULL,
     0,
     0,
     "as it was at this time, like 2026-01-31T12:00:00Z"},
    {0},
};

static const struct settings_table state_table = {
    "fluvius state",
    "NS.RESOURCE/ID [options]",
    "Shows an aggregate's state and version as JSON.",
    state_entries,
    "version at",
};

static const struct setting events_entries[] = {
    CONNECT_SETTINGS(struct read_settings, connect),
    {"after", SETTING_INTEGER, offsetof(struct read_settings, from), "0", 0, INT64_MAX, "only versions above this one"},
    {0},
};

static const struct settings_table events_table = {
    "fluvius events",
    "NS.RESOURCE/ID [options]",
    "Shows an aggregate's events, oldest first, a line of JSON each.",
    events_entries,
    "after",
};

static const struct setting diff_entries[] = {
    CONNECT_SETTINGS(struct read_settings, connect),
    {"from", SETTING_INTEGER, offsetof(struct read_settings, from), "0", 0, INT64_MAX, "what came after this version"},
    {"to",
     SETTING_INTEGER,
     offsetof(struct read_settings, to),
     "-1",
     -1,
     INT64_MAX,
     "up to this version; the newest by default"},
    {0},
};

static const struct settings_table diff_table = {
    "fluvius diff",
    "NS.RESOURCE/ID [options]",
    "Shows what an aggregate's events changed in its state, oldest first, a line of JSON each.",
    diff_entries,
    "from to",
};

/* Prints the page's events. True when another page follows, from *from. */
static bool page_show(struct slice data, uint64_t *from)
{
    struct walk events = walk_of(field_raw(data, "events"));
    struct buffer line = {0};
    struct record record;
    struct slice raw;
    int64_t next;

    while (walk_next(&events, &raw) && record_decode(raw, &record) == error_none) {
        buffer_clear(&line);
        show_record(&line, &record, false);
        show_line(&line);
    }
    buffer_fini(&line);
    if (!field_integer(data, "next", &next)) {
        return false;
    }
    *from = (uint64_t)next;
    return true;
}

static int pages_show(struct client *client,
                      const struct read_settings *settings,
                      struct request *request,
                      bool (*show)(struct slice data, uint64_t *from))
{
    for (bool more = true; more;) {
        struct buffer memory = {0};
        struct reply reply;
        enum error error = connect_call(client, &settings->connect, request, &reply, &memory);
        int code = error != error_none ? EXIT_FAILED : reply.status == status_ok ? 0 : show_whole(&reply);

        more = code == 0 && show(reply.data, &request->from);
        buffer_fini(&memory);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static int events_run(const struct read_settings *settings, struct request *request)
{
    struct client *client;
    int code;

    request->from = (uint64_t)settings->from;
    request->limit = limit_page_limit;
    if (connect_open(&settings->connect, &client) != error_none) {
        return EXIT_FAILED;
    }
    code = pages_show(client, settings, request, page_show);
    client_close(&client);
    return code;
}

/* Prints the page's events with what each changed. True when another page follows, from *from. */
static bool changes_show(struct slice data, uint64_t *from)
{
    struct walk events = walk_of(field_raw(data, "events"));
    struct buffer line = {0};
    struct record record;
    struct slice raw;
    int64_t next;

    while (walk_next(&events, &raw) && record_decode(field_raw(raw, "event"), &record) == error_none) {
        buffer_clear(&line);
        buffer_append_text(&line, "{\"event\":");
        show_record(&line, &record, false);
        buffer_append_text(&line, ",\"changes\":");
        show_value(&line, field_raw(raw, "changes"));
        buffer_append_text(&line, "}");
        show_line(&line);
    }
    buffer_fini(&line);
    if (!field_integer(data, "next", &next)) {
        return false;
    }
    *from = (uint64_t)next;
    return true;
}

static int diff_run(const struct read_settings *settings, struct request *request)
{
    struct client *client;
    int code;

    request->from = (uint64_t)settings->from;
    request->at_version = settings->to;
    request->limit = limit_page_limit;
    if (connect_open(&settings->connect, &client) != error_none) {
        return EXIT_FAILED;
    }
    code = pages_show(client, settings, request, changes_show);
    client_close(&client);
    return code;
}

static int state_run(const struct read_settings *settings, struct request *request)
{
    struct buffer memory = {0};
    struct reply reply;
    int code = EXIT_FAILED;

    request->at_version = settings->version;
    if (settings->at != NULL &&
        (timestamp_parse(slice_text(settings->at), &request->at_time_us) != SCALAR_OK || request->at_time_us <= 0)) {
        fprintf(stderr, "fluvius state: --at: \"%s\" is no time like 2026-01-31T12:00:00Z\n", settings->at);
        return EXIT_USAGE;
    }
    if (connect_once(&settings->connect, request, &reply, &memory) == error_none) {
        code = show_whole(&reply);
    }
    buffer_fini(&memory);
    return code;
}

static int read_with(const struct settings_table *table,
                     enum operation operation,
                     int (*run)(const struct read_settings *settings, struct request *request),
                     int argc,
                     char **argv)
{
    struct read_settings settings = {0};
    struct request request = {.operation = operation, .at_version = -1, .partition = -1};
    struct setting_list words = {0};
    enum settings_outcome outcome = settings_load(table, argc, argv, &settings, &words);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && words.count != 1) {
        fprintf(stderr, "%s: usage: NS.RESOURCE/ID; --help says more\n", table->service);
    } else if (outcome == SETTINGS_OK && target_stream(argv[0], words.items[0], &request)) {
        code = run(&settings, &request);
    }
    free(words.items);
    settings_free(table, &settings);
    return code;
}

int command_state(int argc, char **argv)
{
    return read_with(&state_table, operation_state, state_run, argc, argv);
}

int command_diff(int argc, char **argv)
{
    return read_with(&diff_table, operation_changes, diff_run, argc, argv);
}

int command_events(int argc, char **argv)
{
    return read_with(&events_table, operation_events, events_run, argc, argv);
}
