/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The format of a server's part of a log: migrations, each run once, and the meta table. The migrations' text is in
 * deploy/schema/postgresql and is compiled in. Everything is done in one transaction under an advisory lock, so that of
 * many processes that start at once one does it and the others find it done. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/postgres.h"
#include "services/store/postgresql_schema.h"

const char *const postgres_migrations[] = {SCHEMA_SQL};
const uint32_t postgres_format = sizeof postgres_migrations / sizeof postgres_migrations[0];

#define ADVISORY_LOCK "7307498461" /* any number that others are not likely to choose */

static enum error
number_read(struct pg_link *link, const char *sql, const char *doing, uint64_t *out, struct store_fault *fault)
{
    PGresult *result;
    enum error error = pg_execute(link, sql, &result, doing, fault);
    if (error != error_none)
        return error;
    *out = PQntuples(result) == 1 ? strtoull(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return error_none;
}

static enum error format_read(struct pg_link *link, uint64_t *out, struct store_fault *fault)
{
    uint64_t there = 0, format = 0;
    static const char doing[] = "looking for the schema";
    enum error error =
        number_read(link,
                    "SELECT count(*) FROM pg_tables WHERE schemaname = 'fluvius' AND tablename = 'migration'",
                    doing,
                    &there,
                    fault);
    if (error == error_none && there != 0)
        error = number_read(link, "SELECT coalesce(max(number), 0) FROM fluvius.migration", doing, &format, fault);
    if (error == error_none)
        *out = format;
    return error;
}

static enum error format_check(const struct pg_link *link, uint64_t format, uint32_t count, struct store_fault *fault)
{
    const char *name = link->address->name;
    if (format > count)
        return fault_set(fault,
                         error_newer_schema,
                         "%s: the schema fluvius has format %" PRIu64 ", and this program knows those up to %u",
                         name,
                         format,
                         count);
    if (format == 0)
        return fault_set(fault, error_not_found, "%s: no store there: it has no schema fluvius", name);
    if (format < count)
        return fault_set(fault,
                         error_not_found,
                         "%s: the schema fluvius has format %" PRIu64 " and must be migrated to %u first",
                         name,
                         format,
                         count);
    return error_none;
}

static uint64_t meta_number(const PGresult *result, int column)
{
    return (uint64_t)strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

static enum error meta_read(struct pg_link *link, struct server_meta *out, struct store_fault *fault)
{
    PGresult *result;
    enum error error = pg_execute(link,
                                  "SELECT incarnation, partitions, units, server, servers FROM fluvius.meta",
                                  &result,
                                  "reading what log this is",
                                  fault);
    if (error != error_none)
        return error;
    if (PQntuples(result) == 0) {
        *out = (struct server_meta){0};
    } else {
        uint64_t partitions = meta_number(result, 1), units = meta_number(result, 2);
        if (partitions == 0 || partitions > STORE_PARTITIONS_MAX || units == 0 || units > partitions)
            error =
                fault_set(fault, error_corrupt, "%s: impossible numbers of partitions and units", link->address->name);
        else
            *out = (struct server_meta){.info = {(uint32_t)partitions, (uint32_t)units, meta_number(result, 0)},
                                        .server = (uint32_t)meta_number(result, 3),
                                        .servers = (uint32_t)meta_number(result, 4)};
    }
    PQclear(result);
    return error;
}

static enum error meta_make(struct pg_link *link, const struct server_meta *make, struct store_fault *fault)
{
    char sql[1024];
    int size = snprintf(sql,
                        sizeof sql,
                        "INSERT INTO fluvius.meta (incarnation, partitions, units, server, servers)"
                        " VALUES (%" PRId64 ", %u, %u, %u, %u);"
                        " INSERT INTO fluvius.unit (number, epoch, holder)"
                        " SELECT u, 0, '' FROM generate_series(%u, %u, %u) u;"
                        " INSERT INTO fluvius.receipt_mark (unit, late_ms, expired_ms)"
                        " SELECT number, 0, 0 FROM fluvius.unit;"
                        " INSERT INTO fluvius.covered (partition, streams, receipts)"
                        " SELECT p, 0, 0 FROM generate_series(0, %u) p WHERE p %% %u %% %u = %u",
                        (int64_t)make->info.incarnation,
                        make->info.partitions,
                        make->info.units,
                        make->server,
                        make->servers,
                        make->server,
                        make->info.units - 1,
                        make->servers,
                        make->info.partitions - 1,
                        make->info.units,
                        make->servers,
                        make->server);
    if (size < 0 || (size_t)size >= sizeof sql)
        return fault_set(fault, error_bad_settings, "%s: numbers too long", link->address->name);
    return pg_execute(link, sql, NULL, "making the log", fault);
}

static enum error migration_run(struct pg_link *link, const char *sql, uint32_t number, struct store_fault *fault)
{
    char note[96];
    snprintf(note, sizeof note, "INSERT INTO fluvius.migration (number) VALUES (%u)", number);
    enum error error = pg_execute(link, sql, NULL, "migrating the schema", fault);
    return error == error_none ? pg_execute(link, note, NULL, "migrating the schema", fault) : error;
}

static enum error migrate(struct pg_link *link,
                          const char *const *migrations,
                          uint32_t count,
                          const struct server_meta *make,
                          struct store_fault *fault)
{
    uint64_t format = 0;
    struct server_meta meta = {0};
    enum error error = format_read(link, &format, fault);
    for (uint32_t number = (uint32_t)format + 1; number <= count && error == error_none; number++)
        error = migration_run(link, migrations[number - 1], number, fault);
    if (error == error_none && format <= count)
        error = meta_read(link, &meta, fault);
    if (error == error_none && format <= count && meta.info.partitions == 0)
        error = meta_make(link, make, fault);
    return error;
}

static enum error migrate_alone(struct pg_link *link,
                                const char *const *migrations,
                                uint32_t count,
                                const struct server_meta *make,
                                struct store_fault *fault)
{
    enum error error = pg_execute(
        link, "BEGIN; SELECT pg_advisory_xact_lock(" ADVISORY_LOCK ")", NULL, "waiting for other migrations", fault);
    if (error == error_none)
        error = migrate(link, migrations, count, make, fault);
    if (error == error_none)
        return pg_execute(link, "COMMIT", NULL, "migrating the schema", fault);
    pg_execute(link, "ROLLBACK", NULL, "", NULL);
    return error;
}

enum error schema_open(struct pg_link *link,
                       const char *const *migrations,
                       uint32_t count,
                       const struct server_meta *make,
                       struct server_meta *out,
                       struct store_fault *fault)
{
    uint64_t format = 0;
    struct server_meta meta = {0};
    enum error error = format_read(link, &format, fault);
    if (error == error_none && format == count)
        error = meta_read(link, &meta, fault);
    if (error == error_none && make != NULL && (format < count || meta.info.partitions == 0)) {
        error = migrate_alone(link, migrations, count, make, fault);
        if (error == error_none)
            error = format_read(link, &format, fault);
        if (error == error_none && format == count)
            error = meta_read(link, &meta, fault);
    }
    if (error == error_none)
        error = format_check(link, format, count, fault);
    if (error == error_none && meta.info.partitions == 0)
        error = fault_set(fault, error_not_found, "%s: no store there: its schema is empty", link->address->name);
    if (error == error_none)
        *out = meta;
    return error;
}
