/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Settings as one table a service: each has a name, a type, a default and a line of help. A value comes from, highest
 * first: the command line (--bus URL), the environment (FLUVIUS_BUS), the file (bus = URL, a line each, # comments),
 * the default. A bad value is refused, naming the setting and where it came from. */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "proto/error.h"
#include "proto/writer.h"

enum setting_kind {
    SETTING_TEXT = 1, /* char * */
    SETTING_SECRET,   /* char *; printed as *** */
    SETTING_INTEGER,  /* int64_t, min..max */
    SETTING_BOOL,     /* bool; --name alone means true */
    SETTING_LIST,     /* struct setting_list; repeated --name VALUE..., or separated by commas elsewhere */
};

struct setting_list {
    char **items;
    size_t count;
};

struct setting {
    const char *name; /* "max-in-flight": --max-in-flight, FLUVIUS_MAX_IN_FLIGHT, max-in-flight = */
    enum setting_kind kind;
    size_t offset;        /* of the value in the service's settings struct */
    const char *fallback; /* default, as text; NULL: empty */
    int64_t min, max;     /* integers */
    const char *help;     /* "where clients connect" */
};

/* The last entry of a table has name NULL. */
struct settings_table {
    const char *service, *usage, *doc; /* "fluvius-broker", "[options]", one sentence for --help */
    const struct setting *settings;
};

enum settings_outcome { SETTINGS_OK = 0, SETTINGS_HELP, SETTINGS_BAD };

/* Fills *out (zeroed by the caller). Arguments that are not options are left in rest (may be NULL: then refused).
 * "--config FILE" and FLUVIUS_CONFIG name the file. SETTINGS_HELP: help was asked for and printed. SETTINGS_BAD: a line
 * that names the fault was printed to standard error; the caller exits with 2. */
enum settings_outcome settings_load(const struct settings_table *table, int argc, char **argv, void *out,
                                    struct setting_list *rest);
void settings_free(const struct settings_table *table, void *settings);
/* Prints every setting, its effective value and where it came from; secrets as ***. */
void settings_print(const struct settings_table *table, const void *settings, struct buffer *out);

#endif
