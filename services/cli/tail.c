/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius tail`: every committed record of the log that the caller may see, in order within each partition, and with
 * --follow those that come. Query processes read the log and wait at its end. */
#include "services/cli/command.h"

#include "proto/position.h"
#include "services/cli/connect.h"
#include "services/cli/selection.h"
#include "services/cli/show.h"
#include "services/cli/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 5000

struct tail_settings {
    struct connect_settings connect;
    struct selection selection;
    char *from;
    bool follow;
};

#define AT(MEMBER) offsetof(struct tail_settings, MEMBER)

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct tail_settings, connect),
    {"from", SETTING_TEXT, AT(from), "begin", 0, 0, "begin, end, or a position token: only what is after it"},
    {"follow", SETTING_BOOL, AT(follow), NULL, 0, 0, "go on with what is committed later"},
    SELECTION_SETTINGS(struct tail_settings, selection),
    {0},
};

static const struct settings_table table = {
    "fluvius tail",
    "[--from POSITION] [--follow] [options]",
    "Shows committed records, a line of JSON each; the order is that of each partition.",
    entries,
    "from follow",
};

struct tail {
    const struct tail_settings *settings;
    struct client *client;
    struct buffer types, position;
};

static bool from_good(const char *from)
{
    uint64_t incarnation;

    if (strcmp(from, "begin") == 0 || strcmp(from, "end") == 0 ||
        position_incarnation(slice_text(from), &incarnation) == error_none) {
        return true;
    }
    fprintf(stderr, "fluvius tail: --from: \"%s\" is no position\n", from);
    return false;
}

static void records_show(struct slice array)
{
    struct walk records = walk_of(array);
    struct buffer line = {0};
    struct record record;
    struct slice raw;

    while (walk_next(&records, &raw) && record_decode(raw, &record) == error_none) {
        buffer_clear(&line);
        show_record(&line, &record, true);
        show_line(&line);
    }
    buffer_fini(&line);
    fflush(stdout);
}

/* Shows what an answer has; the next request goes on behind it. An exit code. */
static int answer_take(struct tail *tail, const struct reply *reply, bool *more)
{
    struct followed followed;

    if (reply->status != status_ok) {
        return show_whole(reply);
    }
    if (followed_decode(reply->data, &followed) != error_none) {
        fprintf(stderr, "fluvius tail: an answer that cannot be read\n");
        return EXIT_FAILED;
    }
    records_show(followed.records);
    buffer_clear(&tail->position);
    buffer_append(&tail->position, reply->position.data, reply->position.size);
    *more = followed.more;
    return 0;
}

static int page_show(struct tail *tail, bool *more)
{
    const struct tail_settings *settings = tail->settings;
    struct request request = request_of(operation_follow);
    struct follow follow = {.from = buffer_slice(&tail->position),
                            .platform = true,
                            .every_realm = true,
                            .receipts = true,
                            .wait_ms = settings->follow ? WAIT_MS : 0};
    struct buffer data = {0}, memory = {0};
    struct reply reply;
    int code = EXIT_FAILED;

    selection_fill(&settings->selection, &tail->types, &follow);
    follow_encode(&data, &follow);
    request.data = buffer_slice(&data);
    if (connect_call(tail->client, &settings->connect, &request, &reply, &memory) == error_none) {
        code = answer_take(tail, &reply, more);
    }
    buffer_fini(&data);
    buffer_fini(&memory);
    return code;
}

static int tail_run(struct tail *tail)
{
    bool more = true;
    int code = 0;

    buffer_append_text(&tail->position, tail->settings->from);
    while (code == 0 && (more || tail->settings->follow)) {
        code = page_show(tail, &more);
    }
    return code;
}

int command_tail(int argc, char **argv)
{
    struct tail_settings settings = {0};
    struct tail tail = {.settings = &settings};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && from_good(settings.from)) {
        code = connect_open(&settings.connect, &tail.client) == error_none ? tail_run(&tail) : EXIT_FAILED;
        client_close(&tail.client);
    }
    buffer_fini(&tail.types);
    buffer_fini(&tail.position);
    settings_free(&table, &settings);
    return code;
}
