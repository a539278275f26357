/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius new domain NAME`: a directory with a domain that builds, passes its tests and runs. */
#include "services/cli/command.h"

#include "proto/writer.h"
#include "services/cli/scaffold.h"
#include "services/common/settings.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_SIZE 32

struct new_settings {
    char *home;
};

static const struct setting entries[] = {
    {"home",
     SETTING_TEXT,
     offsetof(struct new_settings, home),
     NULL,
     0,
     0,
     "a build or an installation of Fluvius, instead of this program's own"},
    {0},
};

static const struct settings_table table = {
    "fluvius new",
    "domain NAME [options]",
    "Makes a directory NAME with a small domain, its tests and its build, ready to be changed into yours.",
    entries,
    NULL,
};

#define CONFIG_FILE "lib/cmake/fluvius/fluvius-config.cmake"

static bool refuse(const char *what, const char *why)
{
    fprintf(stderr, "fluvius new: %s: %s\n", what, why);
    return false;
}

/* The name becomes a part of C identifiers, of URLs and of file names. */
static bool name_check(const char *name)
{
    bool good = islower((unsigned char)name[0]) && strlen(name) < NAME_MAX_SIZE;

    for (const char *at = name; *at != '\0'; at++) {
        good = good && (islower((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '_');
    }
    return good || refuse(name, "a name is up to 31 small letters, digits and _, a letter first");
}

/* Appends text with its placeholders replaced. */
static void fill(struct buffer *out, const char *text, const char *name, const char *home)
{
    static const char name_mark[] = "@NAME@", home_mark[] = "@FLUVIUS_HOME@";

    while (*text != '\0') {
        const char *at = strchr(text, '@');
        size_t before = at == NULL ? strlen(text) : (size_t)(at - text);

        buffer_append(out, text, before);
        text += before;
        if (strncmp(text, name_mark, sizeof name_mark - 1) == 0) {
            buffer_append_text(out, name);
            text += sizeof name_mark - 1;
        } else if (strncmp(text, home_mark, sizeof home_mark - 1) == 0) {
            buffer_append_text(out, home);
            text += sizeof home_mark - 1;
        } else if (*text == '@') {
            buffer_append(out, text++, 1);
        }
    }
}

static bool file_write(const char *path, const struct buffer *text)
{
    FILE *file = fopen(path, "wxe");
    bool written;

    if (file == NULL) {
        return refuse(path, strerror(errno));
    }
    written = fwrite(text->data, 1, text->size, file) == text->size;
    return (fclose(file) == 0 && written) || refuse(path, strerror(errno));
}

static bool scaffold_write(const struct scaffold_file *file, const char *name, const char *home)
{
    struct buffer path = {0}, text = {0};
    bool written;

    buffer_printf(&path, "%s/", name);
    fill(&path, file->name, name, home);
    buffer_append(&path, "", 1);
    fill(&text, file->text, name, home);
    written = path.failed || text.failed ? refuse(name, error_text(error_no_memory))
                                         : file_write((const char *)path.data, &text);
    buffer_fini(&path);
    buffer_fini(&text);
    return written;
}

static int domain_make(const char *name, const char *home)
{
    if (!name_check(name)) {
        return EXIT_USAGE;
    }
    if (mkdir(name, 0777) != 0) {
        refuse(name, strerror(errno));
        return EXIT_FAILED;
    }
    for (const struct scaffold_file *file = scaffold_files; file->name != NULL; file++) {
        if (!scaffold_write(file, name, home)) {
            return EXIT_FAILED;
        }
    }
    printf("made %s/: build and test it, then run it:\n"
           "  cd %s && cmake -B build && cmake --build build && ctest --test-dir build\n"
           "  %s up --domain build/%s.so\n",
           name,
           name,
           program_invocation_name,
           name);
    return 0;
}

/* The prefix that this program is installed in, or else the tree that it was built in. */
static const char *home_find(char out[PATH_MAX])
{
    char own[PATH_MAX], file[PATH_MAX + sizeof CONFIG_FILE];
    ssize_t size = readlink("/proc/self/exe", own, sizeof own - 1);

    if (size > 0) {
        own[size] = '\0';
        snprintf(out, PATH_MAX, "%s", dirname(dirname(own)));
        snprintf(file, sizeof file, "%s/" CONFIG_FILE, out);
        if (access(file, R_OK) == 0) {
            return out;
        }
    }
    return FLUVIUS_HOME;
}

int command_new(int argc, char **argv)
{
    struct new_settings settings = {0};
    struct setting_list words = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, &words);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;
    char own[PATH_MAX];

    if (outcome == SETTINGS_OK && words.count == 2 && strcmp(words.items[0], "domain") == 0) {
        code = domain_make(words.items[1], settings.home == NULL ? home_find(own) : settings.home);
    } else if (outcome == SETTINGS_OK) {
        fprintf(stderr, "fluvius new: usage: fluvius new domain NAME\n");
    }
    free(words.items);
    settings_free(&table, &settings);
    return code;
}
