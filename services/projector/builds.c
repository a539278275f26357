/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which builds there are and which of them are projected here: those whose module is loaded, in the partitions of the
 * slots that this projector has of them. */
#include "services/common/log.h"
#include "services/projector/service.h"
#include "services/store/backend.h"

/* ---- looking at builds ---- */

static const struct projection *projection_of(const struct service *service, const struct build *build)
{
    if (build->state == BUILD_RETIRED || build->incarnation != service->log.incarnation)
        return NULL;
    for (uint32_t i = 0; i < service->projection_count; i++)
        if (service->projections[i].fingerprint == build->fingerprint &&
            slice_is(build->projection, service->projections[i].name))
            return &service->projections[i];
    return NULL;
}

const struct build *live_find(const struct service *service, struct slice projection)
{
    for (uint32_t i = 0; i < service->builds.count; i++) {
        const struct build *build = &service->builds.builds[i];
        if (build->state == BUILD_LIVE && build->incarnation == service->log.incarnation &&
            slice_equal(build->projection, projection))
            return build;
    }
    return NULL;
}

uint32_t place_find(const struct service *service, uint32_t id)
{
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (service->running[place].id == id)
            return place;
    return NO_PLACE;
}

const struct build *build_find(const struct service *service, uint32_t id)
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
                             const struct projection *projection,
                             uint64_t now_us,
                             struct store_fault *fault)
{
    const struct fold_build folded = {.id = build->id,
                                      .domain = projection->module->domain,
                                      .hand = projection->hand,
                                      .models = projection->models,
                                      .model_count = projection->model_count};
    uint32_t place = 0;
    enum error error = core_build_add(service->core, &place);
    if (error == error_none && (error = fold_build_add(service->fold, place, &folded)) != error_none)
        place_leave(service, place);
    if (error != error_none)
        return fault_set(fault, error, "no room for build %u", build->id);
    if (projection_is_shared(projection))
        core_build_global(service->core, place);
    service->beat_us = 0; /* it has slots from then on */
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
        if (running->id == 0)
            continue;
        const struct build *build = build_find(service, running->id);
        if (build == NULL || projection_of(service, build) == NULL) {
            place_leave(service, place);
            continue;
        }
        running->state = build->state;
        core_build_ask(
            service->core, place, build->state == BUILD_LIVE || live_find(service, build->projection) == NULL);
    }
}

static enum error places_see(struct service *service, uint64_t now_us, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < service->builds.count && error == error_none; i++) {
        const struct build *build = &service->builds.builds[i];
        const struct projection *projection = projection_of(service, build);
        if (projection != NULL && place_find(service, build->id) == NO_PLACE)
            error = build_take(service, build, projection, now_us, fault);
    }
    states_see(service);
    return error;
}

enum error builds_see(struct service *service, uint64_t now_us, struct store_fault *fault)
{
    struct builds builds;
    enum error error = writer_builds(service->writer, &builds, fault);
    if (error != error_none)
        return error;
    builds_fini(&service->builds);
    service->builds = builds;
    return places_see(service, now_us, fault);
}

/* ---- beats ---- */

/* The builds here and the modules that have the say, as a beat tells them; places[i] has builds[i]. */
struct telling {
    uint64_t builds[CORE_BUILDS_MAX], modules[PROJECTIONS_MAX];
    uint32_t places[CORE_BUILDS_MAX];
    struct writer_has has;
};

static void telling_fill(const struct service *service, struct telling *out)
{
    out->has = (struct writer_has){.builds = out->builds, .modules = out->modules};
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (service->running[place].id != 0) {
            out->places[out->has.build_count] = place;
            out->builds[out->has.build_count++] = service->running[place].id;
        }
    for (uint32_t i = 0; i < service->module_count; i++)
        if (service->modules[i].latest)
            out->modules[out->has.module_count++] = service->modules[i].fingerprint;
}

/* What was known of partitions that were another's meanwhile is old. */
static enum error place_own(
    struct service *service, uint32_t place, uint32_t slots, uint64_t held, uint64_t now_us, struct store_fault *fault)
{
    if (held == core_held(service->core, place))
        return error_none;
    fold_build_forget(service->fold, place);
    enum error error = place_load(service, place, now_us, fault);
    core_own(service->core, place, slots, error == error_none ? held : 0);
    return error;
}

enum error builds_beat(struct service *service, uint64_t now_us, struct store_fault *fault)
{
    struct telling telling;
    struct writer_slots slots;
    if (now_us < service->beat_us)
        return error_none;
    telling_fill(service, &telling);
    enum error error = writer_beat(service->writer, &telling.has, &slots, fault);
    if (error != error_none)
        return error;
    service->beat_us = now_us + (uint64_t)service->settings.lease_ms * 1000 / 3;
    if (slots.epoch != service->epoch)
        builds_lose(service); /* also what it has again */
    service->epoch = slots.epoch;
    for (uint32_t i = 0; i < telling.has.build_count && error == error_none; i++)
        error = place_own(service, telling.places[i], slots.count, slots.held[i], now_us, fault);
    return error;
}

void builds_lose(struct service *service)
{
    for (uint32_t place = 0; place < CORE_BUILDS_MAX; place++)
        if (service->running[place].id != 0)
            core_own(service->core, place, 1, 0);
    fold_forget(service->fold);
}
