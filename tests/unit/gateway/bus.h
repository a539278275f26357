/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bus for tests: implements proto/client.h without a network. It answers at once, or holds requests until the test
 * says how they end. */
#ifndef TEST_GATEWAY_BUS_H
#define TEST_GATEWAY_BUS_H

#include "proto/client.h"

/* Requests to describe are always answered at once with one namespace, "bank"; others with ok, version 1 and the health
 * of one partition, unless they are held. */
void bus_hold(bool hold);
/* From now on there are this many partitions, and this many of them have no owner. */
void bus_partitions(uint32_t partitions, uint32_t unowned);
/* Is it there? false: client_connected says no, and requests to describe are not answered. */
void bus_connect(bool connected);
/* Waits until this many requests are held. */
void bus_wait(size_t count);
/* Ends all that are held, from the calling thread. */
void bus_answer(const struct reply *reply);
/* How many requests came in all, those to describe left out. */
size_t bus_count(void);

#endif
