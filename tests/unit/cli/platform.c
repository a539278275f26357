/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * DATA/fluvius.json: what is written is what is read. */
#include "services/cli/platform.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct platform example = {.http = "http://127.0.0.1:8080",
                                        .bus = "tcp://127.0.0.1:7410",
                                        .events = "tcp://127.0.0.1:7411",
                                        .processes = {{"broker", 11}, {"shard-0", 12}, {"gateway", 0}},
                                        .count = 3};

#define EXAMPLE_JSON                                                                                                   \
    "{\"ready\":true,\"http\":\"http://127.0.0.1:8080\",\"bus\":\"tcp://127.0.0.1:7410\","                             \
    "\"events\":\"tcp://127.0.0.1:7411\",\"pids\":{\"broker\":11,\"shard-0\":12,\"gateway\":0}}"

Test(platform, is_printed_as_one_json_object)
{
    struct buffer text = {0};

    platform_print(&example, &text);
    cr_assert(slice_is(buffer_slice(&text), EXAMPLE_JSON), "%.*s", (int)text.size, (char *)text.data);
    buffer_fini(&text);
}

Test(platform, is_read_back)
{
    struct platform platform = {0};

    cr_assert_eq(platform_parse(slice_text(EXAMPLE_JSON), &platform), error_none);
    cr_assert_str_eq(platform.http, example.http);
    cr_assert_str_eq(platform.bus, example.bus);
    cr_assert_str_eq(platform.events, example.events);
    cr_assert_eq(platform.count, 3);
    cr_assert_str_eq(platform.processes[1].name, "shard-0");
    cr_assert_eq(platform.processes[1].pid, 12);
}

Test(platform, other_texts_are_refused_and_change_nothing)
{
    static const char *const texts[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"http\":1}",
                                        "{\"ready\":true",
                                        "{\"http\":\"a\",\"bus\":\"b\",\"events\":\"c\"}",
                                        "{\"http\":\"a\",\"bus\":\"b\",\"events\":\"c\",\"pids\":{\"x\":-1}}",
                                        "{\"http\":\"a\",\"bus\":\"b\",\"events\":\"c\",\"pids\":{\"x\":\"y\"}}"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct platform platform = {.count = 7};

        cr_expect_eq(platform_parse(slice_text(texts[i]), &platform), error_bad_json, "%s", texts[i]);
        cr_expect_eq(platform.count, 7);
    }
}

Test(platform, the_file_is_written_read_and_removed)
{
    char directory[] = "/tmp/fluvius-platform-XXXXXX";
    struct platform platform;

    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(platform_read(directory, &platform), error_not_found);
    cr_assert_eq(platform_write(directory, &example), error_none);
    cr_assert_eq(platform_read(directory, &platform), error_none);
    cr_assert_str_eq(platform.bus, example.bus);
    platform_remove(directory);
    cr_assert_eq(platform_read(directory, &platform), error_not_found);
    cr_assert_eq(rmdir(directory), 0, "nothing else was left");
    cr_assert_eq(platform_write(directory, &example), error_io);
}
