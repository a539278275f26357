/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Looking at a shared object as a file, before any of its code runs. ELF of the machine's own kind only. The bytes are
 * not trusted: every place is checked to lie inside the file. */
#ifndef LIBACTOR_DOMAIN_ELF_H
#define LIBACTOR_DOMAIN_ELF_H

#include "fluvius/host.h"

struct elf_rules {
    const char *const *imports; /* names that may be imported, NULL at the end */
    const char *const *needed;  /* starts of the names of libraries it may need, NULL at the end */
    const char *symbol;         /* which it must export */
    bool sanitized;             /* the process runs under a sanitizer, whose additions are then taken */
};

/* 0, or error_bad_module with what is wrong in fault->text, after the bytes that are there already. */
enum error elf_inspect(struct slice file, const struct elf_rules *rules, struct domain_fault *fault);

#endif
