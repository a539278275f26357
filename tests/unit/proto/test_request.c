/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests: what each operation needs, defaults and caps, and that a fault names its field. */
#include "proto/envelope.h"
#include "tests/unit/proto/compose.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

static const char id_hex[] = "c410 0193f5c500007abc8def0123456789ab";

/* Decodes a map of the given entries: {key, value in hex}... */
#define DECODE(OUT, FAULT, ...) request_decode(compose_map((const char *const[]){__VA_ARGS__, NULL}), OUT, FAULT)

#define COMMAND "id", id_hex, "ns", "a462616e6b", "cmd", "a76465706f736974", "res", "a76163636f756e74"

Test(request, whole_command_is_decoded)
{
    struct request request;
    struct slice raw = compose_map((const char *const[]){"op",
                                                         "a7 636f6d6d616e64",
                                                         COMMAND,
                                                         "agg",
                                                         "a2 6131",
                                                         "data",
                                                         "81 a6 616d6f756e74 05",
                                                         "exp",
                                                         "03",
                                                         "ms",
                                                         "cd 01f4",
                                                         "dry",
                                                         "c3",
                                                         "tp",
                                                         "a2 3030",
                                                         "tok",
                                                         "a1 78",
                                                         NULL});
    cr_assert_eq(request_decode(raw, &request, NULL), error_none);
    cr_expect_eq(request.operation, operation_command);
    cr_expect(request.has_id);
    cr_expect_eq(request.id.bytes[15], 0xab);
    cr_expect(slice_is(request.namespace, "bank"));
    cr_expect(slice_is(request.command, "deposit"));
    cr_expect(slice_is(request.resource, "account"));
    cr_expect(slice_is(request.identifier, "a1"));
    cr_expect_str_eq(to_hex(request.data), "81a6616d6f756e7405");
    cr_expect(request.has_expected);
    cr_expect_eq(request.expected, 3);
    cr_expect_eq(request.deadline_ms, 500);
    cr_expect(request.dry_run);
    cr_expect(slice_is(request.traceparent, "00"));
    cr_expect(slice_is(request.token, "x"));
    cr_expect(slice_equal(request.raw, raw));
}

Test(request, what_is_absent_takes_its_default)
{
    struct request request;
    cr_assert_eq(DECODE(&request, NULL, COMMAND), error_none);
    cr_expect_eq(request.operation, operation_command);
    cr_expect_str_eq(to_hex(request.data), "80");
    cr_expect_not(request.has_expected);
    cr_expect_not(request.dry_run);
    cr_expect_eq(request.identifier.size, 0);
    cr_expect_eq(request.token.size, 0);
    cr_expect_eq(request.deadline_ms, limit_deadline_ms);
    cr_expect_eq(request.limit, limit_page_default);
    cr_expect_eq(request.from, 0);
    cr_expect_eq(request.at_version, -1);
    cr_expect_eq(request.partition, -1);
}

Test(request, large_deadline_and_page_are_capped)
{
    struct request request;
    cr_assert_eq(DECODE(&request, NULL, COMMAND, "ms", "cf ffffffffffffffff", "n", "ce 000f4240"), error_none);
    cr_expect_eq(request.deadline_ms, limit_deadline_max_ms);
    cr_expect_eq(request.limit, limit_page_limit);
    cr_assert_eq(DECODE(&request, NULL, COMMAND, "ms", "00", "n", "01"), error_none);
    cr_expect_eq(request.deadline_ms, 0);
    cr_expect_eq(request.limit, 1);
}

Test(request, unknown_keys_are_ignored_whatever_they_hold)
{
    struct request request;
    cr_assert_eq(
        DECODE(&request, NULL, "later", "82 a161 93010203 a162 c0", COMMAND, "idx", "c0", "i", "01", "x", "a3616263"),
        error_none);
    cr_expect(slice_is(request.command, "deposit"));
}

Test(request, keys_may_come_in_any_order)
{
    struct request request;
    cr_assert_eq(DECODE(&request, NULL, "res", "a172", "exp", "00", "cmd", "a163", "id", id_hex, "ns", "a16e"),
                 error_none);
    cr_expect(slice_is(request.resource, "r"));
    cr_expect(slice_is(request.command, "c"));
    cr_expect(slice_is(request.namespace, "n"));
    cr_expect_eq(request.expected, 0);
}

static void expect_fault(struct slice value, enum error error, const char *field)
{
    struct request request = {.deadline_ms = 4711};
    struct envelope_fault fault = {.field = "none"};
    enum error got = request_decode(value, &request, &fault);
    cr_expect_eq(got, error, "%s: got %s", to_hex(value), error_name(got));
    cr_expect_eq(fault.error, error);
    cr_expect_str_eq(fault.field, field, "%s: got %s", to_hex(value), fault.field);
    cr_expect_eq(request.deadline_ms, 4711);
    cr_expect_eq(request_decode(value, &request, NULL), error);
}

