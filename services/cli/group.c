/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See group.h. */
#include "services/cli/group.h"

#include "proto/position.h"
#include "services/builtin/builtin.h"
#include "services/cli/command.h"
#include "services/cli/show.h"
#include "services/cli/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PARTITIONS_MAX 65536
#define CALL_EXTRA_MS 5000 /* a wait's request may take so much longer */

static int complain(const char *text)
{
    fprintf(stderr, "fluvius: %s\n", text);
    return EXIT_FAILED;
}

/* ---- requests ---- */

static struct connect_settings patient(const struct connect_settings *settings, uint32_t wait_ms)
{
    struct connect_settings longer = *settings;

    if (longer.deadline_ms < (int64_t)wait_ms + CALL_EXTRA_MS) {
        longer.deadline_ms = (int64_t)wait_ms + CALL_EXTRA_MS;
    }
    return longer;
}

static int follow_call(struct group *group, const struct follow *follow, struct reply *reply, struct buffer *memory)
{
    struct connect_settings settings = patient(group->connect, follow->wait_ms);
    struct request request = request_of(operation_follow);
    struct buffer data = {0};
    int code = EXIT_FAILED;

    follow_encode(&data, follow);
    request.data = buffer_slice(&data);
    if (connect_call(group->client, &settings, &request, reply, memory) == error_none) {
        code = reply->status == status_ok ? 0 : show_whole(reply);
    }
    buffer_fini(&data);
    return code;
}

static int log_take(struct group *group, const struct reply *reply)
{
    struct followed followed;

    if (followed_decode(reply->data, &followed) != error_none || followed.partitions == 0 ||
        followed.partitions > PARTITIONS_MAX ||
        position_incarnation(reply->position, &group->incarnation) != error_none) {
        return complain("an answer that cannot be read");
    }
    group->partition_count = followed.partitions;
    group->heads = calloc(followed.partitions, sizeof *group->heads);
    group->partitions = calloc(followed.partitions, sizeof *group->partitions);
    if (group->heads == NULL || group->partitions == NULL) {
        return complain(error_text(error_no_memory));
    }
    position_merge(reply->position, group->incarnation, group->heads, followed.partitions);
    return 0;
}

int group_open(struct group *group)
{
    struct follow follow = {.from = slice_text("end"), .limit = 1};
    struct buffer memory = {0};
    struct reply reply;
    int code = follow_call(group, &follow, &reply, &memory);

    if (code == 0) {
        code = log_take(group, &reply);
    }
    buffer_fini(&memory);
    return code;
}

void group_close(struct group *group)
{
    buffer_fini(&group->memory);
    free(group->heads);
    free(group->partitions);
    free(group->letters);
}

static struct request group_request(const struct group *group, enum operation operation)
{
    struct request request = request_of(operation);

    request.namespace = slice_text(BUILTIN_NAMESPACE);
    request.resource = slice_text("group");
    request.identifier = group->name;
    return request;
}

static void text_copy(char *out, size_t size, struct slice text)
{
    snprintf(out, size, "%.*s", (int)text.size, text.data == NULL ? "" : (const char *)text.data);
}

struct group_outcome group_send(struct group *group, const char *command, struct slice data)
{
    struct group_outcome outcome = {.exit = EXIT_FAILED, .status = status_error};
    struct request request = group_request(group, operation_command);
    struct buffer memory = {0};
    struct reply reply;

    request.command = slice_text(command);
    request.data = data;
    if (connect_call(group->client, group->connect, &request, &reply, &memory) == error_none) {
        outcome.status = reply.status;
        outcome.exit = status_exit(reply.status);
        text_copy(outcome.code, sizeof outcome.code, reply.code);
        text_copy(outcome.message, sizeof outcome.message, reply.message);
    }
    buffer_fini(&memory);
    return outcome;
}

int group_complain(const struct group_outcome *outcome)
{
    if (outcome->exit != 0) {
        fprintf(stderr, "fluvius: %s: %s: %s\n", status_name(outcome->status), outcome->code, outcome->message);
    }
    return outcome->exit;
}

void group_place_write(struct buffer *out, struct group_place place)
{
    write_map(out, 2);
    write_string(out, "partition");
    write_unsigned(out, place.partition);
    write_string(out, "seq");
    write_unsigned(out, place.seq);
}

/* ---- the state ---- */

static uint64_t number_of(struct slice map, const char *key)
{
    int64_t number;

    return field_integer(map, key, &number) && number > 0 ? (uint64_t)number : 0;
}

static bool flag_of(struct slice map, const char *key)
{
    struct reader reader = reader_of(field_raw(map, key));
    bool flag = false;

    return reader_bool(&reader, &flag) == error_none && flag;
}

