/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which addresses need no token file. */
#include "services/common/tokens.h"

#include <criterion/criterion.h>

Test(address, loopback_forms_are_known)
{
    static const char *const addresses[] = {"127.0.0.1:8080",
                                            "tcp://127.0.0.1:7410",
                                            "tcp://127.8.9.1:0",
                                            "localhost:80",
                                            "tcp://LOCALHOST:80",
                                            "[::1]:8080",
                                            "tcp://[::1]:7410",
                                            "ipc:///run/fluvius.sock",
                                            "inproc://test"};

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        cr_expect(address_is_loopback(addresses[i]), "%s", addresses[i]);
    }
}

Test(address, everything_else_is_not_loopback)
{
    static const char *const addresses[] = {"0.0.0.0:8080",
                                            "tcp://*:7410",
                                            "tcp://:7410",
                                            "",
                                            "127.0.0.1",
                                            "127.0.0.1.example.com:80",
                                            "localhost.example.com:80",
                                            "[::]:80",
                                            "[::1",
                                            "[]:80",
                                            "tcp://10.0.0.1:7410",
                                            "tcp://127.0.0.1@10.0.0.1:7410",
                                            "example.com:80"};

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        cr_expect_not(address_is_loopback(addresses[i]), "%s", addresses[i]);
    }
}
