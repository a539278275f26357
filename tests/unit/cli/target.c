/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names on the command line. */
#include "services/cli/target.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void quiet(void)
{
    cr_assert_not_null(freopen("/dev/null", "w", stderr));
}

TestSuite(target, .init = quiet);

Test(target, a_command_has_namespace_and_name)
{
    struct request request = {0};

    cr_assert(target_command("send", "generic-object:create-object", &request));
    cr_assert(slice_is(request.namespace, "generic-object"));
    cr_assert(slice_is(request.command, "create-object"));
}

Test(target, an_aggregate_has_resource_and_identifier)
{
    struct request request = {0};

    cr_assert(target_aggregate("send", "account/a.b:c d", &request));
    cr_assert(slice_is(request.resource, "account"));
    cr_assert(slice_is(request.identifier, "a.b:c d"));
}

Test(target, new_leaves_the_identifier_to_the_platform)
{
    struct request request = {.identifier = slice_text("before")};

    cr_assert(target_aggregate("send", "account/:new", &request));
    cr_assert_eq(request.identifier.size, 0);
}

Test(target, a_stream_has_namespace_resource_and_identifier)
{
    struct request request = {0};

    cr_assert(target_stream("state", "bank.account/a.b", &request));
    cr_assert(slice_is(request.namespace, "bank"));
    cr_assert(slice_is(request.resource, "account"));
    cr_assert(slice_is(request.identifier, "a.b"));
}

Test(target, a_part_that_is_missing_is_refused)
{
    static const char *const texts[] = {"",
                                        ":",
                                        "/",
                                        ".",
                                        "bank",
                                        "bank:",
                                        ":open",
                                        "account/",
                                        "/ada",
                                        "bank./x",
                                        ".account/x",
                                        "bank/x",
                                        "bank.account",
                                        "bank.account/"};
    struct request request = {0};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_expect_not(target_command("send", texts[i], &request), "%s", texts[i]);
        cr_expect_not(target_stream("state", texts[i], &request), "%s", texts[i]);
    }
    cr_expect_not(target_aggregate("send", "account", &request));
    cr_expect_not(target_aggregate("send", "account/", &request));
    cr_expect_not(target_aggregate("send", "/ada", &request));
}
