/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The group that `fluvius subscribe` takes part in: made by its settings, or compared with them. What was given and is
 * not so is told; a group is never changed by who joins it. */
#include "services/cli/command.h"

#include "proto/position.h"
#include "services/cli/subscriber.h"
#include "services/cli/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct number_setting {
    const char *option, *field; /* --OPTION, and its name in the group's state */
    int64_t value;
    bool given;
};

#define NUMBERS 4

static void numbers_of(const struct subscribe_settings *settings, struct number_setting out[NUMBERS])
{
    const struct number_setting numbers[NUMBERS] = {
        {"attempts", "attempts_max", settings->attempts, settings->attempts > 0},
        {"backoff-ms", "backoff_ms", settings->backoff_ms, settings->backoff_ms >= 0},
        {"lease-ms", "lease_ms", settings->lease_ms, settings->lease_ms > 0},
        {"dead-letters", "dead_letters_max", settings->dead_letters, settings->dead_letters > 0}};

    memcpy(out, numbers, sizeof numbers);
}

/* Option and field have one name. */
struct text_setting {
    const char *name, *value;
};

#define TEXTS 3

static void texts_of(const struct selection *selection, struct text_setting out[TEXTS])
{
    const struct text_setting texts[TEXTS] = {
        {"namespace", selection->namespace}, {"resource", selection->resource}, {"identifier", selection->identifier}};

    memcpy(out, texts, sizeof texts);
}

/* ---- making it ---- */

static void select_write(struct buffer *out, const struct selection *selection)
{
    struct text_setting texts[TEXTS];
    size_t place = write_map_begin(out);
    uint32_t count = 0;

    texts_of(selection, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        if (texts[i].value != NULL) {
            write_string(out, texts[i].name);
            write_string(out, texts[i].value);
            count++;
        }
    }
    write_string(out, "types");
    selection_types_write(selection, out);
    write_map_end(out, place, count + 1);
}

/* False when --from is no position of this log. */
static bool start_write(struct buffer *out, const struct subscriber *subscriber)
{
    const struct group *group = &subscriber->group;
    const char *from = subscriber->settings->from == NULL ? "begin" : subscriber->settings->from;
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

static bool create_write(struct buffer *out, const struct subscriber *subscriber)
{
    struct number_setting numbers[NUMBERS];
    size_t place = write_map_begin(out);
    uint32_t count = 2;

    numbers_of(subscriber->settings, numbers);
    for (size_t i = 0; i < NUMBERS; i++) {
        if (numbers[i].given) {
            write_string(out, numbers[i].field);
            write_integer(out, numbers[i].value);
            count++;
        }
    }
    write_string(out, "select");
    select_write(out, &subscriber->settings->selection);
    bool good = start_write(out, subscriber);
    write_map_end(out, place, count);
    return good;
}

/* *made: it was not there before. */
static int group_create(struct subscriber *subscriber, bool *made)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    if (!create_write(&data, subscriber)) {
        fprintf(stderr, "fluvius subscribe: --from: \"%s\" is no position of this log\n", subscriber->settings->from);
        buffer_fini(&data);
        return EXIT_USAGE;
    }
    outcome = group_send(&subscriber->group, "create", buffer_slice(&data));
    buffer_fini(&data);
    *made = strcmp(outcome.code, "already_exists") != 0; /* somebody else was first */
    return *made ? group_complain(&outcome) : 0;
}

/* ---- comparing it ---- */

static int complain_differs(const char *option, struct slice is, const char *wanted)
{
    fprintf(stderr,
            "fluvius subscribe: conflict: settings_differ: --%s is \"%.*s\" in this group, not \"%s\"\n",
            option,
            (int)is.size,
            is.data == NULL ? "" : (const char *)is.data,
            wanted);
    return status_exit(status_conflict);
}

static int numbers_compare(const struct group *group, const struct subscribe_settings *settings)
{
    struct number_setting numbers[NUMBERS];
    char is[24], wanted[24];
    int64_t value;

    numbers_of(settings, numbers);
    for (size_t i = 0; i < NUMBERS; i++) {
        bool known = field_integer(group->state, numbers[i].field, &value);

        if (!numbers[i].given || (known && value == numbers[i].value)) {
            continue;
        }
        snprintf(is, sizeof is, "%" PRId64, known ? value : 0);
        snprintf(wanted, sizeof wanted, "%" PRId64, numbers[i].value);
        return complain_differs(numbers[i].option, slice_text(is), wanted);
    }
    return 0;
}

static bool list_has(const struct setting_list *list, struct slice text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (slice_is(text, list->items[i])) {
            return true;
        }
    }
    return false;
}

/* In whatever order. */
static bool types_are(struct slice types, const struct setting_list *wanted)
{
    struct walk walk = walk_of(types);
    struct slice raw, text;
    bool same = walk.left == wanted->count;

    while (same && walk_next(&walk, &raw)) {
        struct reader reader = reader_of(raw);
        same = reader_text(&reader, &text) == error_none && list_has(wanted, text);
    }
    return same;
}

static int selection_compare(const struct group *group, const struct selection *selection)
{
    struct slice select = field_raw(group->state, "select");
    struct text_setting texts[TEXTS];

    texts_of(selection, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        struct slice is = field_text(select, texts[i].name);

        if (texts[i].value != NULL && !slice_is(is, texts[i].value)) {
            return complain_differs(texts[i].name, is, texts[i].value);
        }
    }
    if (selection->types.count > 0 && !types_are(field_raw(select, "types"), &selection->types)) {
        return complain_differs("types", slice_text("others"), selection->types.items[0]);
    }
    return 0;
}

int group_ensure(struct subscriber *subscriber)
{
    bool made = false;
    int code = group_read(&subscriber->group);

    if (code == 0 && !subscriber->group.exists && subscriber->settings->create) {
        code = group_create(subscriber, &made);
        if (code == 0 && !made) {
            code = group_read(&subscriber->group);
        }
    }
    if (code != 0 || made || !subscriber->group.exists) { /* joining will say what is not there */
        return code;
    }
    code = numbers_compare(&subscriber->group, subscriber->settings);
    return code == 0 ? selection_compare(&subscriber->group, &subscriber->settings->selection) : code;
}
