/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius rebuild`: asks for read models to be made again from the log, beside the live ones. The request is kept
 * where the read models are, and is answered by the projector whenever that runs. Or, with --drop, ends those that no
 * projector is to keep any more. */
#include "services/cli/command.h"

#include "services/common/process.h"
#include "services/common/settings.h"
#include "services/readmodel/writer.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct rebuild_settings {
    char *data, *read_models;
    bool drop;
};

#define AT(MEMBER) offsetof(struct rebuild_settings, MEMBER)

static const struct setting entries[] = {
    {"data", SETTING_TEXT, AT(data), "./data", 0, 0, "directory of the platform"},
    {"read-models",
     SETTING_TEXT,
     AT(read_models),
     NULL,
     0,
     0,
     "where rows are kept: postgresql://... or sqlite:DIRECTORY; else the directory"},
    {"drop",
     SETTING_BOOL,
     AT(drop),
     NULL,
     0,
     0,
     "end them instead: their module is gone, and no projector runs that has it"},
    {0},
};

static const struct settings_table table = {
    "fluvius rebuild",
    "NAME [options]",
    "Has the read models of a namespace made again, beside the live ones, which they then replace; or drops them.",
    entries,
    "drop",
};

static int complain(enum error error, const struct store_fault *fault)
{
    fprintf(stderr, "fluvius rebuild: %s\n", fault->text[0] == '\0' ? error_text(error) : fault->text);
    return error == error_bad_settings ? EXIT_USAGE : EXIT_FAILED;
}

static int anew(const char *url, const char *name)
{
    struct store_fault fault = {{0}};
    enum error error = writer_request(url, slice_text(name), &fault);

    if (error != error_none) {
        return complain(error, &fault);
    }
    printf("%s is built again by its projector; see fluvius lag\n", name);
    return 0;
}

static int drop(const char *url, const char *name)
{
    struct store_fault fault = {{0}};
    uint64_t boot;
    uint32_t ended;
    enum error error;

    random_bytes(&boot, sizeof boot);
    error = writer_forget(url, slice_text(name), boot >> 2, &ended, &fault);
    if (error != error_none) {
        return complain(error, &fault);
    }
    printf("%s is no more: %" PRIu32 " builds; the next projector that runs removes their rows\n", name, ended);
    return 0;
}

static int rebuild(const struct rebuild_settings *settings, const char *name)
{
    char data[PATH_MAX + 16];
    const char *url = settings->read_models == NULL ? data : settings->read_models;

    snprintf(data, sizeof data, "sqlite:%s", settings->data);
    return settings->drop ? drop(url, name) : anew(url, name);
}

int command_rebuild(int argc, char **argv)
{
    struct rebuild_settings settings = {0};
    struct setting_list names = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, &names);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && names.count != 1) {
        fprintf(stderr, "fluvius rebuild: which one? say fluvius rebuild NAME\n");
    } else if (outcome == SETTINGS_OK) {
        code = rebuild(&settings, names.items[0]);
    }
    free(names.items);
    settings_free(&table, &settings);
    return code;
}
