/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See files.h. The build defines SOURCE_ROOT. */
#include "tests/unit/proto/files.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct buffer read_source(const char *path)
{
    struct buffer full = {0}, out = {0};
    char chunk[4096];
    size_t size;
    buffer_printf(&full, "%s/%s", SOURCE_ROOT, path);
    buffer_append(&full, "", 1);
    FILE *file = fopen((const char *)full.data, "rb");
    cr_assert_not_null(file, "%s", (const char *)full.data);
    while ((size = fread(chunk, 1, sizeof chunk, file)) > 0) {
        buffer_append(&out, chunk, size);
    }
    fclose(file);
    buffer_fini(&full);
    return out;
}
