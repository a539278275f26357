/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Log lines: whole, valid JSON, nothing below the level. */
#include "services/common/log.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* Calls log_write with standard error in a pipe; gives what was written from "level" on. */
static const char *line_of(enum log_level level, const char *message, const struct log_field *fields)
{
    static char line[8192];
    int pipes[2], saved = dup(STDERR_FILENO);
    ssize_t size;
    char *from;

    cr_assert_eq(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    log_write(level, message, fields);
    dup2(saved, STDERR_FILENO);
    close(pipes[1]);
    size = read(pipes[0], line, sizeof line - 1);
    close(pipes[0]);
    close(saved);
    line[size] = '\0';
    from = strstr(line, "\"level\"");
    return from == NULL ? line : from;
}

static const char *text_line(struct slice text)
{
    const struct log_field fields[] = {LOG_SLICE("text", text), {0}};

    return line_of(log_info, "m", fields);
}

Test(log, a_line_has_level_service_message_and_fields)
{
    const struct log_field fields[] = {
        LOG_TEXT("unit", "u1"), LOG_INTEGER("epoch", -7), LOG_DOUBLE("share", 0.25), LOG_TEXT("none", NULL), {0}};

    log_init("fluvius-shard", log_info);
    cr_assert_str_eq(line_of(log_warning, "claim \"refused\"", fields),
                     "\"level\":\"warning\",\"service\":\"fluvius-shard\",\"message\":\"claim \\\"refused\\\"\","
                     "\"unit\":\"u1\",\"epoch\":-7,\"share\":0.25,\"none\":\"\"}\n");
}

Test(log, time_is_utc_with_microseconds)
{
    const struct log_field none[] = {{0}};
    const char *line = line_of(log_error, "m", none);
    int year, month, day, hour, minute, second, fraction;

    while (line[-1] != '{') {
        line--;
    }
    cr_assert_eq(
        sscanf(
            line, "\"time\":\"%4d-%2d-%2dT%2d:%2d:%2d.%6dZ\"", &year, &month, &day, &hour, &minute, &second, &fraction),
        7);
}

Test(log, nothing_below_the_level_is_written)
{
    const struct log_field none[] = {{0}};

    log_init("x", log_warning);
    cr_assert_str_eq(line_of(log_info, "m", none), "");
    cr_assert_str_neq(line_of(log_warning, "m", none), "");
}

Test(log, bytes_that_are_no_utf8_become_question_marks)
{
    log_init("x", log_info);
    cr_assert_not_null(strstr(text_line(slice_of("a\xff\xc3(\xe2\x82", 6)),
                              "\"text\":\"a?"
                              "?(?"
                              "?\"}"));
    cr_assert_not_null(strstr(text_line(slice_text("Zürich €")), "\"text\":\"Zürich €\"}"));
}

Test(log, control_characters_are_escaped_so_that_a_line_stays_a_line)
{
    const char *line;

    log_init("x", log_info);
    line = text_line(slice_of("a\n\0b", 4));
    cr_assert_eq(strchr(line, '\n'), line + strlen(line) - 1);
    cr_assert_not_null(strstr(line, "\"text\":\"a\\n\\u0000b\"}"));
}

Test(log, long_texts_are_cut)
{
    char text[5000];

    log_init("x", log_info);
    memset(text, 'x', sizeof text);
    cr_assert_lt(strlen(text_line(slice_of(text, sizeof text))), 1200);
}

Test(log, numbers_that_json_does_not_have_become_null)
{
    const struct log_field fields[] = {LOG_DOUBLE("number", NAN), {0}};

    log_init("x", log_info);
    cr_assert_not_null(strstr(line_of(log_info, "m", fields), "\"number\":null}"));
}

Test(log, levels_are_found_by_name)
{
    enum log_level level = log_debug;

    cr_assert(log_level_find("error", &level));
    cr_assert_eq(level, log_error);
    cr_assert_not(log_level_find("loud", &level));
    cr_assert_eq(level, log_error);
}
