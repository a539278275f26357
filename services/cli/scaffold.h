/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The files of a new domain, as `fluvius new domain` writes them: those of services/cli/scaffold, with @NAME@ for the
 * domain's name and @FLUVIUS_HOME@ for where its build finds Fluvius. */
#ifndef CLI_SCAFFOLD_H
#define CLI_SCAFFOLD_H

struct scaffold_file {
    const char *name, *text; /* both with placeholders */
};

/* The last one has name NULL. */
extern const struct scaffold_file scaffold_files[];

#endif
