/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading a history's lines, by way of the transcoder that the platform itself reads JSON with. */
#include "tests/linear/history.h"

#include "proto/json.h"
#include "proto/reader.h"

#include <stdlib.h>

struct line {
    struct call call;
    struct slice account;
    bool has_op, has_start, has_end, has_status, has_amount;
};

/* ---- values ---- */

static enum error take_client(struct reader *reader, struct line *line)
{
    int64_t value;
    enum error error = reader_integer(reader, &value);
    if (error == error_none && (value < 0 || value > UINT32_MAX))
        error = error_out_of_range;
    if (error == error_none)
        line->call.client = (uint32_t)value;
    return error;
}

static enum error take_account(struct reader *reader, struct line *line)
{
    return reader_text(reader, &line->account);
}

static enum error take_op(struct reader *reader, struct line *line)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    for (int i = 0; error == error_none && i < ACTION_COUNT; i++)
        if (slice_is(text, action_name((enum action)i))) {
            line->call.action = (enum action)i;
            line->has_op = true;
        }
    return error == error_none && !line->has_op ? error_out_of_range : error;
}

static enum error take_id(struct reader *reader, struct line *line)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    if (error == error_none)
        error = uuid_parse(text, &line->call.id);
    line->call.has_id = error == error_none;
    return error;
}

static enum error take_dry(struct reader *reader, struct line *line)
{
    return reader_bool(reader, &line->call.dry_run);
}

static const struct {
    const char *name;
    enum answer answer;
} statuses[] = {{"ok", ANSWER_OK},
                {"rejected", ANSWER_REJECTED},
                {"conflict", ANSWER_CONFLICT},
                {"not_found", ANSWER_NOT_FOUND},
                {"reused", ANSWER_REUSED},
                {"invalid", ANSWER_REFUSED},
                {"denied", ANSWER_REFUSED},
                {"expired", ANSWER_REFUSED},
                {"unknown", ANSWER_UNKNOWN},
                {"deadline", ANSWER_UNKNOWN},
                {"busy", ANSWER_UNKNOWN},
                {"moved", ANSWER_UNKNOWN},
                {"unavailable", ANSWER_UNKNOWN},
                {"error", ANSWER_UNKNOWN}};

static enum error take_status(struct reader *reader, struct line *line)
{
    struct slice text;
    enum error error = reader_text(reader, &text);
    for (size_t i = 0; error == error_none && i < sizeof statuses / sizeof statuses[0]; i++)
        if (slice_is(text, statuses[i].name)) {
            line->call.answer = statuses[i].answer;
            line->has_status = true;
        }
    return error == error_none && !line->has_status ? error_out_of_range : error;
}

static enum error take_amount(struct reader *reader, struct line *line)
{
    line->has_amount = true;
    return reader_integer(reader, &line->call.amount);
}

static enum error take_expected(struct reader *reader, struct line *line)
{
    line->call.has_expected = true;
    return reader_integer(reader, &line->call.expected);
}

static enum error take_version(struct reader *reader, struct line *line)
{
    line->call.has_version = true;
    return reader_integer(reader, &line->call.version);
}

static enum error take_balance(struct reader *reader, struct line *line)
{
    line->call.has_balance = true;
    return reader_integer(reader, &line->call.balance);
}

static enum error take_start(struct reader *reader, struct line *line)
{
    line->has_start = true;
    return reader_integer(reader, &line->call.start_ns);
}

static enum error take_end(struct reader *reader, struct line *line)
{
    line->has_end = true;
    return reader_integer(reader, &line->call.end_ns);
}

static const struct {
    const char *key;
    enum error (*take)(struct reader *reader, struct line *line);
} keys[] = {{"client", take_client},
            {"aggregate", take_account},
            {"op", take_op},
            {"amount", take_amount},
            {"id", take_id},
            {"expected", take_expected},
            {"dry", take_dry},
            {"start", take_start},
            {"end", take_end},
            {"status", take_status},
            {"version", take_version},
            {"balance", take_balance}};

/* ---- lines ---- */

static bool skip_nil(struct reader *reader)
{
    struct reader look = *reader;
    struct msgpack_value value;
    if (reader_next(&look, &value) != error_none || value.kind != MSGPACK_KIND_NIL)
        return false;
    *reader = look;
    return true;
}

static enum error value_take(struct reader *reader, struct slice key, struct line *line, const char **fault)
{
    if (skip_nil(reader))
        return error_none;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (slice_is(key, keys[i].key)) {
            *fault = keys[i].key;
            return keys[i].take(reader, line);
        }
    return reader_skip(reader);
}

static enum error missing(const char *key, const char **fault)
{
    *fault = key;
    return error_missing_field;
}

/* What must be there, and what must not be: an answer has an end, and nothing else has. */
static enum error line_judge(struct line *line, const char **fault)
{
    struct call *call = &line->call;
    bool moves = call->action == ACTION_DEPOSIT || call->action == ACTION_WITHDRAW;
    if (line->account.size == 0)
        return missing("aggregate", fault);
    if (!line->has_op || !line->has_start || !line->has_status)
        return missing(!line->has_op ? "op" : line->has_start ? "status" : "start", fault);
    if (moves && !line->has_amount)
        return missing("amount", fault);
    if (call->answer == ANSWER_UNKNOWN)
        call->end_ns = NEVER;
    else if (!line->has_end)
        return missing("end", fault);
    *fault = "end";
    return call->end_ns < call->start_ns ? error_out_of_range : error_none;
}

static enum error line_decode(struct slice value, struct line *line, const char **fault)
{
    struct reader reader = reader_of(value);
    struct slice key;
    uint32_t entries;
    enum error error = reader_map(&reader, &entries);
    for (uint32_t i = 0; error == error_none && i < entries; i++) {
        error = reader_text(&reader, &key);
        if (error == error_none)
            error = value_take(&reader, key, line, fault);
    }
    return error == error_none ? line_judge(line, fault) : error;
}

static enum error line_read(struct history *history, struct slice json, struct buffer *scratch, const char **fault)
{
    struct line line = {0};
    buffer_clear(scratch);
    enum error error = json_to_msgpack(json, scratch, NULL);
    if (error == error_none)
        error = line_decode(buffer_slice(scratch), &line, fault);
    return error == error_none ? history_add(history, line.account, &line.call) : error;
}

enum error history_read(struct history *history, FILE *file, struct history_fault *fault)
{
    struct buffer scratch = {0};
    char *text = NULL;
    size_t room = 0;
    ssize_t size;
    enum error error = error_none;
    *fault = (struct history_fault){.key = ""};
    while (error == error_none && (size = getline(&text, &room, file)) >= 0) {
        fault->line++;
        fault->key = "";
        error = line_read(history, slice_of(text, (size_t)size), &scratch, &fault->key);
        if (error == error_none)
            history->calls[history->count - 1].line = fault->line;
    }
    if (error == error_none && ferror(file))
        error = error_io;
    free(text);
    buffer_fini(&scratch);
    return error;
}
