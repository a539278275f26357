/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connecting to a server, and what a session there must be like. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/postgres_link.h"

enum { OPTIONS_OURS = 10, VERSION_MIN = 140000, CONNECT_SPARE_MS = 2000 };

/* ---- addresses ---- */

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val;
    return NULL;
}

static const char *or_else(const char *value, const char *other)
{
    return value == NULL || value[0] == 0 ? other : value;
}

static char *name_make(const PQconninfoOption *options)
{
    char *name = NULL;
    const char *host = or_else(option_value(options, "host"), or_else(option_value(options, "hostaddr"), "localhost"));
    const char *port = or_else(option_value(options, "port"), "5432");
    const char *database = or_else(option_value(options, "dbname"), or_else(option_value(options, "user"), ""));
    return asprintf(&name, "%s:%s/%s", host, port, database) < 0 ? NULL : name;
}

static uint32_t hosts_count(const PQconninfoOption *options)
{
    uint32_t count = 1;
    for (const char *at = or_else(option_value(options, "hostaddr"), or_else(option_value(options, "host"), ""));
         *at != 0;
         at++)
        count += *at == ',';
    return count;
}

/* One name may stand for several servers too: then the URL says that it wants the primary. */
static bool wants_primary(const PQconninfoOption *options)
{
    const char *wanted = or_else(option_value(options, "target_session_attrs"), "");
    return strcmp(wanted, "read-write") == 0 || strcmp(wanted, "primary") == 0;
}

/* A dead server is noticed within about a lease: owners are replaced by then anyway. What the URL says counts more. */
static size_t options_ours(struct server_address *address)
{
    snprintf(address->timeout, sizeof address->timeout, "%u", address->lease_ms);
    snprintf(address->idle, sizeof address->idle, "%u", address->lease_ms < 2000 ? 1 : address->lease_ms / 2000);
    const char *const ours[OPTIONS_OURS][2] = {{"fallback_application_name", address->application},
                                               {"tcp_user_timeout", address->timeout},
                                               {"keepalives_idle", address->idle},
                                               {"keepalives_interval", "1"},
                                               {"keepalives_count", "3"},
                                               {"target_session_attrs", address->hosts > 1 ? "read-write" : "any"}};
    size_t count = 0;
    for (; count < OPTIONS_OURS && ours[count][0] != NULL; count++) {
        address->keywords[count] = ours[count][0];
        address->values[count] = ours[count][1];
    }
    return count;
}

static void options_add(struct server_address *address)
{
    size_t count = options_ours(address);
    for (const PQconninfoOption *option = address->options; option->keyword != NULL; option++)
        if (option->val != NULL && option->val[0] != 0) {
            address->keywords[count] = option->keyword;
            address->values[count++] = option->val;
        }
    address->keywords[count] = "client_encoding";
    address->values[count++] = "UTF8";
    address->keywords[count] = NULL;
    address->values[count] = NULL;
}

static size_t options_count(const PQconninfoOption *options)
{
    size_t count = 0;
    while (options[count].keyword != NULL)
        count++;
    return count;
}

enum error address_init(
    struct server_address *out, const char *url, uint32_t lease_ms, const char *holder, struct store_fault *fault)
{
    /* What libpq says of a URL that it cannot read may quote the password in it. */
    char *first = strndup(url, strcspn(url, " "));
    struct server_address address = {.options = first == NULL ? NULL : PQconninfoParse(first, NULL),
                                     .lease_ms = lease_ms};
    free(first);
    if (address.options == NULL)
        return fault_set(fault,
                         error_bad_settings,
                         "the store's URL cannot be read: postgresql://USER@HOST:PORT/DATABASE is wanted");
    size_t count = options_count(address.options) + OPTIONS_OURS + 2;
    address.name = name_make(address.options);
    address.keywords = calloc(count, sizeof address.keywords[0]);
    address.values = calloc(count, sizeof address.values[0]);
    address.hosts = hosts_count(address.options);
    address.failover = address.hosts > 1 || wants_primary(address.options);
    snprintf(address.application, sizeof address.application, "fluvius %s", holder);
    *out = address;
    if (address.name == NULL || address.keywords == NULL || address.values == NULL) {
        address_fini(out);
        return fault_set(fault, error_no_memory, "no memory for a store's URL");
    }
    options_add(out);
    return error_none;
}

void address_fini(struct server_address *address)
{
    free(address->name);
    free(address->keywords);
    free(address->values);
    PQconninfoFree(address->options);
    *address = (struct server_address){0};
}

/* ---- connecting ---- */

bool pg_is_open(const struct pg_link *link)
{
    return link->connection != NULL && PQstatus(link->connection) == CONNECTION_OK;
}

void pg_close(struct pg_link *link)
{
    const struct server_address *address = link->address;
    PQfinish(link->connection);
    *link = (struct pg_link){.address = address};
}

/* Keeps warnings; what is less does not matter. */
static void notice_take(void *context, const PGresult *result)
{
    struct pg_link *link = context;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (severity == NULL || strcmp(severity, "WARNING") != 0)
        return;
    link->warned = true;
    snprintf(link->warning, sizeof link->warning, "%s", text == NULL ? "" : text);
}

