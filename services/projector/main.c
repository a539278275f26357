/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * fluvius-projector: opens what it needs in order, runs the loop, gives everything back in reverse. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fluvius/loader.h"
#include "services/builtin/builtin.h"
#include "services/common/log.h"
#include "services/common/start.h"
#include "services/projector/service.h"

enum { EXIT_FAILED = 1, LEAVE_WAIT_US = 50000 };

static int refuse(const char *what, const char *why)
{
    return service_refuse(&projector_settings_table, what, why);
}

static bool settings_complete(struct projector_settings *settings)
{
    if (settings->read_models == NULL)
        settings->read_models = strdup(settings->store);
    return settings->read_models != NULL && service_name(&settings->name, "projector-");
}

static int settings_open(struct service *service, int argc, char **argv)
{
    int status =
        service_settings(&projector_settings_table, argc, argv, &service->settings, &service->settings.log_level);
    if (status == 0 && !settings_complete(&service->settings))
        return refuse("name", "give one: the host's cannot be used");
    return status;
}

static int domains_open(struct service *service)
{
    const struct setting_list *files = &service->settings.domains;
    struct domain_fault fault;
    if (files->count == 0 || files->count >= PROJECTIONS_MAX)
        return refuse("domain", "wants 1 to 127 modules");
    for (; service->module_count < files->count; service->module_count++)
        if (domain_load(&service->modules[service->module_count].domain, files->items[service->module_count], &fault) !=
            error_none)
            return refuse("domain", fault.text);
    if (builtin_domain_new(&service->modules[service->module_count++].domain, &fault) != error_none)
        return refuse("domain", fault.text);
    enum error error = projections_fill(service);
    return error == error_none ? 0 : refuse("domain", error_text(error));
}

/* Shards make the store: it may come later than this process. */
static enum error store_wait(struct service *service, const struct store_config *config, struct store_fault *fault)
{
    bool told = false;
    for (;;) {
        enum error error = store_open(&service->store, config, fault);
        bool missing = error == error_not_found || error == error_missing_schema || error == error_unreachable;
        if (!missing || process_stopping())
            return error;
        if (!told)
            LOG(info, "waiting for the store", LOG_TEXT("fault", fault->text));
        told = true;
        inbox_take(service->inbox, RETRY_US);
    }
}

static int store_start(struct service *service)
{
    struct store_fault fault = {0};
    char holder[128];
    uint64_t boot;
    random_bytes(&boot, sizeof boot);
    boot >>= 2; /* fits a signed integer everywhere */
    snprintf(holder, sizeof holder, "projector %.64s pid %d", service->settings.name, (int)getpid());
    struct store_config config = {
        .url = service->settings.store, .holder = holder, .member = service->settings.name, .boot = boot};
    enum error error = store_wait(service, &config, &fault);
    if (error != error_none)
        return refuse("store", fault.text[0] == 0 ? error_text(error) : fault.text);
    store_info(service->store, &service->log);
    struct writer_config writing = {.url = service->settings.read_models,
                                    .holder = holder,
                                    .boot = boot,
                                    .lease_ms = (uint32_t)service->settings.lease_ms,
                                    .partitions = service->log.partitions,
                                    .incarnation = service->log.incarnation};
    if (writer_open(&service->writer, &writing, &fault) != error_none)
        return refuse("read-models", fault.text);
    return 0;
}

static int core_start(struct service *service)
{
    uint32_t partitions = service->log.partitions;
    service->heads = calloc(partitions, sizeof service->heads[0]);
    service->checkpoints = calloc(partitions, sizeof service->checkpoints[0]);
    if (service->heads == NULL || service->checkpoints == NULL || core_new(&service->core, partitions) != error_none ||
        fold_new(&service->fold, (uint64_t)service->settings.cache_bytes) != error_none)
        return refuse("cannot start", error_text(error_no_memory));
    fold_writer(service->fold, service->writer);
    return 0;
}

static int peers_start(struct service *service)
{
    const struct projector_settings *settings = &service->settings;
    char fault[TLS_FAULT_SIZE];
    enum error error =
        settings->bus == NULL ? error_none : tls_settings_client(&settings->tls, settings->bus, &service->tls, fault);
    if (error != error_none)
        return refuse("TLS", error == error_bad_settings ? fault : error_text(error));
    struct worker_config config = {.urls = settings->bus,
                                   .tls = service->tls,
                                   .token = settings->service_token,
                                   .name = settings->name,
                                   .serves = SERVES_PROJECTOR,
                                   .inbox = service->inbox,
                                   .metrics = projector_metrics,
                                   .alarms = projector_alarms,
                                   .context = service};
    if (settings->bus != NULL)
        error = worker_open(&service->worker, &config);
    return error == error_none ? 0 : refuse("bus", error_text(error));
}

