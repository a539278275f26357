/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Structured logs: one JSON object a line on standard error, with time, level, service, a stable message and fields.
 *
 *     LOG(warning, "claim refused", LOG_TEXT("unit", name), LOG_INTEGER("epoch", epoch));
 *
 * Thread-safe; a line is written whole, texts are cut at 1,024 bytes. Credentials never reach it: there is no way to
 * log a struct, only named values. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "proto/slice.h"

enum log_level { log_debug, log_info, log_warning, log_error };

struct log_field {
    const char *name;
    enum { LOG_FIELD_TEXT = 1, LOG_FIELD_INTEGER, LOG_FIELD_DOUBLE } kind;
    union {
        struct slice text;
        int64_t integer;
        double number;
    };
};

#define LOG_TEXT(NAME, VALUE) ((struct log_field){.name = (NAME), .kind = LOG_FIELD_TEXT, .text = slice_text(VALUE)})
#define LOG_SLICE(NAME, VALUE) ((struct log_field){.name = (NAME), .kind = LOG_FIELD_TEXT, .text = (VALUE)})
#define LOG_INTEGER(NAME, VALUE)                                                                                       \
    ((struct log_field){.name = (NAME), .kind = LOG_FIELD_INTEGER, .integer = (int64_t)(VALUE)})
#define LOG_DOUBLE(NAME, VALUE) ((struct log_field){.name = (NAME), .kind = LOG_FIELD_DOUBLE, .number = (VALUE)})
#define LOG(LEVEL, MESSAGE, ...)                                                                                       \
    log_write(log_##LEVEL, MESSAGE, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})

/* Once, at start. service names every line; below level nothing is written. */
void log_init(const char *service, enum log_level level);
/* fields end with a zeroed one. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);
bool log_level_find(const char *name, enum log_level *out);

#endif
