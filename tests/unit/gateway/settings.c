/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's settings: defaults, and what is refused at start. */
#include "services/gateway/settings.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>

static struct gateway_settings settings;

static void start(void)
{
    cr_redirect_stderr();
    unsetenv("FLUVIUS_HTTP");
    unsetenv("FLUVIUS_BUS");
    unsetenv("FLUVIUS_TOKEN_FILE");
    unsetenv("FLUVIUS_READS");
    unsetenv("FLUVIUS_CONFIG");
}
static void finish(void)
{
    gateway_settings_fini(&settings);
}
TestSuite(gateway_settings, .init = start, .fini = finish);

static enum settings_outcome load(const char *first, const char *second)
{
    char *arguments[] = {"fluvius-gateway", (char *)first, (char *)second, NULL};
    return gateway_settings_load(&settings, first == NULL ? 1 : second == NULL ? 2 : 3, arguments);
}

Test(gateway_settings, defaults_are_local)
{
    cr_assert_eq(load(NULL, NULL), SETTINGS_OK);
    cr_assert_str_eq(settings.http, "127.0.0.1:8080");
    cr_assert_str_eq(settings.bus_urls, "tcp://127.0.0.1:7410");
    cr_assert_eq(settings.max_in_flight, 1024);
    cr_assert_eq(settings.log_level, log_info);
}

Test(gateway_settings, several_brokers_are_joined)
{
    cr_assert_eq(load("--bus=tcp://127.0.0.1:1", "--bus=tcp://127.0.0.1:2"), SETTINGS_OK);
    cr_assert_str_eq(settings.bus_urls, "tcp://127.0.0.1:1,tcp://127.0.0.1:2");
}

Test(gateway_settings, open_address_needs_a_token_file)
{
    cr_assert_eq(load("--http=0.0.0.0:8080", NULL), SETTINGS_BAD);
    gateway_settings_fini(&settings);
    cr_assert_eq(load("--http=0.0.0.0:8080", "--token-file=/etc/fluvius/tokens"), SETTINGS_OK);
}

Test(gateway_settings, bad_values_are_refused)
{
    cr_assert_eq(load("--log-level=loud", NULL), SETTINGS_BAD);
    gateway_settings_fini(&settings);
    cr_assert_eq(load("--max-in-flight=0", NULL), SETTINGS_BAD);
}

Test(gateway_settings, only_files_are_read_here)
{
    cr_assert_eq(load("--reads=sqlite:/var/lib/fluvius", NULL), SETTINGS_OK);
    gateway_settings_fini(&settings);
    cr_assert_eq(load("--reads=postgresql://db/fluvius", NULL), SETTINGS_BAD);
}
