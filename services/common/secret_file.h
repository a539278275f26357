/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files of secrets: read into pages of their own that no core dump contains, and only when nobody else may read them:
 * the file's mode is 0600 or less, or, where root put the file there for us, 0640 or less (so do orchestrators that
 * mount secrets). For tokens.c and settings_value.c alone. */
#ifndef COMMON_SECRET_FILE_H
#define COMMON_SECRET_FILE_H

#include "proto/error.h"

#include <stddef.h>

/* size zeroed bytes; NULL when memory is out. */
char *secret_pages(size_t size);
/* Wipes and frees them. Safe on NULL. */
void secret_pages_free(char *pages, size_t size);

/* Reads a regular file of at most 16 MiB into fresh pages that have a NUL and `extra` bytes after its text; there is no
 * NUL before. error_bad_settings: *why says what is wrong with the file. */
enum error secret_file_read(const char *path, size_t extra, char **pages, size_t *size, const char **why);

/* A secret is given as itself, or as "file:PATH": then it is that file's first line, without the blanks around it. *out
 * is to be freed, and wiped before. error_bad_settings: *why says what is wrong, without the secret. */
enum error secret_take(const char *text, char **out, const char **why);

#endif
