/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Functions of words.h and json_match.h for SQLite. What is parsed of a parameter is kept for the rows that follow. */
#include "services/readmodel/functions.h"

#include <stdlib.h>

#include "proto/json.h"
#include "services/readmodel/json_match.h"

static struct slice text_of(sqlite3_value *value)
{
    const void *data = sqlite3_value_text(value);
    return slice_of(data, data == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

typedef enum match match_call(struct slice value, struct slice parameter, const struct match_stop *stop);

static void result_set(sqlite3_context *context, enum match match)
{
    if (match == MATCH_STOPPED)
        sqlite3_result_error_code(context, SQLITE_INTERRUPT);
    else
        sqlite3_result_int(context, match == MATCH_YES);
}

static void text_call(sqlite3_context *context, sqlite3_value **arguments, match_call *match)
{
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL)
        return;
    result_set(context, match(text_of(arguments[0]), text_of(arguments[1]), sqlite3_user_data(context)));
}

static void call_has(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    text_call(context, arguments, text_has);
}

static void call_like(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    text_call(context, arguments, text_like);
}

/* ---- JSON ---- */

static void kept_free(void *kept)
{
    buffer_fini(kept);
    free(kept);
}

/* The parameter as msgpack: parsed once a statement, unless SQLite forgets it at once. *own is what the caller frees.
 */
static struct slice parameter_of(sqlite3_context *context, sqlite3_value *argument, struct buffer *own)
{
    struct buffer *kept = sqlite3_get_auxdata(context, 1);
    if (kept != NULL)
        return buffer_slice(kept);
    kept = calloc(1, sizeof *kept);
    if (kept != NULL && json_to_msgpack(text_of(argument), kept, NULL) == error_none)
        sqlite3_set_auxdata(context, 1, kept, kept_free);
    else
        free(kept);
    kept = sqlite3_get_auxdata(context, 1);
    if (kept == NULL)
        (void)json_to_msgpack(text_of(argument), own, NULL);
    return buffer_slice(kept == NULL ? own : kept);
}

/* SQLite itself looks at the clock only between rows, and one may be a megabyte that has to be parsed first. */
static void json_call(sqlite3_context *context, sqlite3_value **arguments, match_call *match)
{
    const struct match_stop *stop = sqlite3_user_data(context);
    struct buffer column = {0}, own = {0};
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL)
        return;
    if (stop != NULL && stop->is_due(stop->context)) {
        result_set(context, MATCH_STOPPED);
        return;
    }
    struct slice parameter = parameter_of(context, arguments[1], &own);
    enum error error = json_to_msgpack(text_of(arguments[0]), &column, NULL);
    if (parameter.size == 0 || error == error_no_memory)
        sqlite3_result_error_nomem(context);
    else
        result_set(context, error == error_none ? match(buffer_slice(&column), parameter, stop) : MATCH_NO);
    buffer_fini(&column);
    buffer_fini(&own);
}

static void call_equal(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    json_call(context, arguments, json_equal);
}

static void call_contains(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    json_call(context, arguments, json_contains);
}

static void call_overlaps(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count;
    json_call(context, arguments, json_overlaps);
}

int functions_add(sqlite3 *db, const struct match_stop *stop)
{
    static const struct {
        const char *name;
        void (*call)(sqlite3_context *context, int count, sqlite3_value **arguments);
    } functions[] = {{"fluvius_has", call_has},
                     {"fluvius_like", call_like},
                     {"fluvius_equal", call_equal},
                     {"fluvius_contains", call_contains},
                     {"fluvius_overlaps", call_overlaps}};
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int code = SQLITE_OK;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0] && code == SQLITE_OK; i++)
        code = sqlite3_create_function_v2(
            db, functions[i].name, 2, flags, (void *)(uintptr_t)stop, functions[i].call, NULL, NULL, NULL);
    return code;
}
