/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius subscribe`: takes part in a consumer group. It holds its share of the partitions under a lease, hands their
 * records to a handler one after the other, and acknowledges what was done. Killed at any place, what it had not
 * acknowledged is handed out again: at least once, in order within a partition, nothing skipped.
 *
 *   join (every third of the lease) -> give back what is more than a share -> dead letters that are to be replayed
 *        -> a page of records of the partitions held, from their checkpoints -> handler -> ack, or nack -> ...
 *
 * A handler may take longer than the lease: while it does, the lease is renewed and nothing else; then the round ends,
 * so that others get their share. */
#include "services/cli/command.h"

#include "services/cli/subscriber.h"
#include "services/common/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAUSE_US 100000 /* between two rounds in which nothing happened */

#define AT(MEMBER) offsetof(struct subscribe_settings, MEMBER)

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct subscribe_settings, connect),
    {"consumer", SETTING_TEXT, AT(consumer), NULL, 0, 0, "name among the group's consumers; else one is made up"},
    {"exec", SETTING_TEXT, AT(exec), NULL, 0, 0, "run this for each record, which it reads; exit code 0: done"},
    {"once", SETTING_BOOL, AT(once), NULL, 0, 0, "end when all that is committed now is done, by whichever consumer"},
    {"batch", SETTING_INTEGER, AT(batch), "100", 1, 1000, "records between two acknowledgements"},
    {"create",
     SETTING_BOOL,
     AT(create),
     NULL,
     0,
     0,
     "make the group when it is not there; one that is must be as below"},
    SELECTION_SETTINGS(struct subscribe_settings, selection),
    {"from",
     SETTING_TEXT,
     AT(from),
     NULL,
     0,
     0,
     "begin (the usual), end or a position token: where a new group starts"},
    {"attempts",
     SETTING_INTEGER,
     AT(attempts),
     NULL,
     1,
     1000,
     "tries before a record becomes a dead letter; usually 5"},
    {"backoff-ms", SETTING_INTEGER, AT(backoff_ms), NULL, 0, 3600000, "after the first failure, doubles; usually 1000"},
    {"lease-ms", SETTING_INTEGER, AT(lease_ms), NULL, 1000, 3600000, "the silent lose their share then; usually 30000"},
    {"dead-letters", SETTING_INTEGER, AT(dead_letters), NULL, 1, 1000, "more halt their partition; usually 100"},
    {0},
};

static const struct settings_table table = {
    "fluvius subscribe",
    "GROUP [--create] [--exec COMMAND] [options]",
    "Takes part in a consumer group: every record at least once, in order within its partition.",
    entries,
    "create exec once",
};

static int round_run(struct subscriber *subscriber, bool *active)
{
    int code = take_part(subscriber);

    subscriber->moved = subscriber->replayed = false;
    if (code == 0) {
        code = letters_replay(subscriber);
    }
    return code == 0 ? page_run(subscriber, active) : code;
}

static int rounds_run(struct subscriber *subscriber)
{
    bool once = subscriber->settings->once, end = false, active = false;
    int code = 0;

    while (code == 0 && !end && !process_stopping()) {
        code = round_run(subscriber, &active);
        if (code == 0 && once) {
            code = end_look(subscriber, &end);
        }
        if (code == 0 && !end && !subscriber->moved && (once || !active)) {
            usleep(PAUSE_US);
        }
    }
    group_leave(subscriber);
    return code;
}

static int subscriber_prepare(struct subscriber *subscriber)
{
    struct group *group = &subscriber->group;
    int code = group_open(group);

    if (code != 0) {
        return code;
    }
    subscriber->done = calloc(group->partition_count, sizeof *subscriber->done);
    subscriber->blocked = calloc(group->partition_count, sizeof *subscriber->blocked);
    subscriber->handled = calloc(group->partition_count, sizeof *subscriber->handled);
    if (subscriber->done == NULL || subscriber->blocked == NULL || subscriber->handled == NULL) {
        fprintf(stderr, "fluvius subscribe: %s\n", error_text(error_no_memory));
        return EXIT_FAILED;
    }
    return group_ensure(subscriber);
}

static int subscribe_run(struct subscriber *subscriber)
{
    int code;

    if (connect_open(&subscriber->settings->connect, &subscriber->group.client) != error_none) {
        return EXIT_FAILED;
    }
    code = subscriber_prepare(subscriber);
    if (code == 0) {
        code = rounds_run(subscriber);
    }
    client_close(&subscriber->group.client);
    group_records_fini(&subscriber->page);
    group_close(&subscriber->group);
    free(subscriber->done);
    free(subscriber->blocked);
    free(subscriber->handled);
    return code;
}

/* One that differs each time: who was killed and comes back is another consumer, and waits for its old lease. */
static void name_make(struct subscriber *subscriber)
{
    char host[64] = "host";
    uint32_t random;

    random_bytes(&random, sizeof random);
    gethostname(host, sizeof host - 1);
    if (subscriber->settings->consumer != NULL) {
        snprintf(subscriber->name, sizeof subscriber->name, "%.128s", subscriber->settings->consumer);
    } else {
        snprintf(subscriber->name, sizeof subscriber->name, "%.60s-%d-%08x", host, (int)getpid(), random);
    }
}

int command_subscribe(int argc, char **argv)
{
    struct subscribe_settings settings = {.backoff_ms = -1};
    struct subscriber subscriber = {.settings = &settings};
    struct setting_list words = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, &words);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && words.count != 1) {
        fprintf(stderr, "fluvius subscribe: usage: GROUP [options]; --help says more\n");
    } else if (outcome == SETTINGS_OK) {
        handler_prepare();
        process_init(NULL, false);
        name_make(&subscriber);
        subscriber.handler =
            (struct handler){.command = settings.exec, .meanwhile = lease_renew, .context = &subscriber};
        subscriber.group.connect = &settings.connect;
        subscriber.group.name = slice_text(words.items[0]);
        subscriber.group.consumer = subscriber.name;
        code = subscribe_run(&subscriber);
    }
    free(words.items);
    settings_free(&table, &settings);
    return code;
}
