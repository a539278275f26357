/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The subcommands of `fluvius`. Each is a function in a file of its own that takes its arguments (argv[0] is the name
 * it was called by), prints its answer to standard output and its complaints to standard error, and returns the exit
 * code: 0, EXIT_USAGE, or that of the status a request ended with (status_exit). */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

enum {
    EXIT_FAILED = 1, /* it could not be done; a line on standard error says why */
    EXIT_USAGE = 2,
};

int command_up(int argc, char **argv);
int command_send(int argc, char **argv);
int command_state(int argc, char **argv);
int command_query(int argc, char **argv);
int command_events(int argc, char **argv);
int command_diff(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_tail(int argc, char **argv);
int command_subscribe(int argc, char **argv);
int command_groups(int argc, char **argv);
int command_dead_letters(int argc, char **argv);
int command_describe(int argc, char **argv);
int command_health(int argc, char **argv);
int command_metrics(int argc, char **argv);
int command_lag(int argc, char **argv);
int command_rebuild(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_migrate(int argc, char **argv);
int command_new(int argc, char **argv);
int command_config(int argc, char **argv);
int command_bench(int argc, char **argv);

#endif
