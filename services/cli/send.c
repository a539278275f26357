/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius send`: one command, its reply as JSON, the exit code by its status. */
#include "services/cli/command.h"

#include "proto/json.h"
#include "services/cli/connect.h"
#include "services/cli/show.h"
#include "services/cli/target.h"

#include <stdio.h>
#include <stdlib.h>

struct send_settings {
    struct connect_settings connect;
    char *id;
    int64_t expect;
    bool dry_run;
};

#define EXPECT_NOTHING "-1"

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct send_settings, connect),
    {"id", SETTING_TEXT, offsetof(struct send_settings, id), NULL, 0, 0, "the command's UUID; the same in every retry"},
    {"expect",
     SETTING_INTEGER,
     offsetof(struct send_settings, expect),
     EXPECT_NOTHING,
     -1,
     INT64_MAX,
     "the version the aggregate must have; 0: it must not exist"},
    {"dry-run", SETTING_BOOL, offsetof(struct send_settings, dry_run), NULL, 0, 0, "decide and show, change nothing"},
    {0},
};

static const struct settings_table table = {
    "fluvius send",
    "NS:COMMAND RESOURCE/ID [JSON] [options]",
    "Sends one command; RESOURCE/:new makes the identifier, JSON - reads standard input. Exit code by the reply's "
    "status.",
    entries,
    "id expect dry-run",
};

static bool refuse(const char *what, const char *why)
{
    fprintf(stderr, "fluvius send: %s: %s\n", what, why);
    return false;
}

static bool input_read(struct buffer *out)
{
    while (!feof(stdin) && !ferror(stdin) && buffer_reserve(out, 65536) && out->size <= limit_frame_bytes) {
        out->size += fread(out->data + out->size, 1, 65536, stdin);
    }
    return (!ferror(stdin) && !out->failed && out->size <= limit_frame_bytes) || refuse("-", "cannot be read whole");
}

static bool data_parse(struct slice json, struct buffer *out)
{
    struct json_fault fault;
    char where[64];

    if (json_to_msgpack(json, out, &fault) == error_none) {
        return true;
    }
    snprintf(where, sizeof where, "JSON, byte %zu", fault.offset);
    return refuse(where, error_text(fault.error));
}

/* The data as msgpack in memory. */
static bool data_read(const char *text, struct buffer *memory)
{
    struct buffer input = {0};
    bool read = strcmp(text, "-") == 0 ? input_read(&input) : (buffer_append_text(&input, text), !input.failed);
    bool parsed = read && data_parse(buffer_slice(&input), memory);

    buffer_fini(&input);
    return parsed;
}

static bool options_take(const struct send_settings *settings, struct request *out)
{
    out->has_expected = settings->expect >= 0;
    out->expected = settings->expect;
    out->dry_run = settings->dry_run;
    out->has_id = settings->id != NULL;
    return !out->has_id || uuid_parse(slice_text(settings->id), &out->id) == error_none ||
           refuse("--id", error_text(error_bad_uuid));
}

static bool request_make(const struct send_settings *settings,
                         const struct setting_list *words,
                         struct buffer *data,
                         struct request *out)
{
    if (words->count < 2 || words->count > 3) {
        return refuse("usage", "NS:COMMAND RESOURCE/ID [JSON]; --help says more");
    }
    if (!target_command("send", words->items[0], out) || !target_aggregate("send", words->items[1], out) ||
        !data_read(words->count == 3 ? words->items[2] : "{}", data) || !options_take(settings, out)) {
        return false;
    }
    out->data = buffer_slice(data);
    return true;
}

static int send_and_show(const struct send_settings *settings, struct request *request)
{
    struct buffer memory = {0};
    struct reply reply;
    int code = EXIT_FAILED;

    if (connect_once(&settings->connect, request, &reply, &memory) == error_none) {
        code = show_whole(&reply);
    }
    buffer_fini(&memory);
    return code;
}

int command_send(int argc, char **argv)
{
    struct send_settings settings = {0};
    struct request request = {.operation = operation_command, .at_version = -1, .partition = -1};
    struct setting_list words = {0};
    struct buffer data = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, &words);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && request_make(&settings, &words, &data, &request)) {
        code = send_and_show(&settings, &request);
    }
    buffer_fini(&data);
    free(words.items);
    settings_free(&table, &settings);
    return code;
}
