/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where settings come from: defaults, file, environment and command line, each laid over the one before. How one value
 * is parsed and printed is in settings_value.c, the
 * file in settings_file.c. */
#include "services/common/settings.h"

#include "services/common/settings_loading.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static size_t table_count(const struct settings_table *table)
{
    size_t count = 0;

    while (table->settings[count].name != NULL) {
        count++;
    }
    return count;
}

const struct setting *loading_find(const struct settings_table *table, const char *name, size_t size)
{
    for (const struct setting *setting = table->settings; setting->name != NULL; setting++) {
        if (strlen(setting->name) == size && memcmp(setting->name, name, size) == 0) {
            return setting;
        }
    }
    return NULL;
}

bool loading_once(const struct settings_table *table, const struct setting *setting)
{
    size_t size = strlen(setting->name);

    for (const char *at = table->once; at != NULL && *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
        if (strcspn(at, " ") == size && memcmp(at, setting->name, size) == 0) {
            return true;
        }
    }
    return false;
}

enum settings_outcome
loading_refuse(const struct loading *loading, const char *where, const char *name, const char *why)
{
    fprintf(stderr, "%s: %s%s%s: %s\n", loading->table->service, where, where[0] == '\0' ? "" : ": ", name, why);
    return SETTINGS_BAD;
}

enum settings_outcome loading_put(struct loading *loading,
                                  const struct setting *setting,
                                  const struct settings_source *source,
                                  const char *text,
                                  bool split)
{
    struct settings_source *now = &loading->sources[setting - loading->table->settings];
    char why[160];

    if (now->kind != source->kind) {
        setting_clear(setting, loading->values);
    }
    *now = *source;
    if (setting_parse(setting, text, split, loading->values, why, sizeof why)) {
        return SETTINGS_OK;
    }
    return loading_refuse(loading, source->where, setting->name, why);
}

static enum settings_outcome defaults_load(struct loading *loading)
{
    const struct settings_source source = {.kind = SETTINGS_FROM_DEFAULT, .where = "default"};
    enum settings_outcome outcome = SETTINGS_OK;

    for (const struct setting *setting = loading->table->settings; setting->name != NULL; setting++) {
        loading->sources[setting - loading->table->settings] = source;
        if (setting->fallback != NULL && outcome == SETTINGS_OK) {
            outcome = loading_put(loading, setting, &source, setting->fallback, true);
        }
    }
    return outcome;
}

static enum settings_outcome environment_load(struct loading *loading)
{
    enum settings_outcome outcome = SETTINGS_OK;

    for (const struct setting *setting = loading->table->settings; setting->name != NULL; setting++) {
        struct settings_source source = {.kind = SETTINGS_FROM_ENVIRONMENT};
        const char *text;

        setting_variable(setting, source.where, sizeof source.where);
        text = loading_once(loading->table, setting) ? NULL : getenv(source.where);
        if (text != NULL && text[0] != '\0' && outcome == SETTINGS_OK) {
            outcome = loading_put(loading, setting, &source, text, true);
        }
    }
    return outcome;
}

/* ---- the command line ---- */

/* "-" and "-5" are values, "--bus" and "-x" are not. */
static bool is_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0' && !isdigit((unsigned char)argument[1]);
}

static enum settings_outcome argument_put(struct loading *loading, const struct setting *setting, const char *text)
{
    struct settings_source source = {.kind = SETTINGS_FROM_ARGUMENT};

    snprintf(source.where, sizeof source.where, "command line");
    return loading_put(loading, setting, &source, text, false);
}

/* Takes the values that follow an option; *at is left on the last one. */
static enum settings_outcome
option_values(struct loading *loading, const struct setting *setting, int argc, char **argv, int *at)
{
    enum settings_outcome outcome;

    if (setting->kind == SETTING_BOOL || setting->kind == SETTING_CHOICE) {
        return argument_put(loading, setting, "true");
    }
    if (*at + 1 >= argc || (is_option(argv[*at + 1]) && setting->kind == SETTING_LIST)) {
        return loading_refuse(loading, "command line", argv[*at], "needs a value");
    }
    outcome = argument_put(loading, setting, argv[++*at]);
    while (outcome == SETTINGS_OK && setting->kind == SETTING_LIST && *at + 1 < argc && !is_option(argv[*at + 1])) {
        outcome = argument_put(loading, setting, argv[++*at]);
    }
    return outcome;
}

