/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a PostgreSQL server folds texts as words.h does. */
#ifndef READMODEL_POSTGRES_FOLD_H
#define READMODEL_POSTGRES_FOLD_H

#include "services/store/postgres_link.h"

/* A collation of the server whose lower() changes the characters that fold_pair (words.h) names, and no others: an
 * identifier as it stands in SQL. NULL: it has none. */
const char *postgres_fold_collation(struct pg_link *link);
/* Appends the characters that have a lower case, and those. */
void postgres_fold_pairs(struct buffer *from, struct buffer *to);

#endif
