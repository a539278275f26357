/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See scaffold.h. The files are put into the program as they are. */
#include "services/cli/scaffold.h"

#include <stddef.h>

/* SYMBOL is the text of FILE, ended by NUL. */
#define EMBED(SYMBOL, FILE)                                                                                            \
    extern const char SYMBOL[];                                                                                        \
    __asm__(".pushsection .rodata\n" #SYMBOL ":\n.incbin \"" SCAFFOLD_DIRECTORY "/" FILE "\"\n.byte 0\n.popsection\n")

EMBED(scaffold_domain, "domain.c.in");
EMBED(scaffold_test, "test.c.in");
EMBED(scaffold_build, "CMakeLists.txt.in");
EMBED(scaffold_readme, "README.md.in");

const struct scaffold_file scaffold_files[] = {
    {"@NAME@.c", scaffold_domain},
    {"@NAME@_test.c", scaffold_test},
    {"CMakeLists.txt", scaffold_build},
    {"README.md", scaffold_readme},
    {NULL, NULL},
};
