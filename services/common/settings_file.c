/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Settings from the file: "name = value" lines and [service] headings. */
#include "services/common/settings_loading.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1])) {
        *--end = '\0';
    }
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return text;
}

enum section { SECTION_SHARED, SECTION_OURS, SECTION_OTHER };

/* Takes a line "name = value". */
static enum settings_outcome
file_entry(struct loading *loading, enum section section, const struct settings_source *source, char *line)
{
    char *equals = strchr(line, '=');
    const struct setting *setting;

    if (equals == NULL) {
        return loading_refuse(loading, source->where, line, "is not a line \"name = value\"");
    }
    *equals = '\0';
    line = trim(line);
    setting = loading_find(loading->table, line, strlen(line));
    if (setting != NULL && !loading_once(loading->table, setting)) {
        return loading_put(loading, setting, source, trim(equals + 1), true);
    }
    return section == SECTION_SHARED ? SETTINGS_OK : loading_refuse(loading, source->where, line, "is not a setting");
}

static enum section section_of(const struct loading *loading, const char *line)
{
    size_t size = strlen(loading->table->service);

    return strncmp(line + 1, loading->table->service, size) == 0 && strcmp(line + 1 + size, "]") == 0 ? SECTION_OURS
                                                                                                      : SECTION_OTHER;
}

static enum settings_outcome file_lines(struct loading *loading, FILE *file)
{
    struct settings_source source = {.kind = SETTINGS_FROM_FILE};
    enum settings_outcome outcome = SETTINGS_OK;
    enum section section = SECTION_SHARED;
    char *memory = NULL;
    size_t capacity = 0;

    for (int number = 1; outcome == SETTINGS_OK && getline(&memory, &capacity, file) >= 0; number++) {
        char *line = trim(memory);

        snprintf(source.where, sizeof source.where, "%s:%d", loading->config, number);
        if (line[0] == '[') {
            section = section_of(loading, line);
        } else if (line[0] != '\0' && line[0] != '#' && section != SECTION_OTHER) {
            outcome = file_entry(loading, section, &source, line);
        }
    }
    free(memory);
    return outcome;
}

enum settings_outcome loading_file(struct loading *loading)
{
    enum settings_outcome outcome;
    FILE *file;

    if (loading->config == NULL || loading->config[0] == '\0') {
        return SETTINGS_OK;
    }
    file = fopen(loading->config, "re");
    if (file == NULL) {
        return loading_refuse(loading, "config", loading->config, strerror(errno));
    }
    outcome = file_lines(loading, file);
    if (outcome == SETTINGS_OK && ferror(file)) {
        outcome = loading_refuse(loading, "config", loading->config, strerror(errno));
    }
    fclose(file);
    return outcome;
}
