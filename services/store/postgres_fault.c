/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a server's answers mean to callers of the store. */
#include <ctype.h>

#include "services/store/postgres_link.h"

static const struct {
    const char *prefix; /* of an SQLSTATE; the first that fits counts */
    enum error error;
} states[] = {
    {"FL001", error_fenced},
    {"53100", error_no_space},
    {"53200", error_no_memory},
    {"53300", error_connection_limit},
    {"53", error_unreachable},
    {"57P04", error_not_found},      /* database dropped */
    {"57P", error_unreachable},      /* shutting down, crashed, starting up */
    {"57014", error_locked},         /* somebody cancelled the statement */
    {"28", error_login_refused},     /* wrong user or password */
    {"42501", error_login_refused},  /* not allowed to */
    {"3D000", error_not_found},      /* no such database */
    {"42P01", error_missing_schema}, /* no such table, function or schema */
    {"42883", error_missing_schema},
    {"3F000", error_missing_schema},
    {"25006", error_read_only},
    {"55P03", error_locked}, /* a lock was not to be had in time */
    {"40", error_locked},    /* deadlock, serialization */
    {"22", error_invalid_data},
    {"58", error_io},
    {"08", error_unreachable},
};

enum error error_of_state(const char *state)
{
    if (state == NULL || state[0] == 0)
        return error_unreachable;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) == 0)
            return states[i].error;
    return error_corrupt; /* tables or functions that are not as they should be, damaged pages */
}

static int line_size(const char *text)
{
    return (int)strcspn(text, "\n");
}

enum error pg_fault(struct pg_link *link, const PGresult *result, const char *doing, struct store_fault *fault)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (text == NULL)
        text = link->connection == NULL ? "not connected" : PQerrorMessage(link->connection);
    enum error error = pg_is_open(link) || state != NULL ? error_of_state(state) : error_unreachable;
    return fault_set(fault,
                     error,
                     "%s: %s: %.*s%s%s%s",
                     link->address->name,
                     doing,
                     line_size(text),
                     text,
                     state == NULL ? "" : " (",
                     state == NULL ? "" : state,
                     state == NULL ? "" : ")");
}

static bool is_state(const char *text)
{
    for (int i = 0; i < 5; i++)
        if (!isdigit((unsigned char)text[i]) && !isupper((unsigned char)text[i]))
            return false;
    return text[5] == ':' && text[6] == ' ';
}

/* Refused logins come as text only: "FATAL:  28P01: password authentication failed ...", in the server's language but
 * for the state. */
static const char *state_find(const char *text)
{
    const char *found = NULL;
    for (const char *at = strstr(text, ":  "); at != NULL; at = strstr(at + 1, ":  "))
        if (is_state(at + 3))
            found = at + 3;
    return found;
}

enum error connect_fault(const struct server_address *address, PGconn *connection, struct store_fault *fault)
{
    const char *text = connection == NULL ? "no memory" : PQerrorMessage(connection);
    const char *found = state_find(text);
    char state[6] = "";
    if (found != NULL)
        memcpy(state, found, 5);
    const char *message = found == NULL ? text : found + 7;
    enum error error = error_of_state(state);
    if (error == error_corrupt) /* before a login nothing of ours has been looked at */
        error = error_unreachable;
    if (PQconnectionNeedsPassword(connection))
        error = error_login_refused;
    return fault_set(fault,
                     error,
                     "%s: connecting: %.*s%s%s%s",
                     address->name,
                     line_size(message),
                     message,
                     state[0] ? " (" : "",
                     state,
                     state[0] ? ")" : "");
}
