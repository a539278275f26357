/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Replies and records as a person reads them. */
#include "services/cli/show.h"

#include <criterion/criterion.h>

static const struct uuid id = {{0x01, 0x98, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x01}};
#define ID_TEXT "01980000-0000-7000-8000-000000000001"

static void shows(struct buffer *text, const char *expected)
{
    cr_assert(slice_is(buffer_slice(text), expected), "%.*s", (int)text->size, (char *)text->data);
    buffer_fini(text);
}

Test(show, a_reply_has_only_what_is_there)
{
    struct reply reply = {.status = status_ok};
    struct buffer text = {0};

    show_reply(&text, &reply);
    shows(&text, "{\"status\":\"ok\"}");
}

Test(show, a_reply_has_all_that_is_there)
{
    struct buffer text = {0}, data = {0}, faults = {0};
    struct reply reply = {.status = status_invalid,
                          .id = id,
                          .has_id = true,
                          .version = 3,
                          .has_version = true,
                          .position = slice_text("a:1.2"),
                          .identifier = slice_text("ada"),
                          .code = slice_text("invalid_data"),
                          .message = slice_text("say \"please\""),
                          .retry_ms = 50};
    struct fault fault = {slice_text("/amount"), slice_text("below_minimum"), slice_text("at least 1")};

    write_map(&data, 1);
    write_string(&data, "n");
    write_integer(&data, 1);
    write_array(&faults, 1);
    fault_encode(&faults, &fault);
    reply.data = buffer_slice(&data);
    reply.faults = buffer_slice(&faults);
    show_reply(&text, &reply);
    shows(&text,
          "{\"status\":\"invalid\",\"id\":\"" ID_TEXT "\",\"version\":3,\"position\":\"a:1.2\",\"identifier\":\"ada\","
          "\"code\":\"invalid_data\",\"message\":\"say \\\"please\\\"\",\"errors\":[{\"path\":\"/amount\",\"code\":"
          "\"below_minimum\",\"message\":\"at least 1\"}],\"retry_ms\":50,\"data\":{\"n\":1}}");
    buffer_fini(&data);
    buffer_fini(&faults);
}

static struct record example(struct slice data)
{
    return (struct record){
        .partition = 3,
        .schema = 1,
        .seq = 9,
        .version = 2,
        .time_us = INT64_C(1700000000000123),
        .stream = {slice_text("default"), slice_text("bank"), slice_text("account"), slice_text("ada")},
        .event = slice_text("deposited"),
        .data = data,
        .command = slice_text("deposit"),
        .user = slice_text("anonymous"),
        .id = id,
        .has_status = true,
        .status = status_ok};
}

Test(show, an_event_is_one_object)
{
    static const uint8_t empty_map[] = {0x80};
    struct record record = example(slice_of(empty_map, 1));
    struct buffer text = {0};

    show_record(&text, &record, false);
    shows(&text,
          "{\"version\":2,\"type\":\"deposited\",\"schema\":1,\"time\":\"2023-11-14T22:13:20.000123Z\",\"data\":{},"
          "\"command\":\"deposit\",\"command_id\":\"" ID_TEXT "\",\"user\":\"anonymous\",\"status\":\"ok\","
          "\"partition\":3,\"seq\":9}");
}

Test(show, a_record_of_the_log_names_its_stream_and_may_have_no_event)
{
    struct record record = example((struct slice){0});
    struct buffer text = {0};

    record.event = (struct slice){0};
    record.status = status_rejected;
    show_record(&text, &record, true);
    shows(&text,
          "{\"version\":2,\"time\":\"2023-11-14T22:13:20.000123Z\",\"realm\":\"default\",\"namespace\":\"bank\","
          "\"resource\":\"account\",\"identifier\":\"ada\",\"command\":\"deposit\",\"command_id\":\"" ID_TEXT "\","
          "\"user\":\"anonymous\",\"status\":\"rejected\",\"partition\":3,\"seq\":9}");
}
