/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Are the live read models what their domain makes of the log? Folds the whole log in memory, one aggregate after
 * another, without anything of the projector, and compares with each row of the tables.
 *
 *   rows_check STORE READ_MODELS WAIT_MS MODULE.so
 *
 * Waits so long until the live build has come to the log's end; nobody may write to the log meanwhile. Prints one line
 * of JSON; the exit code is 0 when everything is equal. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fluvius/loader.h"
#include "libactor/domain/scalar.h"
#include "proto/json.h"
#include "proto/reader.h"
#include "services/store/store.h"

enum { PAGE = 1000, TABLE_SIZE = 1 << 20 };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "rows_check: %s: %s\n", what, why);
    exit(2);
}

/* ---- what the log says ---- */

struct state {
    struct state *next;
    char *realm, *resource, *id, *creator, *updater;
    int64_t created_us, updated_us;
    struct aggregate *aggregate;
    bool seen;
};

struct world {
    struct domain *domain;
    struct state *table[TABLE_SIZE];
    uint64_t states, events, last, rows, different, extra, missing;
};

static char *text_of(struct slice text)
{
    char *copy = strndup(text.size == 0 ? "" : (const char *)text.data, text.size);
    if (copy == NULL)
        fail("text", "no memory");
    return copy;
}

static struct state **state_place(struct world *world, const char *realm, const char *resource, const char *id)
{
    const struct stream stream = {
        .realm = slice_text(realm), .resource = slice_text(resource), .identifier = slice_text(id)};
    struct state **place = &world->table[stream_hash(&stream) % TABLE_SIZE];
    while (*place != NULL && (strcmp((*place)->id, id) != 0 || strcmp((*place)->realm, realm) != 0 ||
                              strcmp((*place)->resource, resource) != 0))
        place = &(*place)->next;
    return place;
}

static struct state *state_of(struct world *world, const struct store_record *record)
{
    char *realm = text_of(record->stream.realm), *resource = text_of(record->stream.resource);
    char *id = text_of(record->stream.identifier);
    struct state **place = state_place(world, realm, resource, id);
    if (*place != NULL) {
        free(realm);
        free(resource);
        free(id);
        return *place;
    }
    const struct domain_resource *known = domain_resource(world->domain, record->stream.resource);
    struct state *state = calloc(1, sizeof *state);
    if (known == NULL || state == NULL)
        fail(resource, "the module does not have it");
    *state = (struct state){.realm = realm,
                            .resource = resource,
                            .id = id,
                            .creator = text_of(record->user),
                            .created_us = record->time_us,
                            .aggregate = aggregate_new(known)};
    world->states++;
    return *place = state;
}

static enum error record_fold(void *context, const struct store_record *record)
{
    struct world *world = context;
    struct domain_fault fault;
    world->last = record->seq;
    if (record->event.size == 0 || !slice_is(record->stream.namespace, domain_namespace(world->domain)))
        return error_none;
    struct state *state = state_of(world, record);
    if (aggregate_apply(state->aggregate, record->event, record->schema, record->data, &fault) != error_none)
        fail(state->id, fault.text);
    state->updated_us = record->time_us;
    free(state->updater);
    state->updater = text_of(record->user);
    world->events++;
    return error_none;
}

static void log_fold(struct world *world, struct store *store, uint32_t partitions)
{
    struct store_fault fault = {{0}};
    for (uint32_t partition = 0; partition < partitions; partition++) {
        uint64_t before;
        world->last = 0;
        do {
            before = world->last;
            if (store_read_log(store, partition, before, PAGE, record_fold, world, &fault) != error_none)
                fail("the log", fault.text);
        } while (world->last != before);
    }
}

/* ---- what the tables say ---- */

struct read_row {
    const char *realm, *id, *creator, *updater;
    int64_t version, created_us, updated_us;
    const char *text;
};

static void member_text(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "\"%s\":", name);
    json_quote(out, slice_text(value));
    buffer_append_text(out, ",");
}

static void member_time(struct buffer *out, const char *name, int64_t time_us)
{
    char text[TIMESTAMP_TEXT_SIZE];
    timestamp_format(time_us, text);
    buffer_printf(out, "\"%s\":\"%.*s\",", name, (int)sizeof text, text);
}

