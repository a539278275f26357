/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius`: finds the subcommand and calls it. */
#include "services/cli/command.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
};

static int command_help(int argc, char **argv);
static int command_version(int argc, char **argv);

static const struct command commands[] = {
    {"up", "start the whole platform on this machine and keep it running", command_up},
    {"send", "send one command to an aggregate", command_send},
    {"state", "show an aggregate's state, now, at a version or at a time", command_state},
    {"diff", "show what an aggregate's events changed", command_diff},
    {"events", "show an aggregate's events", command_events},
    {"query", "show rows of a read model", command_query},
    {"audit", "show who did what", command_audit},
    {"tail", "show the log: every committed record", command_tail},
    {"subscribe", "take part in a consumer group", command_subscribe},
    {"groups", "show consumer groups and how far they are", command_groups},
    {"dead-letters", "show, replay or discard what a group has set aside", command_dead_letters},
    {"describe", "show the domains that are served", command_describe},
    {"health", "say whether all is well", command_health},
    {"metrics", "show every process's metrics in the Prometheus format", command_metrics},
    {"lag", "show how far read models are behind the log", command_lag},
    {"rebuild", "make the read models of a namespace again, beside the live ones", command_rebuild},
    {"replay", "derive every state again from its events and compare", command_replay},
    {"migrate", "make the event store or bring it up to date", command_migrate},
    {"new", "start a domain of your own: fluvius new domain NAME", command_new},
    {"bench", "measure: fluvius bench actors, commands or http", command_bench},
    {"config", "show every setting, its value and where it came from", command_config},
    {"version", "show the version", command_version},
    {"help", "show this", command_help},
};

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void usage_print(FILE *out)
{
    fprintf(out, "Usage: fluvius COMMAND [options]\nRuns your domain as durable actors, and talks to them.\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(out,
            "\nfluvius COMMAND --help says more. A first round, in two terminals:\n"
            "  fluvius up --domain bank.so\n"
            "  fluvius send bank:open account/ada '{\"holder\":{\"given\":\"Ada\",\"family\":\"Lovelace\"}}'\n");
}

static int command_help(int argc, char **argv)
{
    const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;

    if (command != NULL && command->run != command_help) {
        char *asked[] = {argv[1], "--help", NULL};

        return command->run(2, asked);
    }
    usage_print(stdout);
    return 0;
}

static int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("fluvius " FLUVIUS_VERSION);
    return 0;
}

int main(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        usage_print(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return command_help(1, argv);
    }
    command = command_find(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
    if (command == NULL) {
        fprintf(stderr, "fluvius: \"%s\" is not a command; fluvius --help lists them\n", argv[1]);
        return EXIT_USAGE;
    }
    return command->run(argc - 1, argv + 1);
}
