/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The loading of settings while it goes on; for settings.c and settings_file.c alone. */
#ifndef COMMON_SETTINGS_LOADING_H
#define COMMON_SETTINGS_LOADING_H

#include "services/common/settings_value.h"

struct loading {
    const struct settings_table *table;
    void *values;
    struct settings_source *sources; /* one for each setting */
    struct setting_list *rest;
    const char *config; /* path of the file, or NULL */
    bool show;          /* --print-config */
};

/* Prints a line that names the fault. */
enum settings_outcome
loading_refuse(const struct loading *loading, const char *where, const char *name, const char *why);
/* Parses text and lays it over what is there. split: a list's items are separated by commas. */
enum settings_outcome loading_put(struct loading *loading,
                                  const struct setting *setting,
                                  const struct settings_source *source,
                                  const char *text,
                                  bool split);
/* The setting of that name, or NULL. */
const struct setting *loading_find(const struct settings_table *table, const char *name, size_t size);
/* May only the command line set it? */
bool loading_once(const struct settings_table *table, const struct setting *setting);
/* Lays the file's settings over what is there. */
enum settings_outcome loading_file(struct loading *loading);

#endif