static bool connect_wait(PGconn *connection, uint64_t deadline_us)
{
    for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
        uint64_t now_us = clock_boot_us();
        if (state == PGRES_POLLING_FAILED || now_us >= deadline_us)
            return false;
        struct pollfd file = {.fd = PQsocket(connection), .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int ready = poll(&file, 1, (int)((deadline_us - now_us) / 1000) + 1);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready > 0)
            state = PQconnectPoll(connection);
    }
    return true;
}

static enum error connect_start(struct pg_link *link, struct store_fault *fault)
{
    const struct server_address *address = link->address;
    uint64_t wait_ms = (uint64_t)address->lease_ms * address->hosts + CONNECT_SPARE_MS;
    uint64_t deadline_us = clock_boot_us() + wait_ms * 1000;
    link->connection = PQconnectStartParams(address->keywords, address->values, 0);
    if (link->connection == NULL || PQstatus(link->connection) == CONNECTION_BAD)
        return connect_fault(address, link->connection, fault);
    /* The only way to the SQLSTATE of a refused login. */
    PQsetErrorVerbosity(link->connection, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(link->connection, notice_take, link);
    if (connect_wait(link->connection, deadline_us))
        return error_none;
    if (PQstatus(link->connection) == CONNECTION_BAD)
        return connect_fault(address, link->connection, fault);
    return fault_set(fault, error_unreachable, "%s: connecting: no answer in time", address->name);
}

/* ---- the session ---- */

/* Timeouts that an administrator has set for other uses would cut our transactions; everything we run is an index
 * lookup, which the planner must not doubt while a table is small or its statistics are old. */
static const char session_sql[] =
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');"
    " SET default_transaction_isolation = 'read committed'; SET statement_timeout = 0; SET lock_timeout = 0;"
    " SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0; SET client_min_messages = warning;"
    " SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;"
    " SET enable_mergejoin = off; SET jit = off";

enum { SETTING_COMMIT = PG_SERVER_SETTINGS_COUNT, SETTING_READ_ONLY, SETTING_RECOVERY, SETTING_ENCODING };

static const char settings_sql[] =
    "SELECT " PG_SERVER_SETTINGS ", current_setting('synchronous_commit'),"
    " current_setting('transaction_read_only'), pg_is_in_recovery()::text, current_setting('server_encoding')";

static bool is(const PGresult *result, int column, const char *value)
{
    return strcmp(PQgetvalue(result, 0, column), value) == 0;
}

/* A take-over by a standby loses nothing only if commits wait for one. */
enum error
pg_server_check(const struct server_address *address, const PGresult *result, int column, struct store_fault *fault)
{
    const char *flush = PQgetvalue(result, 0, column), *pages = PQgetvalue(result, 0, column + 1);
    if (strcmp(flush, "on") != 0 || strcmp(pages, "on") != 0)
        return fault_set(fault,
                         error_unsafe_settings,
                         "%s: fsync is %s and full_page_writes is %s: both must be on",
                         address->name,
                         flush,
                         pages);
    if (address->failover && PQgetvalue(result, 0, column + 2)[0] == 0)
        return fault_set(fault,
                         error_unsafe_settings,
                         "%s: a primary with standbys, but synchronous_standby_names is empty: a standby would lack "
                         "commits",
                         address->name);
    return error_none;
}

static enum error settings_check(const struct pg_link *link, const PGresult *result, struct store_fault *fault)
{
    const char *name = link->address->name;
    if (is(result, SETTING_RECOVERY, "true") || is(result, SETTING_READ_ONLY, "on"))
        return fault_set(fault,
                         error_read_only,
                         "%s: the server is %s",
                         name,
                         is(result, SETTING_RECOVERY, "true") ? "a standby" : "read-only");
    enum error error = pg_server_check(link->address, result, 0, fault);
    if (error != error_none)
        return error;
    if (!is(result, SETTING_COMMIT, "on") && !is(result, SETTING_COMMIT, "remote_apply"))
        return fault_set(fault, error_unsafe_settings, "%s: synchronous_commit cannot be switched on", name);
    if (!is(result, SETTING_ENCODING, "UTF8"))
        return fault_set(fault,
                         error_unsafe_settings,
                         "%s: the database's encoding is %s; it must be UTF8",
                         name,
                         PQgetvalue(result, 0, SETTING_ENCODING));
    return error_none;
}

static enum error session_begin(struct pg_link *link, struct store_fault *fault)
{
    PGresult *result = NULL;
    int version = PQserverVersion(link->connection);
    if (version < VERSION_MIN)
        return fault_set(fault,
                         error_unsafe_settings,
                         "%s: version %d of the server is too old: 14 is the oldest",
                         link->address->name,
                         version / 10000);
    enum error error = pg_execute(link, session_sql, NULL, "beginning a session", fault);
    if (error == error_none)
        error = pg_execute(link, settings_sql, &result, "reading settings", fault);
    if (error == error_none)
        error = settings_check(link, result, fault);
    PQclear(result);
    return error;
}

enum error pg_open(struct pg_link *out, const struct server_address *address, struct store_fault *fault)
{
    *out = (struct pg_link){.address = address};
    enum error error = connect_start(out, fault);
    if (error == error_none)
        error = session_begin(out, fault);
    if (error != error_none)
        pg_close(out);
    return error;
}
