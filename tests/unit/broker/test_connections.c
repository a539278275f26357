/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of connections: caps, idle and slow ones, and a table that stays right under many comings and goings. */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "broker/connections.h"

static struct sockaddr_storage from(const char *address)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;
    if (inet_pton(AF_INET, address, &in->sin_addr) == 1)
        storage.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, address, &in6->sin6_addr) == 1)
        storage.ss_family = AF_INET6;
    return storage;
}

static bool add(struct connections *connections, uint32_t id, const char *address)
{
    struct sockaddr_storage peer = from(address);
    return connections_add(connections, id, &peer, 1000);
}

Test(connections, capped_in_all_and_for_each_address)
{
    struct connections *it = connections_new(5, 2);
    cr_assert(add(it, 1, "10.0.0.1"));
    cr_assert(add(it, 2, "10.0.0.1"));
    cr_assert_not(add(it, 3, "10.0.0.1"));
    cr_assert(add(it, 4, "10.0.0.2"));
    cr_assert(add(it, 5, "2001:db8::1"));
    cr_assert(add(it, 6, "2001:db8::1"));
    cr_assert_not(add(it, 7, "10.0.0.3")); /* five are there */
    connections_remove(it, 1);
    cr_assert(add(it, 8, "10.0.0.1"));
    cr_assert_eq(connections_count(it), 5);
    connections_free(&it);
    cr_assert_null(it);
}

Test(connections, local_sockets_have_no_address_to_be_capped_by)
{
    struct connections *it = connections_new(10, 1);
    for (uint32_t id = 1; id <= 10; id++)
        cr_assert(add(it, id, ""));
    connections_free(&it);
}

Test(connections, idle_ones_are_told_once_in_a_while)
{
    struct connections *it = connections_new(10, 10);
    uint32_t ids[10];
    add(it, 1, "10.0.0.1");
    add(it, 2, "10.0.0.1");
    cr_assert(connections_touch(it, 2, 5000));
    cr_assert_not(connections_touch(it, 9, 5000));
    cr_assert_eq(connections_idle(it, 3000, ids, 10), 1);
    cr_assert_eq(ids[0], 1);
    cr_assert_eq(connections_idle(it, 3000, ids, 10), 0);
    cr_assert_eq(connections_idle(it, 9000, ids, 10), 2);
    connections_free(&it);
}

Test(connections, slowest_is_the_one_with_most_replies_on_their_way_of_those_that_took_none_for_long)
{
    struct connections *it = connections_new(10, 10);
    uint32_t ending;
    for (uint32_t id = 1; id <= 3; id++)
        add(it, id, "10.0.0.1");
    cr_assert_eq(connections_slowest(it, 9000, &ending), 0);
    for (uint32_t i = 1; i <= 5; i++)
        cr_assert_eq(connections_sending(it, 2, 100, 2000 + i), i);
    connections_sending(it, 3, 100, 3000);
    cr_assert_eq(connections_slowest(it, 2000, &ending), 0);
    cr_assert_eq(connections_slowest(it, 3000, &ending), 2);
    connections_sent(it, 2, 100, 4000);
    cr_assert_eq(connections_slowest(it, 3000, &ending), 3);
    cr_assert_eq(connections_slowest(it, 4000, &ending), 2);
    cr_assert_eq(ending, 0);
    connections_end(it, 2, 1);
    cr_assert_eq(connections_slowest(it, 4000, &ending), 3);
    cr_assert_eq(ending, 4);
    cr_assert_eq(connections_sending(it, 99, 100, 1), 0);
    connections_sent(it, 99, 100, 1);
    connections_free(&it);
}

Test(connections, table_stays_right_under_many_comings_and_goings)
{
    struct connections *it = connections_new(300, 1000);
    bool there[1000] = {false};
    uint32_t count = 0, random = 12345;
    for (int i = 0; i < 200000; i++) {
        random = random * 1664525 + 1013904223; /* Numerical Recipes' generator; any will do */
        uint32_t id = 1 + (random >> 8) % 999;
        if (there[id]) {
            connections_remove(it, id);
            there[id] = false;
            count--;
        } else if (count < 300) {
            cr_assert(add(it, id, "10.0.0.1"));
            there[id] = true;
            count++;
        }
        id = 1 + (random >> 18) % 999;
        cr_assert_eq(connections_touch(it, id, 1), there[id]);
        cr_assert_eq(connections_count(it), count);
    }
    connections_free(&it);
}

Test(connections, ended_ones_are_told_once_their_time_has_come_and_missed_while_they_are_not_gone)
{
    struct connections *it = connections_new(10, 10);
    uint32_t ids[10];
    add(it, 1, "10.0.0.1");
    add(it, 2, "10.0.0.1");
    cr_assert(connections_end(it, 1, 5000));
    cr_assert_not(connections_end(it, 1, 6000)); /* it is on its way already */
    cr_assert_not(connections_end(it, 9, 5000));
    cr_assert_not(connections_touch(it, 1, 6000)); /* what still comes from it is worth nothing */
    cr_assert(connections_touch(it, 2, 6000));
    cr_assert_eq(connections_ending(it, 4999, ids, 10), 0);
    cr_assert_not(connections_stuck(it, 9000)); /* nothing was done about it yet */
    cr_assert_eq(connections_ending(it, 5000, ids, 10), 1);
    cr_assert_eq(ids[0], 1);
    cr_assert_eq(connections_ending(it, 9000, ids, 10), 0);
    cr_assert_not(connections_stuck(it, 4999));
    cr_assert(connections_stuck(it, 5000));
    connections_remove(it, 1);
    cr_assert_not(connections_stuck(it, 9000));
    connections_free(&it);
}

Test(connections, heaviest_is_the_one_with_most_bytes_on_their_way_that_is_not_ended_yet)
{
    struct connections *it = connections_new(10, 10);
    uint64_t ending;
    for (uint32_t id = 1; id <= 3; id++)
        add(it, id, "10.0.0.1");
    cr_assert_eq(connections_heaviest(it, &ending), 0);
    connections_sending(it, 1, 10, 1);
    connections_sending(it, 1, 10, 1);
    connections_sending(it, 2, 500, 1);
    connections_sending(it, 3, 30, 1);
    cr_assert_eq(connections_heaviest(it, &ending), 2);
    cr_assert_eq(ending, 0);
    connections_end(it, 2, 1);
    cr_assert_eq(connections_heaviest(it, &ending), 3);
    cr_assert_eq(ending, 500);
    connections_sent(it, 2, 500, 1);
    connections_sent(it, 3, 30, 1);
    cr_assert_eq(connections_heaviest(it, &ending), 1);
    cr_assert_eq(ending, 0);
    connections_free(&it);
}