#define EXPECT_FAULT(ERROR, FIELD, ...)                                                                                \
    expect_fault(compose_map((const char *const[]){__VA_ARGS__, NULL}), ERROR, FIELD)

Test(request, each_operation_says_what_it_misses)
{
    EXPECT_FAULT(error_missing_field, "id", "ns", "a16e");
    EXPECT_FAULT(error_missing_field, "ns", "id", id_hex, "cmd", "a163", "res", "a172");
    EXPECT_FAULT(error_missing_field, "cmd", "id", id_hex, "ns", "a16e", "res", "a172");
    EXPECT_FAULT(error_missing_field, "res", "id", id_hex, "ns", "a16e", "cmd", "a163");
    EXPECT_FAULT(error_missing_field, "ns", "op", "a5 7374617465", "res", "a172", "agg", "a161");
    EXPECT_FAULT(error_missing_field, "res", "op", "a5 7374617465", "ns", "a16e", "agg", "a161");
    EXPECT_FAULT(error_missing_field, "agg", "op", "a5 7374617465", "ns", "a16e", "res", "a172");
    EXPECT_FAULT(error_missing_field, "agg", "op", "a6 6576656e7473", "ns", "a16e", "res", "a172");
    EXPECT_FAULT(error_missing_field, "p", "op", "a3 6c6f67");
    EXPECT_FAULT(error_missing_field, "ns", "op", "a5 7175657279", "res", "a172");
    EXPECT_FAULT(error_missing_field, "res", "op", "a5 7175657279", "ns", "a16e");
    expect_fault(hex("80"), error_missing_field, "id");
}

Test(request, operations_that_need_nothing_else)
{
    static const char *const operations[] = {
        "a8 6465736372696265", "a6 6865616c7468", "a7 6d657472696373", "a6 6c697374656e"};
    static const enum operation expected[] = {
        operation_describe, operation_health, operation_metrics, operation_listen};
    for (size_t i = 0; i < 4; i++) {
        struct request request;
        cr_expect_eq(DECODE(&request, NULL, "op", operations[i]), error_none);
        cr_expect_eq(request.operation, expected[i]);
    }
}

Test(request, log_and_events_take_a_range)
{
    struct request request;
    cr_assert_eq(DECODE(&request, NULL, "op", "a3 6c6f67", "p", "cc ff", "from", "cd 1000", "n", "64"), error_none);
    cr_expect_eq(request.partition, 255);
    cr_expect_eq(request.from, 4096);
    cr_expect_eq(request.limit, 100);
    cr_assert_eq(DECODE(&request, NULL, "op", "a5 7374617465", "ns", "a16e", "res", "a172", "agg", "a161", "ver", "07"),
                 error_none);
    cr_expect_eq(request.at_version, 7);
}

Test(request, mistyped_fields_are_named)
{
    static const char *const keys[] = {
        "op", "id", "ns", "cmd", "res", "agg", "data", "exp", "ms", "dry", "tp", "tok", "ver", "p", "from", "n"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        EXPECT_FAULT(error_bad_type, keys[i], keys[i], "c0");
        EXPECT_FAULT(error_bad_type, keys[i], keys[i], "91 01");
    }
    EXPECT_FAULT(error_bad_type, "data", COMMAND, "data", "90");
    EXPECT_FAULT(error_bad_type, "id", "id", "a3 616263");
    EXPECT_FAULT(error_bad_type, "exp", "exp", "cb 3ff0000000000000");
}

Test(request, values_out_of_range_are_named)
{
    static const char *const negatives[] = {"exp", "ms", "ver", "p", "from", "n"};
    for (size_t i = 0; i < sizeof negatives / sizeof *negatives; i++) {
        EXPECT_FAULT(error_out_of_range, negatives[i], negatives[i], "ff");
        EXPECT_FAULT(error_out_of_range, negatives[i], negatives[i], "d3 8000000000000000");
    }
    EXPECT_FAULT(error_out_of_range, "n", "n", "00");
    EXPECT_FAULT(error_out_of_range, "exp", "exp", "cf 8000000000000000");
    EXPECT_FAULT(error_out_of_range, "ver", "ver", "cf ffffffffffffffff");
    EXPECT_FAULT(error_out_of_range, "p", "p", "cf 0000000100000000");
    EXPECT_FAULT(error_out_of_range, "op", "op", "a7 436f6d6d616e64");
    EXPECT_FAULT(error_out_of_range, "op", "op", "a0");
}

Test(request, id_must_have_16_bytes)
{
    EXPECT_FAULT(error_bad_uuid, "id", "id", "c40f 0193f5c500007abc8def01234567 89");
    EXPECT_FAULT(error_bad_uuid, "id", "id", "c411 0193f5c500007abc8def0123456789abcd");
    EXPECT_FAULT(error_bad_uuid, "id", "id", "c400");
}

