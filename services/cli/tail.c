/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius tail`: every committed record of the log, partition by partition in order. Records come from the log alone;
 * with --follow the event bus, where it is known, only says when to look. */
#include "services/cli/command.h"

#include "services/cli/connect.h"
#include "services/cli/news.h"
#include "services/cli/platform.h"
#include "services/cli/position.h"
#include "services/cli/show.h"
#include "services/cli/walk.h"

#include <stdio.h>
#include <stdlib.h>

#define POLL_MS 200
#define PARTITIONS_MAX 65536

struct tail_settings {
    struct connect_settings connect;
    char *from, *events;
    bool follow;
};

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct tail_settings, connect),
    {"from", SETTING_TEXT, offsetof(struct tail_settings, from), NULL, 0, 0, "only what is after this position token"},
    {"events",
     SETTING_TEXT,
     offsetof(struct tail_settings, events),
     NULL,
     0,
     0,
     "URL of the event bus, to follow closely"},
    {"follow", SETTING_BOOL, offsetof(struct tail_settings, follow), NULL, 0, 0, "go on with what is committed later"},
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
    struct news *news;
    uint64_t *after; /* seq shown last, by partition */
    uint32_t partitions;
    bool shown; /* in this round */
};

/* How many partitions the log has, as the brokers know it; 0 after a complaint. */
static uint32_t partitions_ask(const struct tail *tail, int *code)
{
    struct request request = {.operation = operation_health, .at_version = -1, .partition = -1};
    struct buffer memory = {0};
    struct reply reply;
    int64_t count = 0;

    *code = EXIT_FAILED;
    if (connect_call(tail->client, &tail->settings->connect, &request, &reply, &memory) == error_none) {
        if (reply.status != status_ok) {
            *code = show_whole(&reply);
        } else if (!field_integer(reply.data, "partitions", &count) || count < 1 || count > PARTITIONS_MAX) {
            fprintf(stderr, "fluvius tail: no shard has told the brokers of its log yet\n");
            *code = status_exit(status_unavailable);
            count = 0;
        }
    }
    buffer_fini(&memory);
    return (uint32_t)count;
}

static void records_show(struct tail *tail, uint32_t partition, struct slice data)
{
    struct walk records = walk_of(field_raw(data, "records"));
    struct buffer line = {0};
    struct record record;
    struct slice raw;

    while (walk_next(&records, &raw) && record_decode(raw, &record) == error_none) {
        buffer_clear(&line);
        show_record(&line, &record, true);
        show_line(&line);
        tail->after[partition] = record.seq;
        tail->shown = true;
    }
    buffer_fini(&line);
}

/* One page of one partition. Returns an exit code. */
static int page_show(struct tail *tail, uint32_t partition)
{
    struct request request = {.operation = operation_log,
                              .at_version = -1,
                              .partition = partition,
                              .from = tail->after[partition],
                              .limit = limit_page_limit};
    struct buffer memory = {0};
    struct reply reply;
    int code = EXIT_FAILED;

    if (connect_call(tail->client, &tail->settings->connect, &request, &reply, &memory) == error_none) {
        code = reply.status == status_ok ? 0 : show_whole(&reply);
    }
    if (code == 0) {
        records_show(tail, partition, reply.data);
    }
    buffer_fini(&memory);
    return code;
}

/* A page of each partition, again and again until no partition has more. */
static int rounds_show(struct tail *tail)
{
    int code = 0;

    do {
        tail->shown = false;
        for (uint32_t partition = 0; partition < tail->partitions && code == 0; partition++) {
            code = page_show(tail, partition);
        }
        fflush(stdout);
        if (!tail->shown && tail->settings->follow) {
            news_wait(tail->news, POLL_MS);
        }
    } while (code == 0 && (tail->shown || tail->settings->follow));
    return code;
}

static int tail_run(struct tail *tail)
{
    int code;

    tail->partitions = partitions_ask(tail, &code);
    if (tail->partitions == 0) {
        return code;
    }
    tail->after = calloc(tail->partitions, sizeof *tail->after);
    if (tail->after == NULL) {
        fprintf(stderr, "fluvius tail: %s\n", error_text(error_no_memory));
        return EXIT_FAILED;
    }
    if (tail->settings->from != NULL &&
        position_read(tail->settings->from, tail->after, tail->partitions) != error_none) {
        fprintf(stderr, "fluvius tail: --from: \"%s\" is no position of this log\n", tail->settings->from);
        return EXIT_USAGE;
    }
    return rounds_show(tail);
}

static void news_at(struct tail *tail, const char *url)
{
    struct tls *tls;

    if (connect_tls(&tail->settings->connect, url, &tls) == error_none) {
        news_open(&tail->news, url, tls);
        tls_release(&tls);
    }
}

/* Where to hear of news: as given, or of the platform whose bus is used. */
static void news_find(struct tail *tail)
{
    const struct tail_settings *settings = tail->settings;
    struct platform platform;

    if (settings->events != NULL) {
        news_at(tail, settings->events);
    } else if (settings->connect.bus == NULL && platform_read(settings->connect.data, &platform) == error_none) {
        platform.events[strcspn(platform.events, ",")] = '\0'; /* every broker publishes all that is committed */
        news_at(tail, platform.events);
    }
}

static int tail_open_and_run(struct tail *tail)
{
    int code;

    if (connect_open(&tail->settings->connect, &tail->client) != error_none) {
        return EXIT_FAILED;
    }
    if (tail->settings->follow) {
        news_find(tail);
    }
    code = tail_run(tail);
    news_close(&tail->news);
    client_close(&tail->client);
    free(tail->after);
    return code;
}

int command_tail(int argc, char **argv)
{
    struct tail_settings settings = {0};
    struct tail tail = {.settings = &settings};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK) {
        code = tail_open_and_run(&tail);
    }
    settings_free(&table, &settings);
    return code;
}
