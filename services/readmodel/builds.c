/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See builds.h. */
#include "services/readmodel/builds.h"

#include <stdlib.h>

#define BUILD_MODELS_MAX 1024

void models_write(struct buffer *out, const struct model *models, uint32_t count)
{
    write_array(out, count);
    for (uint32_t i = 0; i < count; i++)
        model_write(out, &models[i]);
}

void models_free(struct model *models, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        model_fini(&models[i]);
    free(models);
}

static enum error models_fill(struct reader *reader, struct model *models, uint32_t count, uint32_t *done)
{
    enum error error = error_none;
    for (; *done < count && error == error_none; ++*done) {
        struct slice map;
        error = reader_raw(reader, &map);
        if (error == error_none)
            error = model_read(map, &models[*done]);
        if (error != error_none)
            return error == error_no_memory ? error : error_corrupt;
    }
    return error;
}

enum error models_read(struct slice bytes, struct model **out, uint32_t *count)
{
    struct reader reader = reader_of(bytes);
    uint32_t items, done = 0;
    if (reader_array(&reader, &items) != error_none || items > BUILD_MODELS_MAX)
        return error_corrupt;
    struct model *models = calloc(items + 1, sizeof models[0]);
    if (models == NULL)
        return error_no_memory;
    enum error error = models_fill(&reader, models, items, &done);
    if (error != error_none) {
        models_free(models, done);
        return error;
    }
    *out = models;
    *count = items;
    return error_none;
}

static bool projection_copy(struct slice from, struct slice *out)
{
    char *copy = strndup(from.size == 0 ? "" : (const char *)from.data, from.size);
    *out = slice_of(copy, copy == NULL ? 0 : from.size);
    return copy != NULL;
}

static void build_fini(struct build *build)
{
    models_free(build->models, build->model_count);
    free((void *)(uintptr_t)build->projection.data);
    *build = (struct build){0};
}

enum error builds_add(struct builds *builds, const struct build_row *row)
{
    struct build build = {.id = row->id,
                          .fingerprint = row->fingerprint,
                          .incarnation = row->incarnation,
                          .state = (enum build_state)row->state};
    if (row->state < BUILD_BUILDING || row->state > BUILD_RETIRED)
        return error_corrupt;
    struct build *grown = realloc(builds->builds, (builds->count + 1) * sizeof grown[0]);
    if (grown == NULL)
        return error_no_memory;
    builds->builds = grown;
    enum error error = models_read(row->models, &build.models, &build.model_count);
    if (error == error_none && !projection_copy(row->projection, &build.projection))
        error = error_no_memory;
    if (error == error_none)
        grown[builds->count++] = build;
    else
        build_fini(&build);
    return error;
}

void builds_fini(struct builds *builds)
{
    for (uint32_t i = 0; i < builds->count; i++)
        build_fini(&builds->builds[i]);
    free(builds->builds);
    *builds = (struct builds){0};
}
