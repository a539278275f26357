/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is handed out: pages of the log from the checkpoints on, and dead letters that are to be tried again. Nothing
 * counts as done that was not handed over, a record that cannot be read least of all. */
#include "services/cli/command.h"

#include "proto/position.h"
#include "services/cli/subscriber.h"
#include "services/cli/walk.h"

#include <stdio.h>
#include <stdlib.h>

#define WAIT_MS 1000

/* ---- what to ask for ---- */

static bool is_active(const struct group_partition *partition)
{
    return partition->held && !partition->halted && !partition->resting;
}

/* Does another consumer still have what this one would wait for? */
static bool is_others(const struct subscriber *subscriber, uint32_t partition)
{
    const struct group_partition *it = &subscriber->group.partitions[partition];

    return !it->held && !it->halted && it->checkpoint < subscriber->group.heads[partition];
}

static bool is_wanted(const struct subscriber *subscriber, uint32_t partition, bool others)
{
    return others ? is_others(subscriber, partition) : is_active(&subscriber->group.partitions[partition]);
}

/* The group's own selection behind these places, of its own partitions or of those of others. Zero: of none. */
static uint32_t follow_make(
    struct subscriber *subscriber, bool others, const uint64_t *places, struct buffer *memory, struct follow *out)
{
    struct group *group = &subscriber->group;
    struct slice select = field_raw(group->state, "select");
    uint32_t count = 0, split;

    buffer_clear(memory);
    size_t place = write_array_begin(memory);
    for (uint32_t i = 0; i < group->partition_count; i++) {
        if (is_wanted(subscriber, i, others)) {
            write_unsigned(memory, i);
            count++;
        }
    }
    write_array_end(memory, place, count);
    split = (uint32_t)memory->size;
    position_write(group->incarnation, places, group->partition_count, memory);
    *out = (struct follow){.partitions = slice_of(memory->data, split),
                           .from = slice_of(memory->data + split, memory->size - split),
                           .namespace = field_text(select, "namespace"),
                           .resource = field_text(select, "resource"),
                           .identifier = field_text(select, "identifier"),
                           .types = field_raw(select, "types"),
                           .limit = others ? 1 : (uint32_t)subscriber->settings->batch,
                           .wait_ms = subscriber->settings->once ? 0 : WAIT_MS};
    return memory->failed ? 0 : count;
}

/* ---- pages ---- */

static int record_handle(struct subscriber *subscriber, const struct record *record)
{
    char fault[256] = "";
    uint32_t partition = record->partition;

    if (partition >= subscriber->group.partition_count || subscriber->blocked[partition]) {
        return 0;
    }
    subscriber->moved = true;
    if (handler_run(&subscriber->handler, record, fault, sizeof fault)) {
        subscriber->done[partition] = record->seq;
        subscriber->handled[partition] = true;
        return 0;
    }
    subscriber->blocked[partition] = true;
    subscriber->done[partition] = record->seq - 1;
    return place_nack(subscriber, (struct group_place){partition, record->seq}, fault);
}

static int complain_unreadable(struct subscriber *subscriber)
{
    int code = places_ack(subscriber);

    fprintf(stderr, "fluvius subscribe: a record that cannot be read; it is not acknowledged, nor what is behind it\n");
    return code == 0 ? EXIT_FAILED : code;
}

/* All of the page was handed over: what did not match is done too, as far as the answer looked. */
static void page_finish(struct subscriber *subscriber)
{
    for (uint32_t i = 0; i < subscriber->group.partition_count; i++) {
        if (subscriber->group.partitions[i].held && !subscriber->blocked[i] &&
            subscriber->page.after[i] > subscriber->done[i]) {
            subscriber->done[i] = subscriber->page.after[i];
        }
    }
}

/* A record at least, if there is one: however long one takes, they go on. What is left of a page when the round is over
 * comes again, behind what is acknowledged here. */
