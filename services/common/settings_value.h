/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One setting's value: parsing, clearing and printing; for settings.c alone. */
#ifndef COMMON_SETTINGS_VALUE_H
#define COMMON_SETTINGS_VALUE_H

#include "services/common/settings.h"

struct settings_source {
    enum { SETTINGS_FROM_DEFAULT = 1, SETTINGS_FROM_FILE, SETTINGS_FROM_ENVIRONMENT, SETTINGS_FROM_ARGUMENT } kind;
    char where[256]; /* "default", "FILE:LINE", "FLUVIUS_BUS", "command line" */
};

/* Puts text into the setting's place in values; a list grows by it. On failure why says what is wrong with it. */
bool setting_parse(
    const struct setting *setting, const char *text, bool split, void *values, char *why, size_t why_size);
/* Frees the value and leaves NULL, 0, false or an empty list. */
void setting_clear(const struct setting *setting, void *values);
/* "FLUVIUS_MAX_IN_FLIGHT" */
void setting_variable(const struct setting *setting, char *out, size_t size);

/* These print to standard output. */
void settings_help(const struct settings_table *table);
void settings_show(const struct settings_table *table, const void *values, const struct settings_source *sources);

#endif
