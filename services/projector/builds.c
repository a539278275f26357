/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which builds there are and which of them are projected here: those whose module is loaded. A module without a build
 * gets one, beside the live one of its namespace if there is any; when a build has come as far as the live one in every
 * partition it takes its place. A log of another incarnation gets builds of its own, and they go live together. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/common/log.h"
#include "services/projector/service.h"
#include "services/store/backend.h"

/* ---- what the modules want ---- */

static enum error models_of(struct slice namespace, struct slice description, struct model **out, uint32_t *count)
{
    struct slice resources, resource;
    uint32_t items;
    enum error error = msgpack_find(description, "resources", &resources);
    struct reader reader = reader_of(resources);
    if (error != error_none || (error = reader_array(&reader, &items)) != error_none)
        return error;
    *out = calloc(items + 1, sizeof **out);
    *count = 0;
    if (*out == NULL)
        return error_no_memory;
    for (; *count < items && error == error_none; ++*count) {
        error = reader_raw(&reader, &resource);
        if (error == error_none)
            error = model_from_resource(namespace, resource, &(*out)[*count]);
        if (error != error_none)
            break;
    }
    return error;
}

/* A later module of the namespace has the word, also of projections that it no longer has. */
static void projections_sort_out(struct service *service)
{
    for (uint32_t i = 0; i < service->projection_count; i++) {
        struct projection *projection = &service->projections[i];
        const struct domain *last = NULL;
        for (uint32_t j = 0; j < service->projection_count; j++) {
            const struct projection *other = &service->projections[j];
            if (other->hand == NULL &&
                strcmp(domain_namespace(other->domain), domain_namespace(projection->domain)) == 0)
                last = other->domain;
        }
        projection->current = last == projection->domain;
    }
}

static enum error automatic_fill(struct projection *projection)
{
    const char *name = domain_namespace(projection->domain);
    snprintf(projection->name, sizeof projection->name, "%s", name);
    projection->fingerprint = domain_fingerprint(projection->domain);
    return models_of(
        slice_text(name), domain_description(projection->domain), &projection->models, &projection->model_count);
}

static enum error hand_fill(struct projection *projection, struct domain *domain, const struct domain_projection *hand)
{
    const char *namespace = domain_namespace(domain);
    struct slice name = projection_name(hand);
    *projection = (struct projection){.domain = domain, .hand = hand, .fingerprint = projection_fingerprint(hand)};
    snprintf(projection->name, sizeof projection->name, "%s.%.*s", namespace, (int)name.size, (const char *)name.data);
    projection->models = calloc(1, sizeof projection->models[0]);
    if (projection->models == NULL)
        return error_no_memory;
    enum error error = model_from_resource(slice_text(namespace), projection_description(hand), projection->models);
    projection->model_count = error == error_none;
    return error;
}

enum error projections_fill(struct service *service)
{
    uint32_t modules = service->projection_count;
    enum error error = error_none;
    for (uint32_t i = 0; i < modules && error == error_none; i++)
        error = automatic_fill(&service->projections[i]);
    for (uint32_t i = 0; i < modules && error == error_none; i++) {
        struct domain *domain = service->projections[i].domain;
        for (uint32_t j = 0; j < domain_projection_count(domain) && error == error_none; j++) {
            if (service->projection_count == PROJECTIONS_MAX)
                return error_full;
            error =
                hand_fill(&service->projections[service->projection_count++], domain, domain_projection_at(domain, j));
        }
    }
    projections_sort_out(service);
    return error;
}

bool projection_is_shared(const struct projection *projection)
{
    return projection->hand != NULL && projection_is_global(projection->hand);
}

void projections_free(struct service *service)
{
    for (uint32_t i = service->projection_count; i-- > 0;) {
        struct projection *projection = &service->projections[i];
        for (uint32_t j = 0; j < projection->model_count; j++)
            model_fini(&projection->models[j]);
        free(projection->models);
        if (projection->hand == NULL)
            domain_free(&projection->domain);
    }
}

