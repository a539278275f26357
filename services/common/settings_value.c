/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One setting's value, by kind. A value lies at an offset in the service's own struct, so that the service reads plain
 * members. Secrets are never printed, not even in a complaint about them. */
#include "services/common/settings_value.h"

#include "services/common/secret_file.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void *place(const struct setting *setting, void *values)
{
    return (char *)values + setting->offset;
}

static const void *place_const(const struct setting *setting, const void *values)
{
    return (const char *)values + setting->offset;
}

static bool fail(char *why, size_t size, const char *text)
{
    snprintf(why, size, "%s", text);
    return false;
}

static void text_clear(char **value, bool secret)
{
    if (*value != NULL && secret) {
        explicit_bzero(*value, strlen(*value));
    }
    free(*value);
    *value = NULL;
}

static bool text_parse(char **value, const char *text, char *why, size_t size)
{
    char *copy = strdup(text);

    if (copy == NULL) {
        return fail(why, size, error_text(error_no_memory));
    }
    free(*value);
    *value = copy;
    return true;
}

static bool secret_parse(char **value, const char *text, char *why, size_t size)
{
    const char *fault;
    char *secret;

    if (secret_take(text, &secret, &fault) != error_none) {
        return fail(why, size, fault);
    }
    text_clear(value, true);
    *value = secret;
    return true;
}

static bool integer_parse(const struct setting *setting, int64_t *value, const char *text, char *why, size_t size)
{
    bool limited = setting->min != 0 || setting->max != 0;
    int64_t parsed;
    char *end;

    errno = 0;
    parsed = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || isspace((unsigned char)text[0])) {
        snprintf(why, size, "\"%s\" is not a whole number", text);
        return false;
    }
    if (limited && (parsed < setting->min || parsed > setting->max)) {
        snprintf(why, size, "%s is not between %" PRId64 " and %" PRId64, text, setting->min, setting->max);
        return false;
    }
    *value = parsed;
    return true;
}

static bool bool_parse(bool *value, const char *text, char *why, size_t size)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2 == 1;
            return true;
        }
    }
    snprintf(why, size, "\"%s\" is neither true nor false", text);
    return false;
}

static bool choice_parse(enum setting_choice *value, const char *text, char *why, size_t size)
{
    bool chosen = false, good = bool_parse(&chosen, text, why, size);

    *value = !good ? CHOICE_NONE : chosen ? CHOICE_TRUE : CHOICE_FALSE;
    return good;
}

static bool list_put(struct setting_list *list, const char *text, size_t length, char *why, size_t size)
{
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    char *copy = strndup(text, length);

    if (items != NULL) {
        list->items = items;
    }
    if (items == NULL || copy == NULL) {
        free(copy);
        return fail(why, size, error_text(error_no_memory));
    }
    list->items[list->count++] = copy;
    return true;
}

static bool list_parse(struct setting_list *list, const char *text, bool split, char *why, size_t size)
{
    if (!split) {
        return list_put(list, text, strlen(text), why, size);
    }
    for (;;) {
        size_t length;

        text += strspn(text, " \t");
        length = strcspn(text, ",");
        while (length > 0 && isspace((unsigned char)text[length - 1])) {
            length--;
        }
        if (length > 0 && !list_put(list, text, length, why, size)) {
            return false;
        }
        text = strchr(text, ',');
        if (text == NULL) {
            return true;
        }
        text++;
    }
}

bool setting_parse(
    const struct setting *setting, const char *text, bool split, void *values, char *why, size_t why_size)
{
    switch (setting->kind) {
    case SETTING_TEXT:
        return text_parse(place(setting, values), text, why, why_size);
    case SETTING_SECRET:
        return secret_parse(place(setting, values), text, why, why_size);
    case SETTING_INTEGER:
        return integer_parse(setting, place(setting, values), text, why, why_size);
    case SETTING_BOOL:
        return bool_parse(place(setting, values), text, why, why_size);
    case SETTING_CHOICE:
        return choice_parse(place(setting, values), text, why, why_size);
    case SETTING_LIST:
        return list_parse(place(setting, values), text, split, why, why_size);
    }
    abort(); /* a table with a kind that does not exist */
}

static void list_clear(struct setting_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
    *list = (struct setting_list){0};
}