Test(request, bad_identifiers_are_named)
{
    static const char *const keys[] = {"ns", "cmd", "res", "agg"};
    static const char *const bad[] = {"a0", "a1 00", "a2 610a", "a1 7f", "a3 612f62", "a4 3a6e6577", "a2 7e78"};
    static char text[258];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            EXPECT_FAULT(error_bad_identifier, keys[i], keys[i], bad[k]);
        }
    }
    struct buffer value = {0};
    memset(text, 'x', sizeof text);
    write_map(&value, 1);
    write_string(&value, "agg");
    write_text(&value, slice_of(text, 257));
    expect_fault(buffer_slice(&value), error_bad_identifier, "agg");
    buffer_clear(&value);
    write_map(&value, 1);
    write_string(&value, "tp");
    write_text(&value, slice_of(text, 257));
    expect_fault(buffer_slice(&value), error_too_long, "tp");
    buffer_fini(&value);
}

Test(request, a_scope_is_a_map_and_absent_unless_it_is_given)
{
    struct request request;
    cr_assert_eq(DECODE(&request, NULL, COMMAND), error_none);
    cr_expect_eq(request.scope.size, 0);
    cr_assert_eq(DECODE(&request, NULL, COMMAND, "scope", "81 a162 a137"), error_none);
    cr_expect_str_eq(to_hex(request.scope), "81a162a137");
    EXPECT_FAULT(error_bad_type, "scope", COMMAND, "scope", "a162");
}

Test(request, what_is_no_map_is_at_fault_as_a_whole)
{
    expect_fault(hex("90"), error_bad_type, "");
    expect_fault(hex("c0"), error_bad_type, "");
    expect_fault(hex("a1 61"), error_bad_type, "");
}

static void expect_round_trip(const struct request *request)
{
    struct buffer first = {0}, second = {0};
    struct request decoded;
    request_encode(&first, request);
    cr_assert_eq(msgpack_check(buffer_slice(&first), NULL), error_none);
    cr_assert_eq(request_decode(buffer_slice(&first), &decoded, NULL), error_none);
    cr_expect_eq(decoded.operation, request->operation);
    cr_expect_eq(decoded.deadline_ms, request->deadline_ms);
    cr_expect_eq(decoded.at_version, request->at_version);
    cr_expect_eq(decoded.partition, request->partition);
    cr_expect_eq(decoded.from, request->from);
    cr_expect_eq(decoded.limit, request->limit);
    cr_expect_eq(decoded.has_expected, request->has_expected);
    cr_expect_eq(decoded.expected, request->expected);
    cr_expect_eq(decoded.dry_run, request->dry_run);
    cr_expect(slice_equal(decoded.data, request->data));
    cr_expect(slice_equal(decoded.scope, request->scope));
    cr_expect(slice_equal(decoded.identifier, request->identifier));
    request_encode(&second, &decoded);
    cr_expect(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    buffer_fini(&first);
    buffer_fini(&second);
}

Test(request, encoded_requests_decode_to_themselves)
{
    struct request command = request_of(operation_command), state = request_of(operation_state),
                   log = request_of(operation_log);
    command.has_id = true;
    command.id = uuid_v7(1, (const uint8_t[10]){0});
    command.namespace = slice_text("bank");
    command.command = slice_text("open");
    command.resource = slice_text("account");
    expect_round_trip(&command);
    command.identifier = slice_text("a1");
    command.data = hex("81 a161 01");
    command.scope = hex("81 a162 a137");
    command.has_expected = true;
    command.expected = INT64_MAX;
    command.dry_run = true;
    command.deadline_ms = limit_deadline_max_ms;
    command.traceparent = slice_text("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    command.token = slice_text("secret");
    expect_round_trip(&command);
    command.deadline_ms = 0;
    expect_round_trip(&command);
    state.namespace = slice_text("n");
    state.resource = slice_text("r");
    state.identifier = slice_text("i");
    expect_round_trip(&state);
    state.at_version = 0;
    expect_round_trip(&state);
    log.partition = 0;
    expect_round_trip(&log);
    log.partition = 255;
    log.from = UINT64_MAX;
    log.limit = limit_page_limit;
    expect_round_trip(&log);
}

Test(request, fields_of_other_operations_are_not_written)
{
    struct request request = request_of(operation_health);
    struct buffer out = {0};
    request.at_version = 3, request.partition = 4, request.from = 5, request.limit = 6;
    request_encode(&out, &request);
    cr_expect_str_eq(to_hex(buffer_slice(&out)), to_hex(hex("81 a2 6f70 a6 6865616c7468")));
    buffer_fini(&out);
}
