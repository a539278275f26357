/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connections over their time are shut down, others are not. Time is what the tests say it is. */
#include "services/gateway/peers.h"

#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/status.h"

#define START UINT64_C(5000000)

static struct peers peers;
static struct stats stats;
static int ends[2];
static struct peer *peer;

static void start(void)
{
    stats_init(&stats);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer = peer_add(&peers, ends[0], START);
}

static void finish(void)
{
    peer_remove(&peers, &peer);
    close(ends[0]), close(ends[1]);
}
TestSuite(peers, .init = start, .fini = finish);

/* The other side reads the end of the stream. */
static bool is_shut(void)
{
    char byte;
    return recv(ends[1], &byte, 1, MSG_DONTWAIT) == 0;
}

static void assert_limit(enum phase phase, uint64_t limit_ms, enum stat stat)
{
    peer_enter(peer, phase, START);
    peers_sweep(&peers, &stats, START + limit_ms * 1000);
    cr_assert_not(is_shut());
    peers_sweep(&peers, &stats, START + limit_ms * 1000 + 1);
    cr_assert(is_shut());
    peers_sweep(&peers, &stats, START + limit_ms * 1000 + 2);
    cr_assert_eq(stats.metrics[stat].value, 1, "counted once");
}

Test(peers, header_has_its_time)
{
    assert_limit(PHASE_HEADER, limit_header_wait_ms, STAT_CLOSED_HEADER);
}
Test(peers, body_has_its_time)
{
    assert_limit(PHASE_BODY, limit_body_wait_ms, STAT_CLOSED_BODY);
}
Test(peers, idle_has_its_time)
{
    assert_limit(PHASE_IDLE, limit_idle_ms, STAT_CLOSED_IDLE);
}
Test(peers, taking_the_answer_has_its_time)
{
    assert_limit(PHASE_WRITE, limit_idle_ms, STAT_CLOSED_WRITE);
}

Test(peers, waiting_for_the_bus_has_no_limit_here)
{
    peer_enter(peer, PHASE_WAIT, START);
    peers_sweep(&peers, &stats, START + UINT64_C(86400000000));
    cr_assert_not(is_shut());
}

Test(peers, new_connection_waits_for_a_header)
{
    peers_sweep(&peers, &stats, START + limit_header_wait_ms * UINT64_C(1000) + 1);
    cr_assert(is_shut());
}

Test(peers, entering_a_phase_starts_its_time)
{
    peer_enter(peer, PHASE_BODY, START + 1000000);
    peers_sweep(&peers, &stats, START + 1000000 + limit_body_wait_ms * UINT64_C(1000));
    cr_assert_not(is_shut());
}

Test(peers, closing_one_enters_no_other_phase)
{
    peers_sweep(&peers, &stats, START + limit_header_wait_ms * UINT64_C(1000) + 1);
    peer_enter(peer, PHASE_IDLE, START);
    cr_assert_eq(peer->phase, PHASE_CLOSING);
}

Test(peers, dismissal_spares_requests_under_way)
{
    peer_enter(peer, PHASE_BODY, START);
    peers_dismiss(&peers);
    cr_assert_not(is_shut());
    peer_enter(peer, PHASE_WAIT, START);
    peers_dismiss(&peers);
    cr_assert_not(is_shut());
    peer_enter(peer, PHASE_IDLE, START);
    peers_dismiss(&peers);
    cr_assert(is_shut());
}

Test(peers, any_can_be_removed)
{
    struct peer *second = peer_add(&peers, -1, START), *third = peer_add(&peers, -1, START);
    cr_assert_eq(peers.count, 3);
    peer_remove(&peers, &second);
    cr_assert_null(second);
    cr_assert_eq(peers.first, third);
    cr_assert_eq(third->next, peer);
    cr_assert_eq(peer->previous, third);
    peer_remove(&peers, &third);
    cr_assert_eq(peers.first, peer);
    peer_remove(&peers, &third);
    cr_assert_eq(peers.count, 1);
}
