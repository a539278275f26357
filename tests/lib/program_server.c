/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL server of a test program. */
#include "tests/lib/program_server.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/postgres_server.h"

#define PORT_VARIABLE "FLUVIUS_TEST_POSTGRES_PORT"

static struct postgres_server program_server;

/* Tests run in processes of their own, and find the port in their environment. */
ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
    (void)tests;
    char port[16];
    postgres_server_make(&program_server);
    postgres_server_start(&program_server, NULL);
    snprintf(port, sizeof port, "%u", program_server.port);
    setenv(PORT_VARIABLE, port, 1);
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
    (void)stats;
    postgres_server_remove(&program_server);
}

uint16_t postgres_port(void)
{
    const char *port = getenv(PORT_VARIABLE);
    cr_assert(port != NULL);
    return (uint16_t)atoi(port);
}

static void server_sql(const char *verb, const char *name, const char *end)
{
    char sql[160];
    snprintf(sql, sizeof sql, "%s DATABASE %s%s", verb, name, end);
    free(postgres_server_query(postgres_port(), "postgres", sql));
}

void postgres_database_make(char name[64])
{
    static int number;
    snprintf(name, 64, "t%d_%d", (int)getpid(), number++);
    server_sql("CREATE", name, "");
}

void postgres_database_drop(const char *name)
{
    server_sql("DROP", name, " WITH (FORCE)");
}
