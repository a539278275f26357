/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius subscribe`: takes part in a consumer group. It holds its share of the partitions under a lease, hands their
 * records to a handler one after the other, and acknowledges what was done. Killed at any place, what it had not
 * acknowledged is handed out again: at least once, in order within a partition, nothing skipped.
 *
 *   join (every third of the lease) -> give back what is more than a share -> dead letters that are to be replayed
 *        -> a page of records of the partitions held, from their checkpoints -> handler -> ack, or nack -> ... */
#include "services/cli/command.h"

#include "proto/position.h"
#include "services/cli/group.h"
#include "services/cli/handler.h"
#include "services/cli/walk.h"
#include "services/common/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 1000
#define SCANNED_ACK 4096 /* records that did not match, before their checkpoint is moved without any that did */

struct subscribe_settings {
    struct connect_settings connect;
    char *consumer, *exec, *namespace, *resource, *identifier, *from;
    struct setting_list types;
    bool create, once;
    int64_t batch, attempts, backoff_ms, lease_ms, dead_letters;
};

#define AT(MEMBER) offsetof(struct subscribe_settings, MEMBER)

static const struct setting entries[] = {
    CONNECT_SETTINGS(struct subscribe_settings, connect),
    {"consumer", SETTING_TEXT, AT(consumer), NULL, 0, 0, "name among the group's consumers; else one is made up"},
    {"exec", SETTING_TEXT, AT(exec), NULL, 0, 0, "run this for each record, which it reads; exit code 0: done"},
    {"once", SETTING_BOOL, AT(once), NULL, 0, 0, "end when all that is committed now was handed out"},
    {"batch", SETTING_INTEGER, AT(batch), "100", 1, 1000, "records between two acknowledgements"},
    {"create", SETTING_BOOL, AT(create), NULL, 0, 0, "make the group when it is not there, with the settings below"},
    {"namespace", SETTING_TEXT, AT(namespace), NULL, 0, 0, "only records of this namespace"},
    {"resource", SETTING_TEXT, AT(resource), NULL, 0, 0, "only records of this resource"},
    {"identifier", SETTING_TEXT, AT(identifier), NULL, 0, 0, "only records of this aggregate"},
    {"types", SETTING_LIST, AT(types), NULL, 0, 0, "only these types of events"},
    {"from", SETTING_TEXT, AT(from), "begin", 0, 0, "begin, end or a position token: where the group starts"},
    {"attempts", SETTING_INTEGER, AT(attempts), "5", 1, 1000, "tries before a record becomes a dead letter"},
    {"backoff-ms", SETTING_INTEGER, AT(backoff_ms), "1000", 0, 3600000, "wait after the first failure; doubles"},
    {"lease-ms", SETTING_INTEGER, AT(lease_ms), "30000", 1000, 3600000, "a silent consumer loses its share after it"},
    {"dead-letters", SETTING_INTEGER, AT(dead_letters), "100", 1, 1000, "more of them halt their partition"},
    {0},
};

static const struct settings_table table = {
    "fluvius subscribe",
    "GROUP [--create] [--exec COMMAND] [options]",
    "Takes part in a consumer group: every record at least once, in order within its partition.",
    entries,
    "create exec once",
};

struct subscriber {
    const struct subscribe_settings *settings;
    struct group group;
    struct group_records page;
    uint64_t *done; /* by partition: everything up to it was handed over, or did not match */
    bool *blocked;  /* a record of it failed in this page */
    bool *handled;  /* a record of it was done in this page */
    uint64_t joined_us;
    bool moved; /* a record was handed over, or the share changed, in this round */
    char name[160];
};

/* ---- the group ---- */

static void text_write(struct buffer *out, const char *key, const char *value)
{
    write_string(out, key);
    write_string(out, value);
}

static void number_write(struct buffer *out, const char *key, int64_t value)
{
    write_string(out, key);
    write_integer(out, value);
}

static void select_write(struct buffer *out, const struct subscribe_settings *settings)
{
    const char *const parts[][2] = {
        {"namespace", settings->namespace}, {"resource", settings->resource}, {"identifier", settings->identifier}};
    size_t place = write_map_begin(out);
    uint32_t count = 0;

    for (size_t i = 0; i < 3; i++) {
        if (parts[i][1] != NULL) {
            text_write(out, parts[i][0], parts[i][1]);
            count++;
        }
    }
    write_string(out, "types");
    write_array(out, (uint32_t)settings->types.count);
    for (size_t i = 0; i < settings->types.count; i++) {
        write_string(out, settings->types.items[i]);
    }
    write_map_end(out, place, count + 1);
}

static bool start_write(struct buffer *out, const struct subscriber *subscriber)
{
    const struct group *group = &subscriber->group;
    const char *from = subscriber->settings->from;
    uint64_t *seqs = calloc(group->partition_count, sizeof *seqs);
    bool end = strcmp(from, "end") == 0, known = seqs != NULL;

    if (known && !end && strcmp(from, "begin") != 0) {
        known = position_merge(slice_text(from), group->incarnation, seqs, group->partition_count) == error_none;
    }
    write_string(out, "start");
    write_array(out, known ? group->partition_count : 0);
    for (uint32_t i = 0; known && i < group->partition_count; i++) {
        write_unsigned(out, end ? group->heads[i] : seqs[i]);
    }
    free(seqs);
    return known;
}

static int group_create(struct subscriber *subscriber)
{
    const struct subscribe_settings *settings = subscriber->settings;
    struct group_outcome outcome = {.exit = EXIT_USAGE};
    struct buffer data = {0};

    write_map(&data, 6);
    number_write(&data, "attempts_max", settings->attempts);
    number_write(&data, "backoff_ms", settings->backoff_ms);
    number_write(&data, "lease_ms", settings->lease_ms);
    number_write(&data, "dead_letters_max", settings->dead_letters);
    write_string(&data, "select");
    select_write(&data, settings);
    if (start_write(&data, subscriber)) {
        outcome = group_send(&subscriber->group, "create", buffer_slice(&data));
    } else {
        fprintf(stderr, "fluvius subscribe: --from: \"%s\" is no position of this log\n", settings->from);
    }
    buffer_fini(&data);
    if (strcmp(outcome.code, "already_exists") == 0) { /* somebody else was first */
        return 0;
    }
    return outcome.status == status_ok && outcome.exit == EXIT_USAGE ? EXIT_USAGE : group_complain(&outcome);
}

/* ---- taking part ---- */

static int join(struct subscriber *subscriber)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    write_map(&data, 2);
    text_write(&data, "consumer", subscriber->name);
    number_write(&data, "partitions", subscriber->group.partition_count);
    outcome = group_send(&subscriber->group, "join", buffer_slice(&data));
    buffer_fini(&data);
    subscriber->joined_us = clock_monotonic_us();
    return group_complain(&outcome);
}

/* partitions 0: all, and out of the group. */
static int leave(struct subscriber *subscriber, const uint32_t *partitions, uint32_t count)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    write_map(&data, 2);
    text_write(&data, "consumer", subscriber->name);
    write_string(&data, "partitions");
    write_array(&data, count);
    for (uint32_t i = 0; i < count; i++) {
        write_unsigned(&data, partitions[i]);
    }
    outcome = group_send(&subscriber->group, "leave", buffer_slice(&data));
    buffer_fini(&data);
    return group_complain(&outcome);
}

static uint32_t share_of(const struct group *group)
{
    uint32_t consumers = group->consumers == 0 ? 1 : group->consumers;

    return (group->partition_count + consumers - 1) / consumers;
}

/* Those beyond an even share go to whoever joins next. */
static int surplus_leave(struct subscriber *subscriber)
{
    struct group *group = &subscriber->group;
    uint32_t *gone = calloc(group->partition_count, sizeof *gone), count = 0, held = 0;
    int code = 0;

    for (uint32_t i = 0; gone != NULL && i < group->partition_count; i++) {
        held += group->partitions[i].held;
        if (group->partitions[i].held && held > share_of(group)) {
            gone[count++] = i;
            group->partitions[i].held = false;
        }
    }
    if (count > 0) {
        code = leave(subscriber, gone, count);
    }
    free(gone);
    return code;
}

/* What was handed over and is acknowledged; what another consumer did meanwhile counts too. */
static void places_refresh(struct subscriber *subscriber)
{
    for (uint32_t i = 0; i < subscriber->group.partition_count; i++) {
        subscriber->done[i] = subscriber->group.partitions[i].checkpoint;
        subscriber->blocked[i] = subscriber->handled[i] = false;
    }
}

static int take_part(struct subscriber *subscriber)
{
    int64_t third_us = subscriber->group.lease_ms * 1000 / 3;
    bool due = subscriber->joined_us == 0 || clock_monotonic_us() - subscriber->joined_us >= (uint64_t)third_us;
    int code = due ? join(subscriber) : 0;

    if (code == 0) {
        code = group_read(&subscriber->group);
    }
    if (code == 0) {
        code = surplus_leave(subscriber);
    }
    if (code == 0) {
        places_refresh(subscriber);
    }
    return code;
}

/* ---- acknowledging ---- */

static bool worth_telling(const struct subscriber *subscriber, uint32_t partition)
{
    uint64_t checkpoint = subscriber->group.partitions[partition].checkpoint;

    return subscriber->done[partition] > checkpoint &&
           (subscriber->handled[partition] || subscriber->done[partition] - checkpoint >= SCANNED_ACK);
}

/* Somebody else holds what was lost: not a fault, but a reason to look again. */
static int outcome_take(struct subscriber *subscriber, const struct group_outcome *outcome)
{
    if (strcmp(outcome->code, "not_held") == 0 || strcmp(outcome->code, "already_done") == 0) {
        subscriber->joined_us = 0;
        return 0;
    }
    return group_complain(outcome);
}

static int places_ack(struct subscriber *subscriber)
{
    struct group_outcome outcome = {.exit = 0};
    struct buffer data = {0};
    uint32_t count = 0;

    write_map(&data, 2);
    text_write(&data, "consumer", subscriber->name);
    write_string(&data, "places");
    size_t place = write_array_begin(&data);
    for (uint32_t i = 0; i < subscriber->group.partition_count; i++) {
        if (worth_telling(subscriber, i)) {
            group_place_write(&data, (struct group_place){i, subscriber->done[i]});
            subscriber->group.partitions[i].checkpoint = subscriber->done[i];
            count++;
        }
    }
    write_array_end(&data, place, count);
    if (count > 0) {
        outcome = group_send(&subscriber->group, "ack", buffer_slice(&data));
    }
    buffer_fini(&data);
    return count == 0 ? 0 : outcome_take(subscriber, &outcome);
}

static int place_nack(struct subscriber *subscriber, struct group_place place, const char *fault)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    write_map(&data, 3);
    text_write(&data, "consumer", subscriber->name);
    write_string(&data, "place");
    group_place_write(&data, place);
    text_write(&data, "fault", fault);
    outcome = group_send(&subscriber->group, "nack", buffer_slice(&data));
    buffer_fini(&data);
    return outcome_take(subscriber, &outcome);
}

/* ---- records ---- */

static int record_handle(struct subscriber *subscriber, const struct record *record)
{
    char fault[256] = "";
    uint32_t partition = record->partition;

    if (partition >= subscriber->group.partition_count || subscriber->blocked[partition]) {
        return 0;
    }
    subscriber->moved = true;
    if (handler_run(subscriber->settings->exec, record, fault, sizeof fault)) {
        subscriber->done[partition] = record->seq;
        subscriber->handled[partition] = true;
        return 0;
    }
    subscriber->blocked[partition] = true;
    subscriber->done[partition] = record->seq - 1;
    return place_nack(subscriber, (struct group_place){partition, record->seq}, fault);
}

static int page_handle(struct subscriber *subscriber)
{
    struct walk walk = walk_of(subscriber->page.records);
    struct record record;
    struct slice raw;
    int code = 0;

    while (code == 0 && walk_next(&walk, &raw) && record_decode(raw, &record) == error_none) {
        /* Nobody waits for what is left of a page when the lease might be over. */
        if (process_stopping() ||
            clock_monotonic_us() - subscriber->joined_us > (uint64_t)subscriber->group.lease_ms * 1000 * 2 / 3) {
            subscriber->joined_us = 0;
            return places_ack(subscriber);
        }
        code = record_handle(subscriber, &record);
    }
    for (uint32_t i = 0; i < subscriber->group.partition_count; i++) {
        if (subscriber->group.partitions[i].held && !subscriber->blocked[i] &&
            subscriber->page.after[i] > subscriber->done[i]) {
            subscriber->done[i] = subscriber->page.after[i];
        }
    }
    return code == 0 ? places_ack(subscriber) : code;
}

static bool is_active(const struct group_partition *partition)
{
    return partition->held && !partition->halted && !partition->resting;
}

/* The group's own selection, for the partitions that can go on. False when there is none. */
static bool follow_make(struct subscriber *subscriber, struct buffer *memory, struct follow *out)
{
    struct group *group = &subscriber->group;
    struct slice select = field_raw(group->state, "select");
    uint32_t count = 0, split;
    size_t place = write_array_begin(memory);

    for (uint32_t i = 0; i < group->partition_count; i++) {
        if (is_active(&group->partitions[i])) {
            write_unsigned(memory, i);
            count++;
        }
    }
    write_array_end(memory, place, count);
    split = (uint32_t)memory->size;
    position_write(group->incarnation, subscriber->done, group->partition_count, memory);
    *out = (struct follow){.partitions = slice_of(memory->data, split),
                           .from = slice_of(memory->data + split, memory->size - split),
                           .namespace = field_text(select, "namespace"),
                           .resource = field_text(select, "resource"),
                           .identifier = field_text(select, "identifier"),
                           .types = field_raw(select, "types"),
                           .limit = (uint32_t)subscriber->settings->batch,
                           .wait_ms = subscriber->settings->once ? 0 : WAIT_MS};
    return count > 0 && !memory->failed;
}

static int page_run(struct subscriber *subscriber)
{
    struct buffer memory = {0};
    struct follow follow;
    int code = 0;

    if (follow_make(subscriber, &memory, &follow)) {
        code = group_follow(&subscriber->group, &follow, &subscriber->page);
        if (code == 0) {
            code = page_handle(subscriber);
        }
        subscriber->moved |= code == 0 && subscriber->page.more;
    } else {
        usleep(WAIT_MS * 100);
    }
    buffer_fini(&memory);
    return code;
}

/* ---- dead letters that are to be handed out again ---- */

static int letter_settle(struct subscriber *subscriber, struct group_place place, const char *fault)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    write_map(&data, fault == NULL ? 1 : 2);
    write_string(&data, "place");
    group_place_write(&data, place);
    if (fault != NULL) {
        text_write(&data, "fault", fault);
    }
    outcome = group_send(&subscriber->group, "settle", buffer_slice(&data));
    buffer_fini(&data);
    return group_complain(&outcome);
}

static int letters_replay(struct subscriber *subscriber)
{
    struct group *group = &subscriber->group;
    int code = 0;

    for (uint32_t i = 0; code == 0 && i < group->letter_count; i++) {
        struct group_place place = group->letters[i].place;
        char fault[256] = "failed";
        struct record record;
        struct slice raw;

        if (!group->letters[i].replay || place.partition >= group->partition_count ||
            !group->partitions[place.partition].held) {
            continue;
        }
        code = group_fetch(group, place, &subscriber->page, &raw);
        if (code == 0 && record_decode(raw, &record) == error_none) {
            bool done = handler_run(subscriber->settings->exec, &record, fault, sizeof fault);
            code = letter_settle(subscriber, place, done ? NULL : fault);
            subscriber->moved = true;
        }
    }
    return code;
}

/* ---- the loop ---- */

/* Nothing more that could be handed out now; what waits for another try counts as something. */
static bool at_end(const struct subscriber *subscriber)
{
    for (uint32_t i = 0; i < subscriber->group.partition_count; i++) {
        const struct group_partition *partition = &subscriber->group.partitions[i];
        if (partition->held && partition->failing > 0 && !partition->halted) {
            return false;
        }
    }
    return !subscriber->moved;
}

static int rounds_run(struct subscriber *subscriber)
{
    int code = 0;

    while (code == 0 && !process_stopping()) {
        subscriber->moved = false;
        code = take_part(subscriber);
        if (code == 0) {
            code = letters_replay(subscriber);
        }
        if (code == 0) {
            code = page_run(subscriber);
        }
        if (code == 0 && subscriber->settings->once && at_end(subscriber)) {
            break;
        }
    }
    leave(subscriber, NULL, 0);
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
    code = group_read(group);
    if (code == 0 && !group->exists && subscriber->settings->create) {
        code = group_create(subscriber);
    }
    return code;
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
    struct subscribe_settings settings = {0};
    struct subscriber subscriber = {.settings = &settings};
    struct setting_list words = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, &words);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && words.count != 1) {
        fprintf(stderr, "fluvius subscribe: usage: GROUP [options]; --help says more\n");
    } else if (outcome == SETTINGS_OK) {
        process_init(NULL, false);
        name_make(&subscriber);
        subscriber.group.connect = &settings.connect;
        subscriber.group.name = slice_text(words.items[0]);
        subscriber.group.consumer = subscriber.name;
        code = subscribe_run(&subscriber);
    }
    free(words.items);
    settings_free(&table, &settings);
    return code;
}