void setting_clear(const struct setting *setting, void *values)
{
    switch (setting->kind) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        text_clear(place(setting, values), setting->kind == SETTING_SECRET);
        return;
    case SETTING_INTEGER:
        *(int64_t *)place(setting, values) = 0;
        return;
    case SETTING_BOOL:
        *(bool *)place(setting, values) = false;
        return;
    case SETTING_CHOICE:
        *(enum setting_choice *)place(setting, values) = CHOICE_NONE;
        return;
    case SETTING_LIST:
        list_clear(place(setting, values));
        return;
    }
}

void setting_variable(const struct setting *setting, char *out, size_t size)
{
    snprintf(out, size, "FLUVIUS_%s", setting->name);
    for (char *at = out; *at != '\0'; at++) {
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    }
}

/* ---- printing ---- */

/* A text as it may be shown: the passwords of URLs (scheme://user:password@host) are left out. */
static void text_show(const char *text, struct buffer *out)
{
    const char *scheme;

    while ((scheme = strstr(text, "://")) != NULL) {
        const char *user = scheme + 3;
        size_t authority = strcspn(user, "/ ,?#"), colon = strcspn(user, ":");
        const char *at = memrchr(user, '@', authority);

        if (at != NULL && user + colon < at) {
            buffer_append(out, text, (size_t)(user + colon + 1 - text));
            buffer_append_text(out, "***");
            text = at;
        } else {
            buffer_append(out, text, (size_t)(user - text));
            text = user;
        }
    }
    buffer_append_text(out, text);
}

static void value_text(const struct setting *setting, const void *values, struct buffer *out)
{
    const void *at = place_const(setting, values);
    const struct setting_list *list = at;
    static const char *const choices[] = {[CHOICE_NONE] = "", [CHOICE_TRUE] = "true", [CHOICE_FALSE] = "false"};

    switch (setting->kind) {
    case SETTING_TEXT:
        text_show(*(char *const *)at == NULL ? "" : *(char *const *)at, out);
        return;
    case SETTING_SECRET:
        buffer_append_text(out, *(char *const *)at == NULL ? "" : "***");
        return;
    case SETTING_INTEGER:
        buffer_printf(out, "%" PRId64, *(const int64_t *)at);
        return;
    case SETTING_BOOL:
        buffer_append_text(out, *(const bool *)at ? "true" : "false");
        return;
    case SETTING_CHOICE:
        buffer_append_text(out, choices[*(const enum setting_choice *)at]);
        return;
    case SETTING_LIST:
        for (size_t i = 0; i < list->count; i++) {
            buffer_printf(out, "%s%s", i == 0 ? "" : ",", list->items[i]);
        }
        return;
    }
}

void settings_show(const struct settings_table *table, const void *values, const struct settings_source *sources)
{
    struct buffer value = {0};

    for (const struct setting *setting = table->settings; setting->name != NULL; setting++) {
        buffer_clear(&value);
        value_text(setting, values, &value);
        printf("%-16s  %-18s  %-32.*s  %s\n",
               table->service,
               setting->name,
               (int)value.size,
               value.size == 0 ? "" : (const char *)value.data,
               sources[setting - table->settings].where);
    }
    buffer_fini(&value);
}

static void option_print(const struct setting *setting)
{
    static const char *const placeholders[] = {[SETTING_TEXT] = " VALUE",
                                               [SETTING_SECRET] = " SECRET",
                                               [SETTING_INTEGER] = " N",
                                               [SETTING_BOOL] = "",
                                               [SETTING_CHOICE] = "",
                                               [SETTING_LIST] = " VALUE..."};
    char option[64];

    snprintf(option, sizeof option, "--%s%s", setting->name, placeholders[setting->kind]);
    printf("  %-26s %s", option, setting->help);
    if (setting->fallback != NULL && setting->fallback[0] != '\0' && setting->kind != SETTING_SECRET) {
        printf(" (default %s)", setting->fallback);
    }
    putchar('\n');
}

void settings_help(const struct settings_table *table)
{
    printf("Usage: %s %s\n%s\n\n", table->service, table->usage, table->doc);
    for (const struct setting *setting = table->settings; setting->name != NULL; setting++) {
        option_print(setting);
    }
    printf("  %-26s %s\n", "--config FILE", "read settings from FILE, a line \"name = value\" each");
    printf("  %-26s %s\n", "--print-config", "print every setting, its value and where it came from");
    printf("  %-26s %s\n", "--help, --version", "print this, or the version");
    printf("\nA SECRET may be file:PATH: the first line of that file, which nobody else may read.");
    printf("\nEvery option can also be set in the environment: FLUVIUS_ and its name in capitals, with _ for -.\n");
}
