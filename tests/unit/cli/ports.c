/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Choosing addresses for services, and telling that one is taken. */
#include "services/cli/ports.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char taken[ADDRESS_SIZE], fault[ADDRESS_SIZE];

static int port_at(const char *address)
{
    return atoi(strrchr(address, ':') + 1);
}

Test(ports, port_zero_becomes_a_free_one)
{
    struct ports ports = {0};

    cr_assert_eq(ports_take(&ports, "127.0.0.1:0", taken, fault), error_none, "%s", fault);
    cr_assert_eq(strncmp(taken, "127.0.0.1:", 10), 0, "%s", taken);
    cr_assert_gt(port_at(taken), 0);
    ports_release(&ports);
}

Test(ports, a_url_stays_a_url)
{
    struct ports ports = {0};

    cr_assert_eq(ports_take(&ports, "tcp://127.0.0.1:0", taken, fault), error_none, "%s", fault);
    cr_assert_eq(strncmp(taken, "tcp://127.0.0.1:", 16), 0, "%s", taken);
    cr_assert_gt(port_at(taken), 0);
    cr_assert_eq(ports_take(&ports, "ipc:///run/bus", taken, fault), error_none);
    cr_assert_str_eq(taken, "ipc:///run/bus");
    ports_release(&ports);
}

Test(ports, two_never_get_the_same)
{
    struct ports ports = {0};
    char other[ADDRESS_SIZE];

    cr_assert_eq(ports_take(&ports, "127.0.0.1:0", taken, fault), error_none);
    cr_assert_eq(ports_take(&ports, "127.0.0.1:0", other, fault), error_none);
    cr_assert_str_neq(taken, other);
    cr_assert_eq(ports_take(&ports, taken, other, fault), error_address_in_use);
    ports_release(&ports);
}

Test(ports, a_taken_port_is_told_and_a_released_one_is_free)
{
    struct ports first = {0}, second = {0};
    char again[ADDRESS_SIZE];

    cr_assert_eq(ports_take(&first, "tcp://127.0.0.1:0", taken, fault), error_none);
    cr_assert_eq(ports_take(&second, taken, again, fault), error_address_in_use);
    ports_release(&first);
    cr_assert_eq(ports_take(&second, taken, again, fault), error_none);
    cr_assert_str_eq(again, taken);
    ports_release(&second);
}

Test(ports, a_port_with_lingering_connections_is_free)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), server, one = 1;
    struct ports ports = {0};
    char text[ADDRESS_SIZE];

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(listener, 1), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    server = accept(listener, NULL, NULL);
    close(server); /* the side that closes first lingers */
    close(client);
    close(listener);
    snprintf(text, sizeof text, "127.0.0.1:%d", ntohs(address.sin_port));
    cr_assert_eq(ports_take(&ports, text, taken, fault), error_none, "%s", fault);
    ports_release(&ports);
}

Test(ports, what_is_no_address_is_refused)
{
    static const char *const addresses[] = {"",
                                            "8080",
                                            "127.0.0.1",
                                            "127.0.0.1:",
                                            "127.0.0.1:80a",
                                            "http://127.0.0.1:0",
                                            "127.0.0.1:65536",
                                            "[::1:80",
                                            "no.such.host.invalid:0",
                                            "tcp://",
                                            "]:80"};
    struct ports ports = {0};

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        snprintf(taken, sizeof taken, "untouched");
        cr_expect_eq(ports_take(&ports, addresses[i], taken, fault), error_bad_address, "%s", addresses[i]);
        cr_expect_str_eq(taken, "untouched");
    }
    cr_assert_eq(ports.count, 0);
}
