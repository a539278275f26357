/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL server of a test program: it starts before the first test and ends after the last. */
#ifndef TEST_READMODEL_SERVER_H
#define TEST_READMODEL_SERVER_H

#include <stdint.h>

uint16_t server_port(void);
/* Makes an empty database with a name of its own, and drops it whoever is connected. */
void server_database_make(char name[64]);
void server_database_drop(const char *name);

#endif
