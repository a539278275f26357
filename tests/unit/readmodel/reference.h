/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The language of queries once more, as plainly as can be: what docs/HTTP.md says, row by row, from the client's map
 * and the row's own. It shares nothing with services/readmodel but the model and what values look like as text. */
#ifndef TEST_READMODEL_REFERENCE_H
#define TEST_READMODEL_REFERENCE_H

#include "services/readmodel/database.h"

/* Is the row among the answers to a query of this realm? request is a good one. Needs setlocale(LC_CTYPE, "C.UTF-8").
 */
bool reference_matches(const struct model *model, const struct row *row, const char *realm, struct slice request);
/* Which row comes first: below, above, never 0 for different rows of a realm. */
int reference_compare(const struct model *model, const struct row *a, const struct row *b, struct slice request);

#endif
