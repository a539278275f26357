/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See projections.h. */
#include "services/gateway/projections.h"

#include <stdlib.h>

#include "services/gateway/description.h"

static int text_compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int name_compare(const void *left, const void *right)
{
    const struct projection_name *a = left, *b = right;
    int order = text_compare(a->namespace, b->namespace);
    return order != 0 ? order : text_compare(a->name, b->name);
}

static bool name_add(struct projections *projections, struct slice namespace, struct slice name)
{
    struct projection_name *grown =
        realloc(projections->names, (projections->count + 1) * sizeof projections->names[0]);
    if (grown == NULL)
        return false;
    projections->names = grown;
    projections->names[projections->count++] = (struct projection_name){namespace, name};
    return true;
}

bool projections_take(struct projections *projections, struct slice descriptions)
{
    struct walk domains = walk_of(descriptions);
    struct slice domain;
    bool whole = true;
    projections_fini(projections);
    while (whole && walk_next(&domains, &domain)) {
        struct part_walk walk = part_walk_of(domain, "projections");
        while (whole && part_walk_next(&walk))
            whole = name_add(projections, map_text(domain, "namespace"), walk.name);
    }
    if (!whole)
        projections_fini(projections);
    if (projections->count > 1)
        qsort(projections->names, projections->count, sizeof projections->names[0], name_compare);
    return whole;
}

void projections_fini(struct projections *projections)
{
    free(projections->names);
    *projections = (struct projections){0};
}

bool projections_have(const struct projections *projections, struct slice namespace, struct slice name)
{
    const struct projection_name key = {namespace, name};
    return projections != NULL && projections->count > 0 &&
           bsearch(&key, projections->names, projections->count, sizeof key, name_compare) != NULL;
}
