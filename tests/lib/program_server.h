/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL server of a test program: it starts before the first test and ends after
 * the last. Link postgres_program. */
#ifndef TEST_PROGRAM_SERVER_H
#define TEST_PROGRAM_SERVER_H

#include <stdint.h>

/* Where it listens. */
uint16_t postgres_port(void);
/* Makes an empty database with a name of its own, and drops it whoever is connected. */
void postgres_database_make(char name[64]);
void postgres_database_drop(const char *name);

#endif
