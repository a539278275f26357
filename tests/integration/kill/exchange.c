/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See exchange.h. */
#include "tests/integration/kill/exchange.h"

#include <inttypes.h>
#include <time.h>

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool is(const struct exchange *exchange, const char *command)
{
    return strcmp(exchange->command, command) == 0;
}

bool exchange_is_read(const struct exchange *exchange)
{
    return is(exchange, "read");
}

bool exchange_is_command(const struct exchange *exchange)
{
    return !exchange_is_read(exchange) && !exchange->dry_run;
}

/* ---- asking ---- */

static void holder_write(struct buffer *data)
{
    write_map(data, 1);
    write_string(data, "holder");
    write_map(data, 2);
    write_string(data, "given");
    write_string(data, "Kim");
    write_string(data, "family");
    write_string(data, "Kill");
}

static void data_write(struct buffer *data, const struct exchange *exchange)
{
    buffer_clear(data);
    if (is(exchange, "open")) {
        holder_write(data);
    } else if (is(exchange, "close")) {
        write_map(data, 0);
    } else {
        write_map(data, 1);
        write_string(data, "amount");
        write_integer(data, exchange->amount);
    }
}

struct request exchange_request(struct exchange *exchange, struct buffer *data)
{
    struct request request = request_of(exchange_is_read(exchange) ? operation_state : operation_command);
    request.namespace = slice_text("bank");
    request.resource = slice_text("account");
    request.identifier = slice_text(exchange->account);
    request.deadline_ms = exchange->deadline_ms;
    if (!exchange_is_read(exchange)) {
        data_write(data, exchange);
        request.command = slice_text(exchange->command);
        request.data = buffer_slice(data);
        request.id = exchange->id;
        request.has_id = true;
        request.dry_run = exchange->dry_run;
        request.has_expected = exchange->has_expected;
        request.expected = (int64_t)exchange->expected;
    }
    exchange->start_ns = now_ns();
    return request;
}

/* ---- what came back ---- */

static void text_keep(char out[EXCHANGE_TEXT], struct slice text)
{
    snprintf(out, EXCHANGE_TEXT, "%.*s", (int)text.size, text.size == 0 ? "" : (const char *)text.data);
}

static void balance_keep(struct exchange *exchange, struct slice data)
{
    struct slice state = data, balance;
    exchange->has_balance = false;
    if (exchange->status != status_ok || exchange_is_command(exchange))
        return;
    if (exchange->dry_run && msgpack_find(data, "state", &state) != error_none)
        return;
    if (msgpack_find(state, "balance", &balance) != error_none)
        return;
    struct reader reader = reader_of(balance);
    exchange->has_balance = reader_integer(&reader, &exchange->balance) == error_none;
}

void exchange_keep(struct exchange *exchange, const struct reply *reply)
{
    exchange->end_ns = now_ns();
    exchange->status = reply->status;
    exchange->has_version = reply->has_version;
    exchange->version = reply->has_version ? reply->version : 0;
    text_keep(exchange->position, reply->position);
    text_keep(exchange->identifier, reply->identifier);
    text_keep(exchange->code, reply->code);
    balance_keep(exchange, reply->data);
    exchange->decided =
        reply->status == status_ok || reply->status == status_rejected || reply->status == status_conflict;
}

bool exchange_same_answer(const struct exchange *a, const struct exchange *b)
{
    return a->status == b->status && a->version == b->version && strcmp(a->position, b->position) == 0 &&
           strcmp(a->identifier, b->identifier) == 0 && strcmp(a->code, b->code) == 0;
}

/* ---- lines ---- */

static const char *or_dash(const char *text)
{
    return text[0] == 0 ? "-" : text;
}

void exchange_log(FILE *log, const struct exchange *exchange)
{
    char id[UUID_TEXT_SIZE];
    uuid_format(&exchange->id, id);
    fprintf(log,
            "%s %s %s %u %s %llu %s %s %s\n",
            id,
            exchange->command,
            or_dash(exchange->account),
            exchange->amount,
            status_name(exchange->status),
            (unsigned long long)exchange->version,
            or_dash(exchange->position),
            or_dash(exchange->identifier),
            or_dash(exchange->code));
}

static bool is_answered(enum status status)
{
    return status != status_deadline && status != status_busy && status != status_moved &&
           status != status_unavailable && status != status_error;
}

static void asked_record(FILE *history, const struct exchange *exchange)
{
    char id[UUID_TEXT_SIZE];
    if (is(exchange, "deposit") || is(exchange, "withdraw"))
        fprintf(history, ",\"amount\":%u", exchange->amount);
    if (exchange_is_command(exchange)) {
        uuid_format(&exchange->id, id);
        fprintf(history, ",\"id\":\"%s\"", id);
    }
    if (exchange->has_expected)
        fprintf(history, ",\"expected\":%" PRIu64, exchange->expected);
    if (exchange->dry_run)
        fputs(",\"dry\":true", history);
}

void exchange_record(FILE *history, uint32_t client, const struct exchange *exchange)
{
    const char *account = exchange->account[0] != 0 ? exchange->account : exchange->identifier;
    if (account[0] == 0)
        return;
    fprintf(history, "{\"client\":%u,\"aggregate\":\"%s\",\"op\":\"%s\"", client, account, exchange->command);
    asked_record(history, exchange);
    fprintf(history, ",\"start\":%" PRId64, exchange->start_ns);
    if (is_answered(exchange->status))
        fprintf(history, ",\"end\":%" PRId64, exchange->end_ns);
    fprintf(history, ",\"status\":\"%s\"", status_name(exchange->status));
    if (exchange->has_version)
        fprintf(history, ",\"version\":%" PRIu64, exchange->version);
    if (exchange->has_balance)
        fprintf(history, ",\"balance\":%" PRId64, exchange->balance);
    fputs("}\n", history);
}
