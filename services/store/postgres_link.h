/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One connection to a PostgreSQL server: opening it with settings under which a commit is durable, running statements,
 * and what the server's answers mean to callers of the store. A link is used by one thread at a time; a zeroed one is
 * closed, and so is one that broke. */
#ifndef STORE_POSTGRES_LINK_H
#define STORE_POSTGRES_LINK_H

#include <libpq-fe.h>

#include "services/store/backend.h"

#define PG_PARAMETERS_MAX 8
/* What an array of so many numbers needs as a parameter. */
#define PG_NUMBERS_SIZE(COUNT) (20 + (COUNT)*12)

/* Statements are prepared on a link when they are first run there. */
enum pg_statement {
    PG_FENCE,
    PG_PARTITIONS,
    PG_MARKS,
    PG_SCAN,
    PG_RUNS,
    PG_PAGES,
    PG_RECORDS,
    PG_STREAM,
    PG_COVER_STREAMS,
    PG_COVER_RECEIPTS,
    PG_SNAPSHOT,
    PG_RUN,
    PG_PAGE,
    PG_OTHER,
    PG_MARK_LATE,
    PG_MARK_EXPIRED,
    PG_MODULE,
    PG_KIND,
    PG_KINDS,
    PG_ALL_KINDS,
    PG_OLDEST_RUN,
    PG_DELETE_PAGES,
    PG_DELETE_RUN,
    PG_OLDEST_DAY,
    PG_DELETE_DAY,
    PG_LOOK,
    PG_COVERED,
    PG_WALK,
    PG_HEADS,
    PG_FIND_RECEIPT,
    PG_CLAIM,
    PG_RELEASE,
    PG_BEAT,
    PG_LEAVE,
    PG_STATEMENTS
};

/* Settings of a server that may change while sessions last: columns of a query, as text. */
#define PG_SERVER_SETTINGS                                                                                             \
    "current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_standby_names')"
#define PG_SERVER_SETTINGS_COUNT 3

/* How to reach a server; made once, read by all threads. */
struct server_address {
    char *name; /* for faults: "HOST:PORT/DATABASE", without any secret */
    const char **keywords, **values;
    PQconninfoOption *options; /* what the values point into */
    char timeout[16], idle[16], application[80];
    uint32_t hosts;
    bool failover; /* it names standbys, or asks for whichever server is the primary */
    uint32_t lease_ms;
};

struct pg_link {
    PGconn *connection;
    const struct server_address *address;
    bool prepared[PG_STATEMENTS];
    bool warned; /* since it was last cleared, the server has warned of something */
    char warning[128];
    bool begun, piped; /* a transaction was begun; and its first statement was sent */
    unsigned pending;  /* statements sent whose results were not read */
};

/* Are those, from the column on, such that what has committed stays? error_unsafe_settings, saying which are not. */
enum error
pg_server_check(const struct server_address *address, const PGresult *result, int column, struct store_fault *fault);

/* Parameters in binary. What they point to must outlive their use. */
struct parameters {
    int count;
    const char *values[PG_PARAMETERS_MAX];
    int sizes[PG_PARAMETERS_MAX], formats[PG_PARAMETERS_MAX];
    uint64_t numbers[PG_PARAMETERS_MAX];
};
void parameter_number(struct parameters *parameters, uint64_t number);
/* bytea, uuid or text; NULL data is an empty value. */
void parameter_bytes(struct parameters *parameters, struct slice bytes);
/* bigint[], written into bytes, which are of PG_NUMBERS_SIZE(count). */
void parameter_numbers(struct parameters *parameters, const uint64_t *numbers, size_t count, uint8_t *bytes);

/* Columns of binary results: an integer of 2, 4 or 8 bytes (0 when NULL), and the bytes of anything else. */
uint64_t result_number(const PGresult *result, int row, int column);
struct slice result_bytes(const PGresult *result, int row, int column);

/* ---- postgres_link.c ---- */
/* Parses a URL, the first of several; error_bad_settings when it is none. Freed with address_fini, which is safe on a
 * zeroed one. */
enum error address_init(
    struct server_address *out, const char *url, uint32_t lease_ms, const char *holder, struct store_fault *fault);
void address_fini(struct server_address *address);
/* Connects and refuses servers on which a commit would not be durable, or that cannot be written. */
enum error pg_open(struct pg_link *out, const struct server_address *address, struct store_fault *fault);
void pg_close(struct pg_link *link);
bool pg_is_open(const struct pg_link *link);

/* ---- postgres_fault.c ---- */
/* What an SQLSTATE means; a text that is none gives error_unreachable. */
enum error error_of_state(const char *state);
/* Describes a result that is not what was hoped for, or, when it is NULL, why the connection broke. */
enum error pg_fault(struct pg_link *link, const PGresult *result, const char *doing, struct store_fault *fault);
/* Why connecting failed. */
enum error connect_fault(const struct server_address *address, PGconn *connection, struct store_fault *fault);

/* ---- postgres_query.c ---- */
/* Runs SQL without parameters; the results of all but the last statement are dropped. *out, when it is not NULL, is
 * freed with PQclear. */
enum error
pg_execute(struct pg_link *link, const char *sql, PGresult **out, const char *doing, struct store_fault *fault);
/* Runs a statement and waits for its rows, in a transaction that was begun or by itself. */
enum error pg_run(struct pg_link *link,
                  enum pg_statement statement,
                  const struct parameters *parameters,
                  PGresult **out,
                  const char *doing,
                  struct store_fault *fault);
/* The same, but gives up, and closes the link, at a time of CLOCK_BOOTTIME in microseconds. */
enum error pg_run_until(struct pg_link *link,
                        enum pg_statement statement,
                        const struct parameters *parameters,
                        uint64_t deadline_us,
                        PGresult **out,
                        const char *doing,
                        struct store_fault *fault);
/* A transaction whose statements are sent without waiting for their results: begin sends nothing yet, put queues a
 * statement, settle waits for all that was put, commit for the end. With nothing put, commit does nothing. When one of
 * them fails the transaction is rolled back, or the connection is lost; error_unknown_outcome when it was lost while
 * the commit was under way. */
void pg_begin(struct pg_link *link);
enum error pg_put(struct pg_link *link,
                  enum pg_statement statement,
                  const struct parameters *parameters,
                  const char *doing,
                  struct store_fault *fault);
enum error pg_settle(struct pg_link *link, const char *doing, struct store_fault *fault);
enum error pg_commit(struct pg_link *link, const char *doing, struct store_fault *fault);
void pg_rollback(struct pg_link *link);

uint64_t clock_boot_us(void);

#endif