/* The row as its readers get it; every state has a field. */
static enum error text_expect(const struct state *state, struct buffer *out)
{
    struct buffer data = {0};
    enum error error = aggregate_encode(state->aggregate, &data);
    buffer_append_text(out, "{");
    member_text(out, "_id", state->id);
    member_time(out, "_created", state->created_us);
    member_time(out, "_updated", state->updated_us);
    member_text(out, "_creator", state->creator);
    member_text(out, "_updater", state->updater);
    buffer_printf(out, "\"_deleted\":null,\"_etag\":\"%" PRIu64 "\",", aggregate_version(state->aggregate));
    member_text(out, "_realm", state->realm);
    size_t brace = out->size;
    if (error == error_none)
        error = msgpack_to_json(buffer_slice(&data), out);
    if (error == error_none)
        memmove(out->data + brace, out->data + brace + 1, --out->size - brace);
    buffer_fini(&data);
    return error;
}

static bool row_equal(const struct state *state, const struct read_row *row)
{
    struct buffer text = {0};
    bool equal = text_expect(state, &text) == error_none && slice_is(buffer_slice(&text), row->text) &&
                 (int64_t)aggregate_version(state->aggregate) == row->version && state->created_us == row->created_us &&
                 state->updated_us == row->updated_us && strcmp(state->creator, row->creator) == 0 &&
                 strcmp(state->updater, row->updater) == 0;
    buffer_fini(&text);
    return equal;
}

static void row_compare(struct world *world, const char *resource, const struct read_row *row)
{
    struct state *state = *state_place(world, row->realm, resource, row->id);
    world->rows++;
    if (state == NULL || state->seen) {
        world->extra++;
        return;
    }
    state->seen = true;
    if (row_equal(state, row))
        return;
    if (world->different++ == 0)
        fprintf(stderr,
                "rows_check: %s/%s: its row is of version %" PRId64 ", the log of version %" PRIu64 "\n",
                resource,
                row->id,
                row->version,
                aggregate_version(state->aggregate));
}

static void missing_count(struct world *world)
{
    for (size_t i = 0; i < TABLE_SIZE; i++)
        for (const struct state *state = world->table[i]; state != NULL; state = state->next)
            if (!state->seen && world->missing++ == 0)
                fprintf(stderr, "rows_check: %s/%s has no row\n", state->resource, state->id);
}

/* Either database, as far as this program needs one. */
struct database {
    sqlite3 *sqlite;
    PGconn *postgres;
    const char *schema;
};

