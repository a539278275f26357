/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See start.h. */
#include "services/common/start.h"

#include "services/common/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 63 }; /* what brokers and stores take */

int service_refuse(const struct settings_table *table, const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", table->service, what, why);
    return EXIT_SETTINGS;
}

int service_settings(const struct settings_table *table, int argc, char **argv, void *settings, char *const *log_level)
{
    static const char prefix[] = "fluvius-";
    enum log_level level;
    enum settings_outcome outcome = settings_load(table, argc, argv, settings, NULL);
    if (outcome != SETTINGS_OK)
        return outcome == SETTINGS_HELP ? -1 : EXIT_SETTINGS;
    if (!log_level_find(*log_level, &level))
        return service_refuse(table, "log-level", *log_level);
    log_init(table->service + (sizeof prefix - 1), level);
    return 0;
}

bool service_name(char **name, const char *prefix)
{
    char host[NAME_MAX_BYTES + 1];
    if (*name != NULL)
        return true;
    if (gethostname(host, sizeof host) != 0)
        return false;
    host[sizeof host - 1] = 0;
    if (strlen(prefix) + strlen(host) > NAME_MAX_BYTES)
        return false;
    if (asprintf(name, "%s%s", prefix, host) < 0)
        *name = NULL;
    return *name != NULL;
}
