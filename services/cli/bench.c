/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius bench`: finds the benchmark and runs it. */
#include "services/cli/bench.h"

#include "services/cli/bench_actors.h"
#include "services/cli/command.h"
#include "services/common/settings.h"

#include <stdio.h>

static int bench_actors_command(int argc, char **argv);

static const struct bench {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} benches[] = {
    {"actors", "what actors cost on one core: messages, memory when idle, activations", bench_actors_command},
    {"commands", "commands a second through broker and shards, beside bare inserts of the same rows", bench_commands},
    {"http", "commands a second over HTTP, beside empty answers", bench_http},
    {"query", "pages of rows a second over HTTP, beside bare SQLite and empty answers", bench_query},
    {"load", "one client of the above; not for people", bench_load_client},
};

struct actors_settings {
    bool json;
};

static const struct setting actors_entries[] = {
    {"json", SETTING_BOOL, offsetof(struct actors_settings, json), NULL, 0, 0, "print one JSON object"},
    {0},
};

static const struct settings_table actors_table = {
    "fluvius bench actors",
    "[--json]",
    "Measures what actors cost on one core: messages a second, bytes of an idle one, activations a second.",
    actors_entries,
    "json",
};

static int bench_actors_command(int argc, char **argv)
{
    struct actors_settings settings = {0};
    enum settings_outcome outcome = settings_load(&actors_table, argc, argv, &settings, NULL);
    bool json = settings.json;

    settings_free(&actors_table, &settings);
    if (outcome != SETTINGS_OK) {
        return outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;
    }
    return bench_actors(json);
}

static void usage_print(FILE *out)
{
    fprintf(out, "Usage: fluvius bench NAME [options]\nMeasures, on this machine.\n\n");
    for (size_t i = 0; i < sizeof benches / sizeof *benches; i++) {
        fprintf(out, "  %-10s %s\n", benches[i].name, benches[i].summary);
    }
    fprintf(out, "\nfluvius bench NAME --help says more.\n");
}

int command_bench(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage_print(stdout);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < sizeof benches / sizeof *benches; i++) {
        if (strcmp(argv[1], benches[i].name) == 0) {
            return benches[i].run(argc - 1, argv + 1);
        }
    }
    usage_print(stderr);
    return EXIT_USAGE;
}
