/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first steps of every service's main: its settings, its log, its name. */
#ifndef COMMON_START_H
#define COMMON_START_H

#include "services/common/settings.h"

enum { EXIT_SETTINGS = 2 }; /* settings cannot be used: to start again does not help */

/* Tells on standard error which setting is at fault and why: "fluvius-query: bus: ...". Gives EXIT_SETTINGS. */
int service_refuse(const struct settings_table *table, const char *what, const char *why);

/* Loads the settings and opens the log, whose service is the table's without "fluvius-". log_level is where the
 * settings have it. 0; -1: help was asked for and printed; else an exit code, and the fault was told. */
int service_settings(const struct settings_table *table, int argc, char **argv, void *settings, char *const *log_level);

/* Completes a name that was not given with prefix and the host's name: containers and machines have names that differ,
 * so that each process need not be given one. False when that cannot be had. */
bool service_name(char **name, const char *prefix);

#endif
