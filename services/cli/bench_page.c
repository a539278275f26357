/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench_page.h. */
#include "services/cli/bench_page.h"

#include "proto/writer.h"

#include <stddef.h>

bool bare_open(struct bare **out, const char *store, const char *data, int64_t limit)
{
    return store == NULL ? bare_sqlite_open(out, data, limit) : bare_postgres_open(out, store, limit);
}

void bare_close(struct bare **bare)
{
    if (*bare != NULL)
        (*bare)->database->close(*bare);
    *bare = NULL;
}

bool bare_page(struct bare *bare, enum bare_kind kind)
{
    return bare->database->page(bare, kind);
}

void bare_select(struct buffer *out, enum bare_kind kind, const char *table, int fields, const char *parameter)
{
    static const char columns[] = "_realm, _id, _etag, _created, _updated, _creator, _updater, _deleted";
    buffer_printf(out, "SELECT %s", kind == BARE_TEXT ? "_row" : columns);
    for (int i = 0; kind == BARE_COLUMNS && i < fields; i++)
        buffer_printf(out, ", c%d", i);
    buffer_printf(
        out, " FROM %s WHERE _realm = 'default' AND _deleted IS NULL ORDER BY _id LIMIT %s", table, parameter);
}
