/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Settings as one table a service: each has a name, a type, a default and a line of help. A value comes from, highest
 * first: the command line (--bus URL or --bus=URL), the environment (FLUVIUS_BUS; an empty variable counts as unset), a
 * file, the default. A bad value is refused, naming the setting and where it came from.
 *
 * The file ("--config FILE" or FLUVIUS_CONFIG) has a line each, "bus = URL", and # comments. Lines under a heading
 * "[fluvius-broker]" are for that service alone, and a name that it does not have is refused; lines before the first
 * heading are for every service that has the name. */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "proto/error.h"
#include "proto/writer.h"

enum setting_kind {
    SETTING_TEXT = 1, /* char *; NULL when there is neither value nor default */
    SETTING_SECRET,   /* char *, likewise; printed as ***; file:PATH: the first line of that file */
    SETTING_INTEGER,  /* int64_t, min..max */
    SETTING_BOOL,     /* bool; --name alone means true */
    SETTING_CHOICE,   /* enum setting_choice, for a bool whose default somebody else has; --name alone means true */
    SETTING_LIST,     /* struct setting_list; --name VALUE..., repeated; separated by commas elsewhere */
};

enum setting_choice { CHOICE_NONE = 0, CHOICE_TRUE, CHOICE_FALSE };

struct setting_list {
    char **items;
    size_t count;
};

struct setting {
    const char *name; /* "max-in-flight": --max-in-flight, FLUVIUS_MAX_IN_FLIGHT, max-in-flight = */
    enum setting_kind kind;
    size_t offset;        /* of the value in the service's settings struct */
    const char *fallback; /* default, as text; NULL: none */
    int64_t min, max;     /* integers; both 0: no limits */
    const char *help;     /* "where clients connect" */
};

/* The last entry of a table has name NULL. */
struct settings_table {
    const char *service, *usage, *doc; /* "fluvius-broker", "[options]", one sentence for --help */
    const struct setting *settings;
    const char *once; /* names, with spaces between, that only the command line may set; NULL: none */
};

enum settings_outcome { SETTINGS_OK = 0, SETTINGS_HELP, SETTINGS_BAD };

/* Fills *out (zeroed by the caller; settings_free it, whatever the outcome). Arguments that are not options are left in
 * rest, also all that follow "--" (rest may be NULL: then they are refused; its items point into argv, free only
 * rest->items). argv[0] is skipped.
 *
 * Every service also has --help, --version (where no setting has that name) and --print-config, which prints each
 * setting's effective value (secrets as
 * ***) and where it came from; these are SETTINGS_HELP: the caller exits with 0. SETTINGS_BAD: a line
 * that names the fault was printed to standard error; the caller exits with 2. */
enum settings_outcome
settings_load(const struct settings_table *table, int argc, char **argv, void *out, struct setting_list *rest);
/* The path of the file that settings_load would read, or NULL; a view into argv or the environment. */
const char *settings_file(int argc, char **argv);
void settings_free(const struct settings_table *table, void *settings);

#endif
