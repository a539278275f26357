/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How builds come and go. A module without a build gets one, beside the live one of its namespace if there is any; when
 * a build has come as far as the live one in every partition it takes its place. A log of another incarnation gets
 * builds of its own, and they go live together. Only the newest module of a namespace makes builds and ends
 * projections. */
#include <inttypes.h>

#include "services/common/log.h"
#include "services/projector/service.h"

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
    const struct module *module = projection->module;
    const struct build_plan plan = {.module = {slice_text(domain_namespace(module->domain)), module->fingerprint},
                                    .projection = slice_text(projection->name),
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

static enum error missing_order(struct service *service, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < service->projection_count && error == error_none; i++) {
        const struct projection *projection = &service->projections[i];
        if (projection_rules(projection) && !has_build(service, projection))
            error = build_order(service, projection, false, fault);
    }
    return error;
}

static enum error requests_answer(struct service *service, struct store_fault *fault)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < service->projection_count && error == error_none; i++) {
        const struct projection *projection = &service->projections[i];
        bool returns = projection->module->latest && projection->module->rank == MODULE_ORPHANED, requested = false;
        if (!projection_rules(projection) && !returns)
            continue;
        error = writer_requested(service->writer, slice_text(projection->name), &requested, fault);
        if (error == error_none && requested && returns)
            error = module_return(service, projection->module, fault);
        if (error == error_none && requested)
            error = build_order(service, projection, true, fault);
    }
    return error;
}

/* ---- going live ---- */

/* Without a live build: is it as far as the log was a moment ago, also in partitions of other projectors? */
static enum error caught_up(struct service *service, const struct build *build, bool *out, struct store_fault *fault)
{
    enum error error =
        writer_checkpoints(service->writer, build->id, service->checkpoints, &service->checkpoint_memory, fault);
    *out = error == error_none;
    for (uint32_t i = 0; i < service->log.partitions && *out; i++)
        *out = service->checkpoints[i].seq >= core_goal(service->core, i);
    return error;
}

static bool caught_up_here(const struct service *service, uint32_t place, const struct build *live)
{
    uint32_t other = live == NULL ? NO_PLACE : place_find(service, live->id);
    return (live != NULL && other == NO_PLACE) || core_caught_up(service->core, place, other);
}

/* One table a turn: beats and rows come between. */
static enum error
table_analyze(struct service *service, struct running *running, uint64_t now_us, struct store_fault *fault)
{
    service->builds_us = now_us;
    return writer_analyze(service->writer, running->id, running->analyzed++, fault);
}

/* *ready: nothing is known that speaks against it. */
static enum error
build_ready(struct service *service, uint32_t place, uint64_t now_us, bool *ready, struct store_fault *fault)
{
    struct running *running = &service->running[place];
    const struct build *build = build_find(service, running->id), *live = live_find(service, build->projection);
    *ready = false;
    if (!caught_up_here(service, place, live))
        return error_none;
    if (running->analyzed < running->projection->model_count)
        return table_analyze(service, running, now_us, fault);
    *ready = true;
    return live == NULL ? caught_up(service, build, ready, fault) : error_none;
}

static enum error switch_live(struct service *service, const uint32_t *ids, uint32_t count, struct store_fault *fault)
{
    bool done = false;
    enum error error = writer_switch(service->writer, ids, count, service->log.incarnation, &done, fault);
    for (uint32_t i = 0; i < count && error == error_none && done; i++)
        LOG(info, "build is live", LOG_INTEGER("build", ids[i]));
    return error;
}

static enum error switches_make(struct service *service, uint64_t now_us, struct store_fault *fault)
{
    bool together = service->builds.incarnation != service->log.incarnation;
    uint32_t ids[CORE_BUILDS_MAX], count = 0, building = 0;
    enum error error = error_none;
    for (uint32_t place = 0; place < CORE_BUILDS_MAX && error == error_none; place++) {
        const struct running *running = &service->running[place];
        bool ready = false;
        if (running->id == 0 || running->state != BUILD_BUILDING)
            continue;
        building++;
        error = build_ready(service, place, now_us, &ready, fault);
        if (ready)
            ids[count++] = running->id;
    }
    if (error != error_none || count == 0 || (together && count < building))
        return error;
    if (together)
        return switch_live(service, ids, count, fault);
    for (uint32_t i = 0; i < count && error == error_none; i++)
        error = switch_live(service, &ids[i], 1, fault); /* each when it can */
    return error;
}

/* ---- projections that are no more ---- */

/* The newest module of this namespace, if it is here and its automatic read models are the live ones. */
static const struct projection *ruler_of(const struct service *service, struct slice namespace)
{
    const struct build *live = live_find(service, namespace);
    for (uint32_t i = 0; i < service->projection_count; i++) {
        const struct projection *projection = &service->projections[i];
        if (projection->hand == NULL && projection_rules(projection) && slice_is(namespace, projection->name))
            return live != NULL && live->fingerprint == projection->fingerprint ? projection : NULL;
    }
    return NULL;
}

static bool is_declared(const struct service *service, const struct build *build)
{
    for (uint32_t i = 0; i < service->projection_count; i++)
        if (service->projections[i].module->latest && slice_is(build->projection, service->projections[i].name))
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
    if (now_us < service->builds_us)
        return error_none;
    service->builds_us = now_us + BUILDS_EVERY_US;
    enum error error = modules_see(service, fault);
    if (error == error_none && now_us >= service->requests_us) {
        service->requests_us = now_us + REQUESTS_EVERY_US;
        error = requests_answer(service, fault);
    }
    if (error == error_none)
        error = builds_see(service, now_us, fault);
    if (error == error_none)
        error = missing_order(service, fault);
    if (error == error_none)
        error = switches_make(service, now_us, fault);
    core_goals_set(service->core); /* the turn that follows goes for them */
    if (error == error_none)
        error = removed_retire(service, fault);
    if (error == error_none && now_us >= service->drops_us) {
        service->drops_us = now_us + DROPS_EVERY_US;
        error = retired_drop(service, fault);
    }
    return error;
}
