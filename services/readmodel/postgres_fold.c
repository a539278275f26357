/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See postgres_fold.h. Which collations a server has, and what they change, differs by system and version: each is
 * tried. */
#include "services/readmodel/postgres_fold.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/words.h"

/* They are identifiers of ours, not of anybody. */
static const char *const collations[] = {
    "\"C.utf8\"", "\"C.UTF-8\"", "\"pg_c_utf8\"", "\"en_US.utf8\"", "\"en_US.UTF-8\"", "\"und-x-icu\""};

/* All characters that a collation changes: what they are, and what they become. */
static bool folding_is_ours(const PGresult *result)
{
    uint32_t upper, lower, pairs = 0;
    int rows = PQntuples(result);
    while (fold_pair(pairs, &upper, &lower)) {
        if ((int)pairs >= rows || strtoul(PQgetvalue(result, (int)pairs, 0), NULL, 10) != upper ||
            strtoul(PQgetvalue(result, (int)pairs, 1), NULL, 10) != lower)
            return false;
        pairs++;
    }
    return (int)pairs == rows;
}

/* One that is not there is an error of a statement, and no harm. */
static bool collation_fits(struct pg_link *link, const char *collation)
{
    char sql[640];
    PGresult *result = NULL;
    snprintf(sql,
             sizeof sql,
             "SELECT i, ascii(lower(chr(i) COLLATE %s)) FROM generate_series(128, 131071) i "
             "WHERE i NOT BETWEEN 55296 AND 57343 AND lower(chr(i) COLLATE %s) COLLATE \"C\" <> chr(i) ORDER BY i",
             collation,
             collation);
    bool fits =
        pg_execute(link, sql, &result, "looking for a collation", NULL) == error_none && folding_is_ours(result);
    PQclear(result);
    return fits;
}

const char *postgres_fold_collation(struct pg_link *link)
{
    for (size_t i = 0; i < sizeof collations / sizeof collations[0]; i++)
        if (collation_fits(link, collations[i]))
            return collations[i];
    return NULL;
}

void postgres_fold_pairs(struct buffer *from, struct buffer *to)
{
    uint32_t upper, lower;
    for (uint32_t i = 0; fold_pair(i, &upper, &lower); i++) {
        character_append(from, upper);
        character_append(to, lower);
    }
}
