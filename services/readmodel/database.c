/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which database a URL means. */
#include "services/readmodel/database.h"

#include <string.h>

const char *database_scheme(const char *url)
{
    static const char *const schemes[][2] = {
        {"sqlite:", "sqlite"}, {"postgresql://", "postgresql"}, {"postgres://", "postgresql"}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(url, schemes[i][0], strlen(schemes[i][0])) == 0)
            return schemes[i][1];
    return "";
}