static void database_open(struct database *out, const char *url)
{
    char path[4096];
    if (strncmp(url, "sqlite:", 7) != 0) {
        *out = (struct database){.postgres = PQconnectdb(url), .schema = "fluvius_read."};
        if (PQstatus(out->postgres) != CONNECTION_OK)
            fail(url, PQerrorMessage(out->postgres));
        return;
    }
    *out = (struct database){.schema = ""};
    snprintf(path, sizeof path, "%s/read.db", url + 7);
    if (sqlite3_open_v2(path, &out->sqlite, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        fail(path, sqlite3_errmsg(out->sqlite));
    sqlite3_busy_timeout(out->sqlite, 5000);
    sqlite3_db_config(out->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_exec(out->sqlite, "PRAGMA query_only = 1", NULL, NULL, NULL);
}

/* One number; -1 when there is none. */
static int64_t number_ask(const struct database *database, const char *sql)
{
    int64_t number = -1;
    if (database->postgres != NULL) {
        PGresult *result = PQexec(database->postgres, sql);
        if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
            number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
        return number;
    }
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database->sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static int64_t live_build(const struct database *database, const char *projection)
{
    char sql[256];
    snprintf(
        sql, sizeof sql, "SELECT id FROM %sbuild WHERE state = 1 AND projection = '%s'", database->schema, projection);
    return number_ask(database, sql);
}

static uint64_t checkpoint_of(const struct database *database, int64_t build, uint32_t partition)
{
    char sql[256];
    snprintf(sql,
             sizeof sql,
             "SELECT seq FROM %scheckpoint WHERE build = %" PRId64 " AND partition = %u",
             database->schema,
             build,
             partition);
    return (uint64_t)number_ask(database, sql);
}

static bool caught_up(const struct database *database, struct store *store, uint32_t partitions, int64_t build)
{
    struct store_partition *heads = calloc(partitions, sizeof heads[0]);
    struct store_fault fault = {{0}};
    if (heads == NULL || store_read_heads(store, heads, &fault) != error_none)
        fail("the log", fault.text);
    bool whole = build >= 0;
    for (uint32_t i = 0; i < partitions && whole; i++)
        whole = checkpoint_of(database, build, i) == heads[i].head;
    free(heads);
    return whole;
}

static int64_t build_wait(
    const struct database *database, struct store *store, uint32_t partitions, const char *projection, long wait_ms)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    for (; wait_ms > 0; wait_ms -= 20) {
        int64_t build = live_build(database, projection);
        if (caught_up(database, store, partitions, build))
            return build;
        nanosleep(&moment, NULL);
    }
    fail("the live build", "it does not come to the log's end");
    return -1;
}

static void rows_sqlite(struct world *world, const struct database *database, const char *sql, const char *resource)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database->sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
        fail(sql, sqlite3_errmsg(database->sqlite));
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const struct read_row row = {.realm = (const char *)sqlite3_column_text(statement, 0),
                                     .id = (const char *)sqlite3_column_text(statement, 1),
                                     .version = sqlite3_column_int64(statement, 2),
                                     .created_us = sqlite3_column_int64(statement, 3),
                                     .updated_us = sqlite3_column_int64(statement, 4),
                                     .creator = (const char *)sqlite3_column_text(statement, 5),
                                     .updater = (const char *)sqlite3_column_text(statement, 6),
                                     .text = (const char *)sqlite3_column_text(statement, 7)};
        row_compare(world, resource, &row);
    }
    sqlite3_finalize(statement);
}

static void rows_postgres(struct world *world, const struct database *database, const char *sql, const char *resource)
{
    PGresult *result = PQexec(database->postgres, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail(sql, PQerrorMessage(database->postgres));
    for (int i = 0; i < PQntuples(result); i++) {
        const struct read_row row = {.realm = PQgetvalue(result, i, 0),
                                     .id = PQgetvalue(result, i, 1),
                                     .version = strtoll(PQgetvalue(result, i, 2), NULL, 10),
                                     .created_us = strtoll(PQgetvalue(result, i, 3), NULL, 10),
                                     .updated_us = strtoll(PQgetvalue(result, i, 4), NULL, 10),
                                     .creator = PQgetvalue(result, i, 5),
                                     .updater = PQgetvalue(result, i, 6),
                                     .text = PQgetvalue(result, i, 7)};
        row_compare(world, resource, &row);
    }
    PQclear(result);
}

static void resource_compare(
    struct world *world, const struct database *database, int64_t build, unsigned number, const char *resource)
{
    char sql[256];
    snprintf(sql,
             sizeof sql,
             "SELECT _realm, _id, _etag, _created, _updated, _creator, _updater, _row FROM %sm%" PRId64 "_%u",
             database->schema,
             build,
             number);
    (database->postgres != NULL ? rows_postgres : rows_sqlite)(world, database, sql, resource);
}

/* Tables are numbered as the description lists the resources. */
static void tables_compare(struct world *world, const struct database *database, int64_t build)
{
    struct slice resources, resource, raw, name;
    uint32_t count = 0;
    if (msgpack_find(domain_description(world->domain), "resources", &resources) != error_none)
        fail("the description", "it has no resources");
    struct reader reader = reader_of(resources);
    reader_array(&reader, &count);
    for (uint32_t i = 0; i < count && reader_raw(&reader, &resource) == error_none; i++) {
        struct reader words;
        if (msgpack_find(resource, "name", &raw) != error_none)
            fail("the description", "a resource has no name");
        words = reader_of(raw);
        reader_text(&words, &name);
        char *text = text_of(name);
        resource_compare(world, database, build, i, text);
        free(text);
    }
}

int main(int argc, char **argv)
{
    static struct world world;
    struct domain_fault domain_fault;
    struct store_fault fault = {{0}};
    struct store *store;
    struct store_info info;
    struct database database;
    if (argc != 5)
        fail("usage", "rows_check STORE READ_MODELS WAIT_MS MODULE.so");
    const struct store_config config = {.url = argv[1], .holder = "rows_check", .member = "rows_check"};
    if (domain_load(&world.domain, argv[4], &domain_fault) != error_none)
        fail(argv[4], domain_fault.text);
    if (store_open(&store, &config, &fault) != error_none)
        fail(argv[1], fault.text);
    store_info(store, &info);
    database_open(&database, argv[2]);
    int64_t build = build_wait(&database, store, info.partitions, domain_namespace(world.domain), atol(argv[3]));
    log_fold(&world, store, info.partitions);
    tables_compare(&world, &database, build);
    missing_count(&world);
    store_close(&store);
    printf("{\"build\":%" PRId64 ",\"rows\":%" PRIu64 ",\"events\":%" PRIu64 ",\"different\":%" PRIu64
           ",\"missing\":%" PRIu64 ",\"extra\":%" PRIu64 "}\n",
           build,
           world.rows,
           world.events,
           world.different,
           world.missing,
           world.extra);
    return world.different + world.missing + world.extra == 0 && world.rows == world.states ? 0 : 1;
}