static int service_start(struct service *service, int argc, char **argv)
{
    int status = settings_open(service, argc, argv);
    if (status != 0)
        return status;
    service->inbox = inbox_new();
    process_init(service->inbox, true);
    if ((status = domains_open(service)) != 0 || (status = store_start(service)) != 0 ||
        (status = core_start(service)) != 0)
        return status;
    return peers_start(service);
}

/* ---- the loop ---- */

static enum error work(struct service *service, uint64_t now_us, bool *more, struct store_fault *fault)
{
    *more = false;
    enum error error = builds_beat(service, now_us, fault);
    if (error == error_none)
        error = projector_heads(service, fault); /* before builds: whether one has caught up is told by them */
    if (error == error_none)
        error = builds_turn(service, now_us, fault);
    if (error == error_none)
        error = projector_turn(service, now_us, more, fault);
    if (error == error_none && !*more)
        builds_hurry(service, now_us);
    if (error == error_fenced) {
        LOG(info, "another projector has taken over", LOG_TEXT("fault", fault->text));
        service->beat_us = 0;
        builds_lose(service);
        error = error_none;
    }
    return error;
}

/* What is known may be wrong after a failure: all is read again, and nothing is done for a moment. */
static void failed(struct service *service, enum error error, uint64_t now_us, const struct store_fault *fault)
{
    const char *text = fault->text[0] == 0 ? error_text(error) : fault->text;
    if (strcmp(service->failure, text) != 0)
        LOG(error, "cannot project", LOG_TEXT("error", error_name(error)), LOG_TEXT("fault", text));
    snprintf(service->failure, sizeof service->failure, "%s", text);
    service->retry_us = now_us + RETRY_US;
    service->beat_us = service->builds_us = 0;
    builds_lose(service); /* the next beat reads the checkpoints again */
}

static void succeeded(struct service *service)
{
    if (service->failure[0] != 0)
        LOG(info, "projecting again");
    service->failure[0] = 0;
    if (!service->ready && service->builds.count > 0) {
        service->ready = true;
        process_ready(NULL);
        LOG(info, "ready", LOG_INTEGER("partitions", service->log.partitions));
    }
}

static uint64_t wait_us(const struct service *service, bool more, uint64_t now_us)
{
    uint64_t until_us = now_us + (uint64_t)service->settings.poll_ms * 1000;
    if (service->failure[0] != 0)
        until_us = service->retry_us;
    else if (more)
        return 0;
    if (service->builds_us < until_us && service->failure[0] == 0)
        until_us = service->builds_us;
    if (service->worker != NULL && until_us > now_us + 50000)
        until_us = now_us + 50000; /* its turns must come that often */
    return until_us <= now_us ? 0 : until_us - now_us;
}

static void mail_take(struct service *service, uint64_t timeout_us)
{
    struct inbox_node *node = inbox_take(service->inbox, timeout_us);
    uint64_t now_us = clock_monotonic_us();
    while (node != NULL) {
        struct inbox_node *next = node->next;
        worker_mail(service->worker, node, now_us);
        node = next;
    }
    if (service->worker != NULL)
        worker_turn(service->worker, 0, process_stopping(), now_us);
}

static void service_run(struct service *service)
{
    bool more = false;
    while (!process_stopping()) {
        uint64_t now_us = clock_monotonic_us();
        struct store_fault fault = {{0}};
        if (now_us >= service->retry_us) {
            enum error error = work(service, now_us, &more, &fault);
            error == error_none ? succeeded(service) : failed(service, error, now_us, &fault);
        }
        mail_take(service, wait_us(service, more, clock_monotonic_us()));
    }
    if (service->worker != NULL)
        worker_leave(service->worker, clock_monotonic_us());
    while (service->worker != NULL && worker_busy(service->worker))
        mail_take(service, LEAVE_WAIT_US);
    LOG(info, "stopped");
}

static void service_stop(struct service *service)
{
    worker_close(&service->worker);
    writer_close(&service->writer);
    store_close(&service->store);
    fold_free(&service->fold);
    core_free(&service->core);
    projections_free(service);
    builds_fini(&service->builds);
    process_fini();
    inbox_free(&service->inbox);
    tls_release(&service->tls);
    free(service->heads);
    free(service->checkpoints);
    free(service->pages);
    free(service->moves);
    buffer_fini(&service->checkpoint_memory);
    settings_free(&projector_settings_table, &service->settings);
}

int main(int argc, char **argv)
{
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL)
        return EXIT_FAILED;
    int status = service_start(service, argc, argv);
    if (status == 0)
        service_run(service);
    service_stop(service);
    free(service);
    return status < 0 ? 0 : status;
}
