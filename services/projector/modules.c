/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the loaded modules want projected, and which of them have the say: of the modules of a namespace the newest
 * makes builds, others only keep fresh what is there and theirs. Which is the newest is the database's to remember. */
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "services/common/log.h"
#include "services/projector/service.h"

/* ---- what they want ---- */

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

static enum error automatic_fill(struct projection *projection, const struct module *module)
{
    const char *name = domain_namespace(module->domain);
    *projection = (struct projection){.module = module, .fingerprint = domain_fingerprint(module->domain)};
    snprintf(projection->name, sizeof projection->name, "%s", name);
    return models_of(
        slice_text(name), domain_description(module->domain), &projection->models, &projection->model_count);
}

static enum error
hand_fill(struct projection *projection, const struct module *module, const struct domain_projection *hand)
{
    const char *namespace = domain_namespace(module->domain);
    struct slice name = projection_name(hand);
    *projection = (struct projection){.module = module, .hand = hand, .fingerprint = projection_fingerprint(hand)};
    snprintf(projection->name, sizeof projection->name, "%s.%.*s", namespace, (int)name.size, (const char *)name.data);
    projection->models = calloc(1, sizeof projection->models[0]);
    if (projection->models == NULL)
        return error_no_memory;
    enum error error = model_from_resource(slice_text(namespace), projection_description(hand), projection->models);
    projection->model_count = error == error_none;
    return error;
}

static uint64_t module_fingerprint(const struct domain *domain)
{
    uint64_t hash = domain_fingerprint(domain);
    for (uint32_t i = 0; i < domain_projection_count(domain); i++) {
        const struct domain_projection *hand = domain_projection_at(domain, i);
        uint64_t own = projection_fingerprint(hand);
        hash = XXH3_64bits_withSeed(projection_name(hand).data, projection_name(hand).size, hash);
        hash = XXH3_64bits_withSeed(&own, sizeof own, hash);
    }
    return hash;
}

static bool is_latest(const struct service *service, uint32_t number)
{
    const char *namespace = domain_namespace(service->modules[number].domain);
    for (uint32_t i = number + 1; i < service->module_count; i++)
        if (strcmp(domain_namespace(service->modules[i].domain), namespace) == 0)
            return false;
    return true;
}

static enum error module_fill(struct service *service, uint32_t number)
{
    struct module *module = &service->modules[number];
    uint32_t hands = domain_projection_count(module->domain);
    if (service->projection_count + hands + 1 > PROJECTIONS_MAX)
        return error_full;
    module->fingerprint = module_fingerprint(module->domain);
    module->latest = is_latest(service, number);
    enum error error = automatic_fill(&service->projections[service->projection_count++], module);
    for (uint32_t i = 0; i < hands && error == error_none; i++)
        error = hand_fill(
            &service->projections[service->projection_count++], module, domain_projection_at(module->domain, i));
    return error;
}

enum error projections_fill(struct service *service)
{
    enum error error = error_none;
    for (uint32_t i = 0; i < service->module_count && error == error_none; i++)
        error = module_fill(service, i);
    return error;
}

bool projection_is_shared(const struct projection *projection)
{
    return projection->hand != NULL && projection_is_global(projection->hand);
}

void projections_free(struct service *service)
{
    for (uint32_t i = 0; i < service->projection_count; i++) {
        struct projection *projection = &service->projections[i];
        for (uint32_t j = 0; j < projection->model_count; j++)
            model_fini(&projection->models[j]);
        free(projection->models);
    }
    for (uint32_t i = 0; i < service->module_count; i++)
        domain_free(&service->modules[i].domain);
}

/* ---- who has the say ---- */

static struct module_key key_of_module(const struct module *module)
{
    return (struct module_key){slice_text(domain_namespace(module->domain)), module->fingerprint};
}

static void rank_tell(struct module *module)
{
    if (module->rank == module->told || !module->latest)
        return;
    if (module->rank == MODULE_OVERTAKEN)
        LOG(warning,
            "another projector has a newer module; this one makes no read models any more",
            LOG_TEXT("namespace", domain_namespace(module->domain)));
    else if (module->rank == MODULE_ORPHANED)
        LOG(warning,
            "this module was overtaken by a newer one, which no projector has; see fluvius rebuild",
            LOG_TEXT("namespace", domain_namespace(module->domain)));
    module->told = module->rank;
}

static enum error ranks_read(struct service *service, struct store_fault *fault)
{
    struct module_key keys[PROJECTIONS_MAX];
    enum module_rank ranks[PROJECTIONS_MAX];
    for (uint32_t i = 0; i < service->module_count; i++)
        keys[i] = key_of_module(&service->modules[i]);
    enum error error = writer_ranks(service->writer, keys, service->module_count, ranks, fault);
    for (uint32_t i = 0; i < service->module_count && error == error_none; i++)
        service->modules[i].rank = ranks[i];
    return error;
}

/* In the order in which they were given: earlier ones first. */
static enum error strangers_enter(struct service *service, bool *any, struct store_fault *fault)
{
    enum error error = error_none;
    *any = false;
    for (uint32_t i = 0; i < service->module_count && error == error_none; i++) {
        const struct module *module = &service->modules[i];
        struct module_key key = key_of_module(module);
        if (module->rank != MODULE_UNKNOWN)
            continue;
        *any = true;
        error = writer_enter(service->writer, &key, module->latest, false, fault);
    }
    return error;
}

enum error modules_see(struct service *service, struct store_fault *fault)
{
    bool any = false;
    enum error error = ranks_read(service, fault);
    if (error == error_none)
        error = strangers_enter(service, &any, fault);
    if (error == error_none && any)
        error = ranks_read(service, fault);
    for (uint32_t i = 0; i < service->module_count && error == error_none; i++)
        rank_tell(&service->modules[i]);
    return error;
}

bool projection_rules(const struct projection *projection)
{
    return projection->module->latest && projection->module->rank == MODULE_NEWEST;
}

enum error module_return(struct service *service, const struct module *module, struct store_fault *fault)
{
    struct module_key key = key_of_module(module);
    LOG(info, "the module is the newest again, as it was asked for", LOG_SLICE("namespace", key.namespace));
    return writer_enter(service->writer, &key, true, true, fault);
}