/* ---- looking at builds ---- */

static struct projection *projection_of(struct service *service, const struct build *build)
{
    if (build->state == BUILD_RETIRED || build->incarnation != service->log.incarnation)
        return NULL;
    for (uint32_t i = 0; i < service->projection_count; i++)
        if (service->projections[i].fingerprint == build->fingerprint &&
            slice_is(build->projection, service->projections[i].name))
            return &service->projections[i];
    return NULL;
}

/* The live build of a projection in this log; NULL when there is none. */
static const struct build *live_find(const struct service *service, struct slice projection)
{
    for (uint32_t i = 0; i < service->builds.count; i++) {
        const struct build *build = &service->builds.builds[i];
        if (build->state == BUILD_LIVE && build->incarnation == service->log.incarnation &&
            slice_equal(build->projection, projection))
            return build;
    }
    return NULL;
}

static uint32_t place_find(const struct service *service, uint32_t id)
{
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (service->running[place].id == id)
            return place;
    return NO_PLACE;
}

static const struct build *build_find(const struct service *service, uint32_t id)
{
    for (uint32_t i = 0; i < service->builds.count; i++)
        if (service->builds.builds[i].id == id)
            return &service->builds.builds[i];
    return NULL;
}

/* ---- taking builds up ---- */

static enum error place_load(struct service *service, uint32_t place, uint64_t now_us, struct store_fault *fault)
{
    enum error error = writer_checkpoints(
        service->writer, service->running[place].id, service->checkpoints, &service->checkpoint_memory, fault);
    if (error == error_none)
        core_build_put(service->core, place, service->checkpoints, now_us);
    return error;
}

static void place_leave(struct service *service, uint32_t place)
{
    core_build_remove(service->core, place);
    fold_build_remove(service->fold, place);
    service->running[place] = (struct running){0};
}

static enum error build_take(struct service *service,
                             const struct build *build,
                             struct projection *projection,
                             uint64_t now_us,
                             struct store_fault *fault)
{
    const struct fold_build folded = {.id = build->id,
                                      .domain = projection->domain,
                                      .hand = projection->hand,
                                      .models = projection->models,
                                      .model_count = projection->model_count};
    uint32_t place = 0;
    enum error error = core_build_add(service->core, &place);
    if (error == error_none)
        error = fold_build_add(service->fold, place, &folded);
    if (error != error_none)
        return fault_set(fault, error, "no room for build %u", build->id);
    if (projection_is_shared(projection))
        core_build_global(service->core, place);
    service->running[place] = (struct running){.id = build->id, .state = build->state, .projection = projection};
    error = place_load(service, place, now_us, fault);
    if (error != error_none)
        place_leave(service, place);
    else
        LOG(info,
            "projecting",
            LOG_SLICE("projection", build->projection),
            LOG_INTEGER("build", build->id),
            LOG_TEXT("state", build->state == BUILD_LIVE ? "live" : "building"));
    return error;
}

static void states_see(struct service *service)
{
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++) {
        struct running *running = &service->running[place];
        const struct build *build = running->id == 0 ? NULL : build_find(service, running->id);
        if (running->id != 0 && (build == NULL || projection_of(service, build) == NULL)) {
            place_leave(service, place);
        } else if (running->id != 0) {
            running->state = build->state;
            core_build_ask(
                service->core, place, build->state == BUILD_LIVE || live_find(service, build->projection) == NULL);
        }
    }
}

static enum error builds_see(struct service *service, uint64_t now_us, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < service->builds.count && error == error_none; i++) {
        const struct build *build = &service->builds.builds[i];
        struct projection *projection = projection_of(service, build);
        if (projection == NULL)
            continue;
        projection->was_live = projection->was_live || build->state == BUILD_LIVE;
        if (place_find(service, build->id) == NO_PLACE)
            error = build_take(service, build, projection, now_us, fault);
    }
    states_see(service);
    return error;
}

