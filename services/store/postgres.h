/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the PostgreSQL backend share. Many processes share one log; a unit is owned by the one that claimed
 * it last, at its epoch. unit.h has what does not depend on PostgreSQL.
 *
 *   postgres.c           the table of operations; closing
 *   postgres_open.c      opening: one server or several, unit u on server u mod servers
 *   postgres_schema.c    migrations, and what a server's meta table must say
 *   postgres_claim.c     claiming and releasing units
 *   postgres_pool.c      beats: leases, members, owners
 *   postgres_append.c    appending: copy first, fence last
 *   postgres_write.c     the owner's other rows; postgres_recover.c what a new owner reads
 *   postgres_read.c      the reader's rows
 *   postgres_row.c       rows of the log to and from records
 *   postgres_link.c      connections; postgres_query.c statements; postgres_fault.c what answers mean
 *
 * Connections: a writer's for each claimed unit, whose backend the unit's row names, so that the next owner can end it;
 * a reader's for each server, shared under a mutex; one for beats for each server, so that nothing else delays them.
 * One that broke is opened again when it is next used, but for a writer's: its unit must be claimed anew.
 *
 * Outcomes. Until the end of the copied rows has been sent, nothing can have committed: error_unreachable. Afterwards,
 * until the answer to the commit was read, it may have: error_unknown_outcome, and the connection is given up. So it is
 * when the server warns: it has committed without waiting for its standby. A claim then ends the old backend, raises
 * the epoch and only then reads what there is. */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include <stdatomic.h>

#include "services/store/postgres_statements.h"
#include "services/store/unit.h"

#define KINDS_UNKNOWN UINT64_MAX

struct server {
    struct server_address address;
    pthread_mutex_t mutex;
    struct pg_link reader; /* under the mutex */
    struct pg_link beats;  /* the beating thread's */
    uint64_t kinds;        /* likewise: how many kinds of events it has seen there, or KINDS_UNKNOWN */
};

struct postgres_unit {
    struct unit base;
    struct server *server;
    PGresult *looked; /* the reading thread's: what read_end frees */
    /* the writing thread's */
    struct pg_link writer;
    char append_sql[512];
    uint8_t *rows; /* a batch as it is sent */
    size_t rows_size, rows_capacity;
};

struct postgres_store {
    struct unit_store base;
    char *holder, *member;
    uint64_t boot;
    uint32_t lease_ms;
    /* Written by the beating thread, read by any; a lone number that orders nothing else, so relaxed is enough: who
     * reads an old one only takes the lease to end sooner. */
    _Atomic uint64_t lease_until_us;
    uint32_t server_count;
    struct server *servers;
    /* the beating thread's */
    uint64_t unreadable; /* bit u: this process cannot read unit u; as kinds only come, bits only come */
    struct store_fault unreadable_fault; /* why the first of them */
};

struct postgres_store *postgres_of(const struct store *store);
static inline struct postgres_unit *postgres_unit_of(const struct unit *unit)
{
    return (struct postgres_unit *)unit;
}
static inline struct postgres_store *postgres_store_of(const struct unit *unit)
{
    return (struct postgres_store *)unit->store;
}

/* ---- postgres_open.c ---- */
enum error postgres_open(struct store **out, const struct store_config *config, struct store_fault *fault);
/* Opens a link of a store that is open: error_bad_settings when the server holds another log by now. */
enum error server_connect(struct pg_link *out,
                          const struct postgres_store *store,
                          const struct server *server,
                          struct store_fault *fault);

/* ---- postgres.c ---- */
void postgres_close(struct store **store);

/* ---- postgres_schema.c ---- */
extern const char *const postgres_migrations[];
extern const uint32_t postgres_format; /* how many there are: the format that this program writes */
/* What a server says of itself; partitions is 0 when it holds no log yet. */
struct server_meta {
    struct store_info info;
    uint32_t server, servers;
};
/* Reads it, or, when there is none and *make says what it would be, makes it and brings the schema to the format of the
 * last of the migrations. make may be NULL: error_not_found for a server without the schema, or with an older one. */
enum error schema_open(struct pg_link *link,
                       const char *const *migrations,
                       uint32_t count,
                       const struct server_meta *make,
                       struct server_meta *out,
                       struct store_fault *fault);

/* ---- postgres_row.c ---- */
/* Appends a row in the format of a binary COPY to the unit's rows; head and tail enclose them. */
enum error
rows_fill(struct postgres_unit *unit, const struct store_record *records, size_t count, struct store_fault *fault);
/* Reads the row's columns, LOG_COLUMNS from the first on; slices are valid as long as the result. error_corrupt, naming
 * the position, when the checksum does not hold. */
enum error row_decode(const struct unit *unit,
                      const PGresult *result,
                      int row,
                      int first,
                      struct store_record *out,
                      struct store_fault *fault);
/* Visits each row of a result. */
enum error rows_visit(
    const struct unit *unit, const PGresult *result, store_visit visit, void *context, struct store_fault *fault);
/* Visits a record for each position, a zeroed one where there is none; both are in ascending order. */
enum error positions_visit(const struct unit *unit,
                           const PGresult *result,
                           const uint64_t *positions,
                           size_t count,
                           store_visit visit,
                           void *context,
                           struct store_fault *fault);

/* A row of namespace, resource, event and schema. */
static inline struct store_kind kind_read(const PGresult *result, int row)
{
    return (struct store_kind){.namespace = result_bytes(result, row, 0),
                               .resource = result_bytes(result, row, 1),
                               .event = result_bytes(result, row, 2),
                               .schema = (uint32_t)result_number(result, row, 3)};
}

/* ---- postgres_append.c ---- */
/* Sets the unit's append_sql once its epoch is known. */
void append_prepare(struct postgres_unit *unit);
enum error postgres_append(
    struct store *store, uint32_t unit, const struct store_record *records, size_t count, struct store_fault *fault);

/* ---- postgres_claim.c ---- */
enum error
postgres_claim(struct store *store, uint32_t unit, const struct store_claim **out, struct store_fault *fault);
void postgres_release(struct store *store, uint32_t unit);

/* ---- postgres_pool.c ---- */
enum error
postgres_beat(struct store *store, const struct store_beat *beat, struct store_pool **out, struct store_fault *fault);
uint64_t postgres_lease_until(const struct store *store);
/* The last words of a process that leaves the pool and owns nothing any more. */
void pool_leave(struct postgres_store *store);

/* ---- postgres_read.c ---- */
enum error postgres_read_heads(struct store *store, struct store_partition *out, struct store_fault *fault);

extern const struct unit_writing postgres_writing;   /* postgres_write.c */
extern const struct unit_claiming postgres_claiming; /* postgres_recover.c */
extern const struct unit_reading postgres_reading;   /* postgres_read.c */

#endif
