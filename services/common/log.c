/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The logger. A line is built in memory of its own and handed to the kernel in one write, so no lock is needed. What
 * comes from outside may be any bytes; what is written is always valid JSON in UTF-8. */
#include "services/common/log.h"

#include "proto/json.h"
#include "proto/utf8.h"
#include "services/common/process.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 1024

/* Written by log_init before there are other threads; only read afterwards. */
static const char *log_service = "fluvius";
static enum log_level log_lowest = log_info;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_init(const char *service, enum log_level level)
{
    log_service = service;
    log_lowest = level;
}

bool log_level_find(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* Appends text, cut at TEXT_MAX, with '?' for bytes that are no UTF-8. */
static void text_append(struct buffer *out, struct slice text)
{
    size_t size = text.size < TEXT_MAX ? text.size : TEXT_MAX, done = 0;
    uint8_t clean[TEXT_MAX];

    if (size > 0) {
        memcpy(clean, text.data, size);
    }
    while ((done += utf8_valid_size(slice_of(clean + done, size - done))) < size) {
        clean[done] = '?';
    }
    json_quote(out, slice_of(clean, size));
}

static void member_append(struct buffer *out, const char *name)
{
    buffer_append_text(out, ",");
    text_append(out, slice_text(name));
    buffer_append_text(out, ":");
}

static void field_append(struct buffer *out, const struct log_field *field)
{
    member_append(out, field->name);
    if (field->kind == LOG_FIELD_TEXT) {
        text_append(out, field->text);
    } else if (field->kind == LOG_FIELD_INTEGER) {
        buffer_printf(out, "%" PRId64, field->integer);
    } else if (isfinite(field->number)) {
        buffer_printf(out, "%.6g", field->number);
    } else {
        buffer_append_text(out, "null");
    }
}

static void time_append(struct buffer *out)
{
    int64_t now_us = clock_wall_us();
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm parts;
    char text[32];

    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    buffer_printf(out, "{\"time\":\"%s.%06dZ\"", text, (int)(now_us % 1000000));
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    struct buffer line = {0};

    if (level < log_lowest) {
        return;
    }
    time_append(&line);
    buffer_printf(&line, ",\"level\":\"%s\"", level_names[level]);
    member_append(&line, "service");
    text_append(&line, slice_text(log_service));
    member_append(&line, "message");
    text_append(&line, slice_text(message));
    for (const struct log_field *field = fields; field->name != NULL; field++) {
        field_append(&line, field);
    }
    buffer_append_text(&line, "}\n");
    if (!line.failed) {
        ssize_t written = write(STDERR_FILENO, line.data, line.size);

        (void)written; /* nobody is left to be told */
    }
    buffer_fini(&line);
}
