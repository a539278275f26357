/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Listening: ports that are chosen, taken or impossible. */
#include "services/gateway/listen.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

Test(listen, port_zero_is_chosen_and_told)
{
    struct listener listener;
    cr_assert_eq(listen_open("127.0.0.1:0", &listener), 0);
    cr_assert_eq(strncmp(listener.url, "http://127.0.0.1:", 17), 0);
    cr_assert_gt(atoi(listener.url + 17), 0);
    close(listener.socket);
}

Test(listen, taken_port_is_told)
{
    struct listener first, second = {.socket = -7};
    cr_assert_eq(listen_open("127.0.0.1:0", &first), 0);
    cr_assert_eq(listen_open(first.url + 7, &second), error_address_in_use);
    cr_assert_eq(second.socket, -7, "outputs stay untouched");
    close(first.socket);
}

Test(listen, any_address_can_be_meant)
{
    struct listener listener;
    cr_assert_eq(listen_open("*:0", &listener), 0);
    cr_assert_eq(strncmp(listener.url, "http://*:", 9), 0);
    close(listener.socket);
    cr_assert_eq(listen_open(":0", &listener), 0);
    close(listener.socket);
}

Test(listen, impossible_addresses_are_told)
{
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "[]:8080",
                                      "127.0.0.1:http",
                                      "127.0.0.1:99999",
                                      "::1:8080",
                                      "256.1.1.1:0",
                                      "192.0.2.1:0"};
    struct listener listener;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(listen_open(bad[i], &listener), error_bad_address, "%s", bad[i]);
}
