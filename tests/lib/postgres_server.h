/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A PostgreSQL server of a test program's own, from Debian's package: in a temporary directory, on a free port of
 * 127.0.0.1, as an unprivileged user when the tests run as root (the server refuses root). It syncs as one in use does.
 * It ends with the thread that started it, however that ends. */
#ifndef TEST_POSTGRES_SERVER_H
#define TEST_POSTGRES_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct postgres_server {
    char directory[64], bin[64];
    uint16_t port;
    pid_t pid; /* 0: not running */
};

/* Makes the directory and its cluster with the superuser postgres, who needs no password; does not start it. */
void postgres_server_make(struct postgres_server *server);
/* Starts it and waits until it answers; settings are "name=value", up to a NULL; may be NULL. */
void postgres_server_start(struct postgres_server *server, const char *const *settings);
/* Waits for the end. Fast: disconnects its clients; otherwise as in a crash, without a last checkpoint. */
void postgres_server_stop(struct postgres_server *server, bool fast);
void postgres_server_remove(struct postgres_server *server);

/* Runs SQL as the superuser; the first column of the first row, "" when there is none. Freed with free(). Ends the
 * program when it fails. */
char *postgres_server_query(uint16_t port, const char *database, const char *sql);

#endif
