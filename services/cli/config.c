/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius config`: every setting of `fluvius up` and of the services it would start, with its value and where that
 * came from. The services print their own: each is run with the arguments that it would get, and --print-config. */
#include "services/cli/command.h"

#include "services/cli/plan.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_LIMIT 256

/* The settings are those of `fluvius up`, told as ours. */
static enum settings_outcome load_with(const char *extra, int argc, char **argv, struct up_settings *out)
{
    struct settings_table table = up_table;
    char *arguments[ARGUMENTS_LIMIT + 2];
    int count = 0;

    if (argc > ARGUMENTS_LIMIT) {
        fprintf(stderr, "fluvius config: too many arguments\n");
        return SETTINGS_BAD;
    }
    if (extra == NULL) {
        table.service = "fluvius config";
        table.usage = "[options of fluvius up]";
        table.doc = "Shows every setting of fluvius up and of the services it would start, and where each came from.";
    }
    arguments[count++] = argv[0];
    for (int i = 1; i < argc; i++) {
        arguments[count++] = argv[i];
    }
    if (extra != NULL) {
        arguments[count++] = (char *)extra;
    }
    arguments[count] = NULL;
    return settings_load(&table, count, arguments, out, NULL);
}

static int child_print(struct child *child)
{
    int status = 0, code;
    pid_t pid;

    child_argument(child, "--print-config");
    fflush(stdout);
    code = posix_spawn(&pid, child->arguments[0], NULL, NULL, child->arguments, environ);
    if (code != 0) {
        fprintf(stderr, "fluvius config: %s: %s\n", child->arguments[0], strerror(code));
        return EXIT_FAILED;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static int children_print(const struct up_settings *settings)
{
    struct children children = {0};
    struct platform platform = {0};
    int code = 0;

    snprintf(platform.listen_http, sizeof platform.listen_http, "%s", settings->http);
    for (int broker = 0; broker < settings->brokers; broker++) {
        snprintf(platform.listen_bus[broker], sizeof platform.listen_bus[broker], "%s", settings->bus);
        snprintf(platform.listen_events[broker], sizeof platform.listen_events[broker], "%s", settings->events);
    }
    snprintf(platform.bus, sizeof platform.bus, "%s", settings->bus);
    if (!plan_children(settings, &platform, &children)) {
        code = EXIT_FAILED;
    }
    for (size_t i = 0; i < children.count && code == 0; i++) {
        code = child_print(&children.items[i]);
    }
    children_fini(&children);
    return code;
}

int command_config(int argc, char **argv)
{
    struct up_settings settings = {0}, printed = {0};
    const char *file = settings_file(argc, argv);
    enum settings_outcome outcome = load_with(NULL, argc, argv, &settings);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK && plan_check(&settings)) {
        load_with("--print-config", argc, argv, &printed);
        if (file != NULL) { /* the services are to find it, as they do under fluvius up */
            setenv("FLUVIUS_CONFIG", file, 1);
        }
        code = children_print(&settings);
    }
    settings_free(&up_table, &printed);
    settings_free(&up_table, &settings);
    return code;
}