static enum settings_outcome option_load(struct loading *loading, int argc, char **argv, int *at)
{
    const char *argument = argv[*at], *name = argument + 2;
    size_t size = argument[1] == '-' ? strcspn(name, "=") : 0;
    const struct setting *setting = loading_find(loading->table, name, size);

    if (strcmp(argument, "--print-config") == 0) {
        loading->show = true;
        return SETTINGS_OK;
    }
    if (size == 6 && memcmp(name, "config", 6) == 0) {
        *at += name[size] == '=' ? 0 : 1; /* taken by settings_file */
        return *at < argc ? SETTINGS_OK : loading_refuse(loading, "command line", "--config", "needs a value");
    }
    if (setting == NULL || size == 0) {
        char shown[64]; /* what follows "=" may be a secret */

        snprintf(shown, sizeof shown, "%.*s", (int)strcspn(argument, "="), argument);
        return loading_refuse(loading, "", shown, "is not an option; --help lists them");
    }
    return name[size] == '=' ? argument_put(loading, setting, name + size + 1)
                             : option_values(loading, setting, argc, argv, at);
}

static enum settings_outcome rest_put(struct loading *loading, char *argument)
{
    struct setting_list *rest = loading->rest;
    char **items;

    if (rest == NULL) {
        return loading_refuse(loading, "", argument, "is one argument too many; --help shows the usage");
    }
    items = realloc(rest->items, (rest->count + 1) * sizeof *items);
    if (items == NULL) {
        return loading_refuse(loading, "", argument, error_text(error_no_memory));
    }
    rest->items = items;
    rest->items[rest->count++] = argument;
    return SETTINGS_OK;
}

static enum settings_outcome arguments_load(struct loading *loading, int argc, char **argv)
{
    enum settings_outcome outcome = SETTINGS_OK;
    bool options = true;

    for (int at = 1; outcome == SETTINGS_OK && at < argc; at++) {
        if (options && strcmp(argv[at], "--") == 0) {
            options = false;
        } else if (options && is_option(argv[at])) {
            outcome = option_load(loading, argc, argv, &at);
        } else {
            outcome = rest_put(loading, argv[at]);
        }
    }
    return outcome;
}

static bool arguments_have(int argc, char **argv, const char *wanted)
{
    for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++) {
        if (strcmp(argv[at], wanted) == 0) {
            return true;
        }
    }
    return false;
}

const char *settings_file(int argc, char **argv)
{
    const char *path = getenv("FLUVIUS_CONFIG");

    for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++) {
        if (strncmp(argv[at], "--config=", 9) == 0) {
            path = argv[at] + 9;
        } else if (strcmp(argv[at], "--config") == 0 && at + 1 < argc) {
            path = argv[++at];
        }
    }
    return path;
}

static enum settings_outcome all_load(struct loading *loading, int argc, char **argv)
{
    enum settings_outcome outcome = defaults_load(loading);

    loading->config = settings_file(argc, argv);
    if (outcome == SETTINGS_OK) {
        outcome = loading_file(loading);
    }
    if (outcome == SETTINGS_OK) {
        outcome = environment_load(loading);
    }
    return outcome == SETTINGS_OK ? arguments_load(loading, argc, argv) : outcome;
}

enum settings_outcome
settings_load(const struct settings_table *table, int argc, char **argv, void *out, struct setting_list *rest)
{
    struct loading loading = {.table = table, .values = out, .rest = rest};
    enum settings_outcome outcome;

    if (arguments_have(argc, argv, "--help") || arguments_have(argc, argv, "-h")) {
        settings_help(table);
        return SETTINGS_HELP;
    }
    if (arguments_have(argc, argv, "--version") && loading_find(table, "version", strlen("version")) == NULL) {
        printf("%s %s\n", table->service, FLUVIUS_VERSION);
        return SETTINGS_HELP;
    }
    loading.sources = calloc(table_count(table) + 1, sizeof *loading.sources);
    if (loading.sources == NULL) {
        return loading_refuse(&loading, "", "settings", error_text(error_no_memory));
    }
    outcome = all_load(&loading, argc, argv);
    if (outcome == SETTINGS_OK && loading.show) {
        settings_show(table, out, loading.sources);
        outcome = SETTINGS_HELP;
    }
    free(loading.sources);
    return outcome;
}

void settings_free(const struct settings_table *table, void *settings)
{
    for (const struct setting *setting = table->settings; setting->name != NULL; setting++) {
        setting_clear(setting, settings);
    }
}