/* Times are text in one form, so that they compare as text. */
static bool in_future(struct slice time_text)
{
    char now[32];
    time_t seconds = time(NULL);
    struct tm parts;
    size_t size = strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &parts));

    return time_text.size >= size && memcmp(time_text.data, now, size) >= 0;
}

static void partitions_read(struct group *group)
{
    struct walk walk = walk_of(field_raw(group->state, "partitions"));
    struct slice raw;

    memset(group->partitions, 0, group->partition_count * sizeof *group->partitions);
    for (uint32_t i = 0; i < group->partition_count && walk_next(&walk, &raw); i++) {
        struct slice holder = field_text(raw, "holder");

        group->partitions[i] =
            (struct group_partition){.checkpoint = number_of(raw, "checkpoint"),
                                     .failing = number_of(raw, "failing"),
                                     .attempts = number_of(raw, "attempts"),
                                     .held = group->consumer != NULL && slice_is(holder, group->consumer),
                                     .halted = flag_of(raw, "halted"),
                                     .resting = in_future(field_text(raw, "retry_at"))};
    }
}

static int letters_read(struct group *group)
{
    struct walk walk = walk_of(field_raw(group->state, "dead_letters"));
    struct slice raw;

    free(group->letters);
    group->letter_count = 0;
    group->letters = calloc(walk.left + 1, sizeof *group->letters);
    if (group->letters == NULL) {
        return complain(error_text(error_no_memory));
    }
    while (walk_next(&walk, &raw)) {
        group->letters[group->letter_count++] =
            (struct group_letter){.place = {(uint32_t)number_of(raw, "partition"), number_of(raw, "seq")},
                                  .attempts = number_of(raw, "attempts"),
                                  .replay = flag_of(raw, "replay"),
                                  .fault = field_text(raw, "fault"),
                                  .failed_at = field_text(raw, "failed_at")};
    }
    return 0;
}

static int state_take(struct group *group)
{
    group->exists = flag_of(group->state, "exists");
    group->consumers = walk_of(field_raw(group->state, "consumers")).left;
    group->lease_ms = (int64_t)number_of(group->state, "lease_ms");
    partitions_read(group);
    return letters_read(group);
}

int group_read(struct group *group)
{
    struct request request = group_request(group, operation_state);
    struct reply reply;

    buffer_fini(&group->memory);
    if (connect_call(group->client, group->connect, &request, &reply, &group->memory) != error_none) {
        return EXIT_FAILED;
    }
    if (reply.status != status_ok && reply.status != status_not_found) {
        return show_whole(&reply);
    }
    group->state = reply.status == status_ok ? reply.data : (struct slice){0};
    return state_take(group);
}

/* ---- the log ---- */

int group_follow(struct group *group, const struct follow *follow, struct group_records *out)
{
    struct followed followed;
    struct reply reply;
    int code;

    buffer_fini(&out->memory);
    if (out->after == NULL) {
        out->after = calloc(group->partition_count, sizeof *out->after);
    }
    if (out->after == NULL) {
        return complain(error_text(error_no_memory));
    }
    code = follow_call(group, follow, &reply, &out->memory);
    if (code != 0) {
        return code;
    }
    memset(out->after, 0, group->partition_count * sizeof *out->after);
    if (followed_decode(reply.data, &followed) != error_none ||
        position_merge(reply.position, group->incarnation, out->after, group->partition_count) != error_none) {
        return complain("an answer that cannot be read");
    }
    out->records = followed.records;
    out->more = followed.more;
    return 0;
}

int group_fetch(struct group *group, struct group_place place, struct group_records *page, struct slice *out)
{
    struct follow follow = {.limit = 1, .platform = true, .receipts = true};
    struct buffer parts = {0}, from = {0};
    struct record record;
    struct slice raw;
    int code;

    write_array(&parts, 1);
    write_unsigned(&parts, place.partition);
    position_format(group->incarnation, place.partition, place.seq - 1, &from);
    follow.partitions = buffer_slice(&parts);
    follow.from = buffer_slice(&from);
    code = group_follow(group, &follow, page);
    *out = (struct slice){0};
    if (code == 0) {
        struct walk walk = walk_of(page->records);

        if (walk_next(&walk, &raw) && record_decode(raw, &record) == error_none && record.seq == place.seq) {
            *out = raw;
        }
    }
    buffer_fini(&parts);
    buffer_fini(&from);
    return code;
}

void group_records_fini(struct group_records *records)
{
    buffer_fini(&records->memory);
    free(records->after);
}