static enum error builds_read(struct service *service, uint64_t now_us, struct store_fault *fault)
{
    struct builds builds;
    enum error error = writer_builds(service->writer, &builds, fault);
    if (error != error_none)
        return error;
    builds_fini(&service->builds);
    service->builds = builds;
    return builds_see(service, now_us, fault);
}

enum error builds_reload(struct service *service, uint64_t now_us, struct store_fault *fault)
{
    enum error error = error_none;
    fold_forget(service->fold);
    for (uint32_t place = 0; place < CORE_BUILDS_MAX && error == error_none; place++)
        if (service->running[place].id != 0)
            error = place_load(service, place, now_us, fault);
    return error;
}

/* ---- making builds ---- */

static bool has_build(const struct service *service, const struct projection *projection)
{
    for (uint32_t i = 0; i < service->builds.count; i++) {
        const struct build *build = &service->builds.builds[i];
        if (build->state != BUILD_RETIRED && build->incarnation == service->log.incarnation &&
            build->fingerprint == projection->fingerprint && slice_is(build->projection, projection->name))
            return true;
    }
    return false;
}

static enum error
build_order(struct service *service, const struct projection *projection, bool anew, struct store_fault *fault)
{
    const struct build_plan plan = {.projection = slice_text(projection->name),
                                    .fingerprint = projection->fingerprint,
                                    .incarnation = service->log.incarnation,
                                    .models = projection->models,
                                    .model_count = projection->model_count,
                                    .anew = anew};
    LOG(info,
        "building",
        LOG_SLICE("projection", plan.projection),
        LOG_TEXT("why", anew ? "it was asked for" : "the module is new"));
    service->builds_us = 0; /* it is taken up in the next turn */
    return writer_build(service->writer, &plan, fault);
}

static void overtaken_tell(struct projection *projection)
{
    if (!projection->overtaken)
        LOG(warning,
            "another projector has a newer module; this one no longer projects",
            LOG_TEXT("projection", projection->name));
    projection->overtaken = true;
}

static enum error missing_order(struct service *service, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < service->projection_count && error == error_none; i++) {
        struct projection *projection = &service->projections[i];
        if (!projection->current)
            continue;
        if (has_build(service, projection))
            projection->overtaken = false;
        else if (projection->was_live)
            overtaken_tell(projection);
        else
            error = build_order(service, projection, false, fault);
    }
    return error;
}

static enum error requests_answer(struct service *service, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < service->projection_count && error == error_none; i++) {
        const struct projection *projection = &service->projections[i];
        bool requested = false;
        if (!projection->current)
            continue;
        error = writer_requested(service->writer, slice_text(projection->name), &requested, fault);
        if (error == error_none && requested)
            error = build_order(service, projection, true, fault);
    }
    return error;
}

/* ---- going live ---- */

/* Is the build as far as the live one, or the log, in all partitions, also those of other projectors? */
static enum error caught_up(struct service *service, const struct build *build, bool *out, struct store_fault *fault)
{
    const struct build *live = live_find(service, build->projection);
    enum error error =
        writer_checkpoints(service->writer, build->id, service->checkpoints, &service->checkpoint_memory, fault);
    if (error == error_none && live != NULL)
        error = writer_checkpoints(service->writer, live->id, service->others, &service->other_memory, fault);
    *out = error == error_none;
    for (uint32_t i = 0; i < service->log.partitions && *out; i++)
        *out = service->checkpoints[i].seq >= (live == NULL ? service->heads[i].head : service->others[i].seq);
    return error;
}

static bool caught_up_here(const struct service *service, uint32_t place, const struct build *build)
{
    const struct build *live = live_find(service, build->projection);
    return core_caught_up(service->core, place, live == NULL ? NO_PLACE : place_find(service, live->id));
}

static enum error switch_live(struct service *service, const uint32_t *ids, uint32_t count, struct store_fault *fault)
{
    enum error error = writer_switch(service->writer, ids, count, service->log.incarnation, fault);
    for (uint32_t i = 0; i < count && error == error_none; i++)
        LOG(info, "build is live", LOG_INTEGER("build", ids[i]));
    return error == error_fenced ? error_none : error; /* another projector did it, or made a newer build */
}