static int page_handle(struct subscriber *subscriber)
{
    struct walk walk = walk_of(subscriber->page.records);
    struct record record;
    struct slice raw;
    int code = 0;

    while (code == 0 && walk.left > 0) {
        if (!walk_next(&walk, &raw) || record_decode(raw, &record) != error_none) {
            return complain_unreadable(subscriber);
        }
        code = record_handle(subscriber, &record);
        if (code == 0 && walk.left > 0 && round_over(subscriber)) {
            return places_ack(subscriber);
        }
    }
    if (code == 0) {
        page_finish(subscriber);
        code = places_ack(subscriber);
    }
    return code;
}

int page_run(struct subscriber *subscriber, bool *active)
{
    struct buffer memory = {0};
    struct follow follow;
    int code = 0;

    *active = follow_make(subscriber, false, subscriber->done, &memory, &follow) > 0;
    if (*active) {
        code = group_follow(&subscriber->group, &follow, &subscriber->page);
        if (code == 0) {
            code = page_handle(subscriber);
        }
    }
    buffer_fini(&memory);
    return code;
}

/* ---- dead letters ---- */

/* It stays a dead letter when it cannot be read, and says so. */
static int letter_replay(struct subscriber *subscriber, struct group_place place)
{
    char fault[256] = "failed";
    struct record record;
    struct slice raw;
    bool done = false;
    int code = group_fetch(&subscriber->group, place, &subscriber->page, &raw);

    if (code != 0) {
        return code;
    }
    if (raw.size == 0 || record_decode(raw, &record) != error_none) {
        snprintf(fault, sizeof fault, "the record cannot be read");
    } else {
        done = handler_run(&subscriber->handler, &record, fault, sizeof fault);
    }
    subscriber->replayed = true;
    return letter_settle(subscriber, place, done ? NULL : fault);
}

int letters_replay(struct subscriber *subscriber)
{
    struct group *group = &subscriber->group;
    int code = 0;

    for (uint32_t i = 0; code == 0 && i < group->letter_count && !round_over(subscriber); i++) {
        struct group_place place = group->letters[i].place;

        if (group->letters[i].replay && place.partition < group->partition_count &&
            group->partitions[place.partition].held) {
            code = letter_replay(subscriber, place);
        }
    }
    return code;
}

/* ---- the end ---- */

static bool own_done(const struct subscriber *subscriber)
{
    const struct group *group = &subscriber->group;

    for (uint32_t i = 0; i < group->partition_count; i++) {
        const struct group_partition *partition = &group->partitions[i];

        if (partition->held && !partition->halted &&
            (partition->failing > 0 || subscriber->blocked[i] || subscriber->done[i] < group->heads[i])) {
            return false;
        }
    }
    return true;
}

static bool letters_wait(const struct subscriber *subscriber)
{
    for (uint32_t i = 0; i < subscriber->group.letter_count; i++) {
        if (subscriber->group.letters[i].replay) {
            return true;
        }
    }
    return subscriber->replayed;
}

/* Is there a record that other consumers have not done, and that was committed when this one began, or later? */
static int others_look(struct subscriber *subscriber, bool *wait)
{
    struct group *group = &subscriber->group;
    uint64_t *places = calloc(group->partition_count, sizeof *places);
    struct buffer memory = {0};
    struct follow follow;
    int code = places == NULL ? EXIT_FAILED : 0;

    for (uint32_t i = 0; code == 0 && i < group->partition_count; i++) {
        places[i] = group->partitions[i].checkpoint;
    }
    *wait = false;
    for (bool more = true; code == 0 && more && !*wait;) {
        if (follow_make(subscriber, true, places, &memory, &follow) == 0) {
            break;
        }
        code = group_follow(group, &follow, &subscriber->page);
        more = code == 0 && subscriber->page.more;
        *wait = code == 0 && walk_of(subscriber->page.records).left > 0;
        for (uint32_t i = 0; code == 0 && i < group->partition_count; i++) {
            places[i] = subscriber->page.after[i];
        }
    }
    buffer_fini(&memory);
    free(places);
    return code;
}

int end_look(struct subscriber *subscriber, bool *end)
{
    bool wait = true;
    int code = 0;

    if (subscriber->joined_us != 0 && own_done(subscriber) && !letters_wait(subscriber)) {
        code = others_look(subscriber, &wait);
    }
    *end = code == 0 && !wait;
    return code;
}
