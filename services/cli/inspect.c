/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius describe` and `fluvius metrics`: what a platform says about itself. */
#include "services/cli/command.h"

#include "services/cli/connect.h"
#include "services/cli/show.h"
#include "services/cli/walk.h"

#include <stdio.h>
#include <stdlib.h>

struct inspect_settings {
    struct connect_settings connect;
};

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct inspect_settings, connect),
    {0},
};

static const struct settings_table describe_table = {
    "fluvius describe",
    "[NS] [options]",
    "Shows the domains that are served: resources, commands and events with their JSON Schemas; a line of JSON each.",
    entries,
    NULL,
};
static const struct settings_table metrics_table = {
    "fluvius metrics",
    "[options]",
    "Shows the metrics of broker and shards in the Prometheus text format.",
    entries,
    NULL,
};

static int describe_show(const struct reply *reply, const char *wanted)
{
    struct walk descriptions = walk_of(reply->data);
    struct buffer line = {0};
    struct slice description;
    bool found = wanted == NULL;

    while (walk_next(&descriptions, &description)) {
        if (wanted == NULL || slice_is(field_text(description, "namespace"), wanted)) {
            buffer_clear(&line);
            show_value(&line, description);
            show_line(&line);
            found = true;
        }
    }
    buffer_fini(&line);
    if (!found) {
        fprintf(stderr, "fluvius describe: no domain \"%s\" is served\n", wanted);
    }
    return found ? 0 : status_exit(status_not_found);
}

static int metrics_show(const struct reply *reply, const char *wanted)
{
    struct reader reader = reader_of(reply->data);
    struct slice text;

    (void)wanted;
    if (reply->data.size > 0 && reader_text(&reader, &text) == error_none) {
        fwrite(text.data, 1, text.size, stdout);
    }
    return 0;
}

/* Asks, and shows what came. */
static int ask(const struct inspect_settings *settings,
               enum operation operation,
               const char *wanted,
               int (*show)(const struct reply *reply, const char *wanted))
{
    struct request request = {.operation = operation, .at_version = -1, .partition = -1};
    struct buffer memory = {0};
    struct reply reply;
    int code = EXIT_FAILED;

    if (connect_once(&settings->connect, &request, &reply, &memory) == error_none) {
        code = reply.status == status_ok ? show(&reply, wanted) : show_whole(&reply);
    }
    buffer_fini(&memory);
    return code;
}

static int inspect(const struct settings_table *table,
                   enum operation operation,
                   size_t words_max,
                   int (*show)(const struct reply *reply, const char *wanted),
                   int argc,
                   char **argv)
{
    struct inspect_settings settings = {0};
    struct setting_list words = {0};
    enum settings_outcome outcome = settings_load(table, argc, argv, &settings, &words);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && words.count > words_max) {
        fprintf(stderr, "%s: %s: is one argument too many\n", table->service, words.items[words_max]);
    } else if (outcome == SETTINGS_OK) {
        code = ask(&settings, operation, words.count == 0 ? NULL : words.items[0], show);
    }
    free(words.items);
    settings_free(table, &settings);
    return code;
}

int command_describe(int argc, char **argv)
{
    return inspect(&describe_table, operation_describe, 1, describe_show, argc, argv);
}

int command_metrics(int argc, char **argv)
{
    return inspect(&metrics_table, operation_metrics, 0, metrics_show, argc, argv);
}
