/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius migrate`: makes the event store and the read models' database, or brings their tables up to date, before
 * anything is served from them. Opening them does that, under a lock, so this may run at any time, any number of times,
 * in many places. */
#include "services/cli/command.h"

#include "services/common/process.h"
#include "services/common/settings.h"
#include "services/readmodel/writer.h"
#include "services/store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct migrate_settings {
    char *store;
    int64_t partitions, files;
};

#define AT(MEMBER) offsetof(struct migrate_settings, MEMBER)

static const struct setting entries[] = {
    {"store", SETTING_TEXT, AT(store), NULL, 0, 0, "the event store: postgresql://... or sqlite:DIRECTORY"},
    {"partitions",
     SETTING_INTEGER,
     AT(partitions),
     "0",
     0,
     65536,
     "partitions, when the log is created; 0: 16, on PostgreSQL 256"},
    {"files", SETTING_INTEGER, AT(files), "0", 0, 64, "ownership units, when it is created; 0: 4, on PostgreSQL 16"},
    {0},
};

static const struct settings_table table = {
    "fluvius migrate",
    "--store URL [options]",
    "Makes the event store or brings it up to date; does nothing when there is nothing to do.",
    entries,
    NULL,
};

static int complain(const char *text)
{
    fprintf(stderr, "fluvius migrate: %s\n", text);
    return EXIT_FAILED;
}

static int migrate(const struct migrate_settings *settings)
{
    const char *url = settings->store;
    struct store_config config = {.url = url,
                                  .partitions = (uint32_t)settings->partitions,
                                  .units = (uint32_t)settings->files,
                                  .create = true,
                                  .holder = "fluvius migrate"};
    struct store_fault fault = {0};
    struct store_info info;
    struct store *store;
    enum error error;

    random_bytes(&config.incarnation, sizeof config.incarnation);
    config.incarnation >>= 16; /* as shards do: it fits everywhere */
    error = store_open(&store, &config, &fault);
    if (error != error_none) {
        complain(fault.text[0] == '\0' ? error_text(error) : fault.text);
        return error == error_bad_settings ? EXIT_USAGE : EXIT_FAILED;
    }
    store_info(store, &info);
    store_close(&store);
    error = writer_migrate(url, &fault);
    if (error != error_none) {
        return complain(fault.text[0] == '\0' ? error_text(error) : fault.text);
    }
    printf("ready: log %" PRIu64 ", %u partitions in %u units\n", info.incarnation, info.partitions, info.units);
    return 0;
}

int command_migrate(int argc, char **argv)
{
    struct migrate_settings settings = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && settings.store == NULL) {
        complain("which store? say --store URL, or set FLUVIUS_STORE");
    } else if (outcome == SETTINGS_OK) {
        code = migrate(&settings);
    }
    settings_free(&table, &settings);
    return code;
}