static enum error switches_make(struct service *service, struct store_fault *fault)
{
    bool together = service->builds.incarnation != service->log.incarnation;
    uint32_t ids[CORE_BUILDS_MAX], count = 0, building = 0;
    enum error error = error_none;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX && error == error_none; place++) {
        const struct running *running = &service->running[place];
        const struct build *build = running->id == 0 ? NULL : build_find(service, running->id);
        bool done = false;
        if (build == NULL || build->state != BUILD_BUILDING)
            continue;
        building++;
        if (caught_up_here(service, place, build))
            error = caught_up(service, build, &done, fault);
        if (done)
            ids[count++] = build->id;
    }
    if (error != error_none || count == 0 || (together && count < building))
        return error;
    return switch_live(service, ids, count, fault);
}

/* ---- projections that are no more ---- */

/* The current module whose automatic read models are the live ones of this namespace; NULL: none of ours. */
static const struct projection *ruler_of(const struct service *service, struct slice namespace)
{
    const struct build *live = live_find(service, namespace);
    for (uint32_t i = 0; i < service->projection_count; i++) {
        const struct projection *projection = &service->projections[i];
        if (projection->hand == NULL && projection->current && slice_is(namespace, projection->name))
            return live != NULL && live->fingerprint == projection->fingerprint ? projection : NULL;
    }
    return NULL;
}

static bool is_declared(const struct service *service, const struct build *build)
{
    for (uint32_t i = 0; i < service->projection_count; i++)
        if (service->projections[i].current && slice_is(build->projection, service->projections[i].name))
            return true;
    return false;
}

/* A hand-written one that its module no longer declares would answer with the same rows for ever. */
static enum error removed_retire(struct service *service, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < service->builds.count && error == error_none; i++) {
        const struct build *build = &service->builds.builds[i];
        const uint8_t *dot = memchr(build->projection.data, '.', build->projection.size);
        if (dot == NULL || build->state == BUILD_RETIRED || is_declared(service, build) ||
            ruler_of(service, slice_of(build->projection.data, (size_t)(dot - build->projection.data))) == NULL)
            continue;
        LOG(info, "projection is no more", LOG_SLICE("projection", build->projection), LOG_INTEGER("build", build->id));
        error = writer_retire(service->writer, build->id, fault);
    }
    return error;
}

static enum error retired_drop(struct service *service, struct store_fault *fault)
{
    uint32_t dropped = 0;
    enum error error = writer_drop(service->writer, (uint64_t)service->settings.keep_ms * 1000, &dropped, fault);
    if (error == error_none && dropped > 0)
        LOG(info, "retired build dropped");
    return error == error_locked ? error_none : error; /* a reader holds it: later */
}

void builds_hurry(struct service *service, uint64_t now_us)
{
    if (service->builds_us <= now_us + BUILDS_HURRY_US)
        return;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (service->running[place].id != 0 && service->running[place].state == BUILD_BUILDING)
            service->builds_us = now_us + BUILDS_HURRY_US;
}

enum error builds_turn(struct service *service, uint64_t now_us, struct store_fault *fault)
{
    enum error error = error_none;
    if (now_us < service->builds_us)
        return error_none;
    service->builds_us = now_us + BUILDS_EVERY_US;
    if (now_us >= service->requests_us) {
        service->requests_us = now_us + REQUESTS_EVERY_US;
        error = requests_answer(service, fault);
    }
    if (error == error_none)
        error = builds_read(service, now_us, fault);
    if (error == error_none)
        error = missing_order(service, fault);
    if (error == error_none)
        error = switches_make(service, fault);
    if (error == error_none)
        error = removed_retire(service, fault);
    if (error == error_none && now_us >= service->drops_us) {
        service->drops_us = now_us + DROPS_EVERY_US;
        error = retired_drop(service, fault);
    }
    return error;
}
