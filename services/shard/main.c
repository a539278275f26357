/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * fluvius-shard: opens what it needs in order, runs the loop, gives everything back in reverse. */
#include "fluvius/loader.h"
#include "services/builtin/builtin.h"
#include "services/common/log.h"
#include "services/common/start.h"
#include "services/shard/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    EXIT_FAILED = 1,
    DRAIN_US = 10000000,
    /* In a pool: handing units over comes first, and both together stay below the 10 s that supervisors give. */
    LEAVE_US = 6000000,
    LEFT_DRAIN_US = 3000000
};

static int refuse(const char *what, const char *why)
{
    return service_refuse(&shard_settings_table, what, why);
}

static int settings_open(struct service *service, int argc, char **argv)
{
    int status = service_settings(&shard_settings_table, argc, argv, &service->settings, &service->settings.log_level);
    if (status == 0 && !service_name(&service->settings.name, ""))
        return refuse("name", "give one: the host's cannot be used");
    return status;
}

static int domains_open(struct service *service)
{
    const struct setting_list *files = &service->settings.domains;
    struct domain_fault fault;
    if (files->count == 0 || files->count > DOMAINS_MAX)
        return refuse("domain", "wants 1 to 64 modules");
    for (size_t i = 0; i < files->count; i++) {
        if (domain_load(&service->domains[i], files->items[i], &fault) != error_none)
            return refuse("domain", fault.text);
        for (size_t j = 0; j < i; j++)
            if (strcmp(domain_namespace(service->domains[i]), domain_namespace(service->domains[j])) == 0)
                return refuse(files->items[i], "another module has the same namespace");
        if (strcmp(domain_namespace(service->domains[i]), BUILTIN_NAMESPACE) == 0)
            return refuse(files->items[i], "the namespace " BUILTIN_NAMESPACE " is the platform's own");
    }
    service->domain_count = (uint32_t)files->count + 1;
    if (builtin_domain_new(&service->domains[files->count], &fault) != error_none)
        return refuse("domain", fault.text);
    return 0;
}

/* The units that this process may own, and so has a writer for. */
static int units_choose(struct service *service)
{
    if (store_has_pool(service->store)) {
        if (service->log.units > POOL_UNITS_MAX)
            return refuse("store", "the log has more than 64 units");
        service->unit_count = service->log.units;
        for (uint32_t i = 0; i < service->unit_count; i++)
            service->units[i] = i;
        return 0;
    }
    if (!units_parse(service->settings.units, service->log.units, service->units, &service->unit_count)) {
        char why[96];
        snprintf(
            why, sizeof why, "%.32s is no share of this log's %u units", service->settings.units, service->log.units);
        return refuse("units", why);
    }
    return 0;
}

/* Also called by the store's threads: domains do not change. */
static bool kind_reads(void *context, const struct store_kind *kind)
{
    const struct service *service = context;
    for (uint32_t i = 0; i < service->domain_count; i++)
        if (slice_is(kind->namespace, domain_namespace(service->domains[i])))
            return domain_reads(service->domains[i], kind->resource, kind->event, kind->schema);
    return false;
}

static int store_start(struct service *service)
{
    struct store_fault fault = {0};
    char holder[128];
    uint64_t incarnation;
    random_bytes(&incarnation, sizeof incarnation);
    random_bytes(&service->boot, sizeof service->boot);
    service->boot >>= 2; /* fits a signed integer everywhere */
    snprintf(holder, sizeof holder, "%.64s pid %d", service->settings.name, (int)getpid());
    struct store_config config = {.url = service->settings.store,
                                  .partitions = (uint32_t)service->settings.partitions,
                                  .units = (uint32_t)service->settings.files,
                                  .create = true,
                                  .holder = holder,
                                  .member = service->settings.name,
                                  .boot = service->boot,
                                  .lease_ms = (uint32_t)service->settings.lease_ms,
                                  .incarnation = incarnation >> 16,
                                  .receipts_in_memory = (uint32_t)service->settings.receipts_max,
                                  .readers = {.reads = kind_reads, .context = service}};
    if (store_open(&service->store, &config, &fault) != error_none)
        return refuse("store", fault.text);
    store_info(service->store, &service->log);
    return units_choose(service);
}

static int journal_start(struct service *service)
{
    enum error error = journal_map(&service->journal, service->settings.journal);
    if (error == error_none)
        error = watchdog_start(&service->watchdog, service->journal, (uint32_t)service->settings.decide_ms);
    return error == error_none ? 0 : refuse("journal", error_text(error));
}

static enum error threads_start(struct service *service)
{
    struct unit_thread_config config = {.store = service->store,
                                        .inbox = service->inbox,
                                        .domains = service->domains,
                                        .domain_count = service->domain_count,
                                        .receipts_max = (uint32_t)service->settings.receipts_max};
    enum error error = read_thread_start(&service->reader, service->store, service->inbox);
    for (uint32_t i = 0; i < service->unit_count && error == error_none; i++) {
        config.unit = service->units[i];
        error = unit_thread_start(&service->writers[config.unit], &config);
    }
    return error;
}

static enum error pool_start(struct service *service)
{
    struct pool_thread_config config = {.store = service->store,
                                        .inbox = service->inbox,
                                        .lease_ms = (uint32_t)service->settings.lease_ms,
                                        .units = service->log.units};
    return store_has_pool(service->store) ? pool_thread_start(&service->pool, &config) : error_none;
}

static enum error core_start(struct service *service)
{
    const struct shard_settings *settings = &service->settings;
    bool pool = store_has_pool(service->store);
    uint32_t commits_usual = pool ? 2 : 1; /* a file's disk is one; a server overlaps what several sessions wait for */
    service->links = brokers_count(settings->bus);
    struct shard_config config = {.log = service->log,
                                  .units = service->units,
                                  .unit_count = pool ? 0 : service->unit_count,
                                  .pool = pool,
                                  .lease_ms = (uint32_t)settings->lease_ms,
                                  .handoffs = (uint32_t)settings->handoffs,
                                  .loads = (uint32_t)settings->loads,
                                  .domains = service->domains,
                                  .domain_count = service->domain_count,
                                  .journal = service->journal,
                                  .links = service->links,
                                  .snapshot_events = (uint32_t)settings->snapshot_events,
                                  .actors_max = (uint64_t)settings->actors_max,
                                  .actor_bytes_max = (uint64_t)settings->actor_bytes_max,
                                  .idle_us = (uint64_t)settings->idle_ms * 1000,
                                  .commits = settings->commits == 0 ? commits_usual : (uint32_t)settings->commits,
                                  .batch_records = (uint32_t)settings->batch_records};
    enum error error = effects_init(&service->effects, service->links);
    return error == error_none ? shard_new(&service->shard, &config) : error;
}

static int tls_start(struct service *service)
{
    const struct shard_settings *settings = &service->settings;
    char fault[TLS_FAULT_SIZE];
    enum error error = tls_settings_client(&settings->tls, settings->bus, &service->tls, fault);
    return error == error_none ? 0 : refuse("TLS", error == error_bad_settings ? fault : error_text(error));
}

static enum error brokers_start(struct service *service)
{
    const struct shard_settings *settings = &service->settings;
    write_array(&service->descriptions, service->domain_count);
    for (uint32_t i = 0; i < service->domain_count; i++)
        write_raw(&service->descriptions, domain_description(service->domains[i]));
    if (service->descriptions.failed)
        return error_no_memory;
    struct brokers_config config = {.urls = settings->bus,
                                    .tls = service->tls,
                                    .token = settings->service_token,
                                    .name = settings->name,
                                    .boot = service->boot,
                                    .partitions = service->log.partitions,
                                    .inbox = service->inbox,
                                    .work_kind = MAIL_WORK,
                                    .link_kind = MAIL_LINK,
                                    .descriptions = buffer_slice(&service->descriptions),
                                    .jobs_max = (uint32_t)settings->jobs_max};
    return brokers_open(&service->brokers, &config);
}

static int service_start(struct service *service, int argc, char **argv)
{
    int status = settings_open(service, argc, argv);
    if (status != 0)
        return status;
    service->inbox = inbox_new();
    process_init(service->inbox, true);
    if ((status = tls_start(service)) != 0 || (status = domains_open(service)) != 0 ||
        (status = store_start(service)) != 0 || (status = journal_start(service)) != 0)
        return status;
    enum error error = threads_start(service);
    if (error == error_none)
        error = core_start(service);
    if (error == error_none)
        error = brokers_start(service);
    if (error == error_none)
        error = pool_start(service);
    if (error != error_none)
        return refuse("cannot start", error_text(error));
    return 0;
}

/* Ready when every unit is owned that can be: in a pool, those that others hand over come later. */
static void ready_maybe(struct service *service)
{
    struct buffer owned = {0};
    uint32_t count = 0;
    if (!shard_settled(service->shard))
        return;
    shard_owned(service->shard, &owned);
    struct reader reader = reader_of(buffer_slice(&owned));
    reader_array(&reader, &count);
    buffer_fini(&owned);
    service->ready = true;
    process_ready(NULL);
    LOG(info, "ready", LOG_INTEGER("partitions", count));
}

static void service_run(struct service *service)
{
    while (!process_stopping()) {
        service_turn(service);
        if (!service->ready)
            ready_maybe(service);
    }
}

static bool lease_runs(const struct service *service)
{
    struct shard_pool_stats stats;
    shard_pool_stats(service->shard, &stats);
    return clock_monotonic_us() < stats.lease_until_us;
}

/* In a pool, units go to others one after the other and are served until they go. */
static void service_leave(struct service *service)
{
    uint64_t until_us = clock_monotonic_us() + LEAVE_US;
    if (service->pool == NULL)
        return;
    pool_thread_leave(service->pool);
    while (clock_monotonic_us() < until_us && lease_runs(service) && shard_units(service->shard) > 0)
        service_turn(service);
    LOG(info, "left the pool", LOG_INTEGER("units", shard_units(service->shard)));
}

/* What was taken is finished and answered; nothing new is asked for. */
static void service_drain(struct service *service)
{
    uint64_t until_us = clock_monotonic_us() + (service->pool == NULL ? DRAIN_US : LEFT_DRAIN_US);
    service->draining = true;
    struct instant now = {.wall_us = clock_wall_us(), .monotonic_us = clock_monotonic_us()};
    shard_step(service->shard, &(struct input){.kind = INPUT_STOP}, now, &service->effects);
    while (clock_monotonic_us() < until_us &&
           (shard_jobs(service->shard) > 0 || brokers_busy(service->brokers, service->effects.outgoing)))
        service_turn(service);
    LOG(info, "stopped", LOG_INTEGER("unanswered", shard_jobs(service->shard)));
}

static void mail_drop(struct inbox *inbox)
{
    struct inbox_node *node = inbox == NULL ? NULL : inbox_take(inbox, 0);
    while (node != NULL) {
        struct mail *mail = (struct mail *)node;
        node = node->next;
        if (mail->node.kind != MAIL_WORK && mail->node.kind != MAIL_LINK) {
            claimed_free(&mail->claimed);
            fetch_free(&mail->fetch);
            store_pool_free(&mail->pool);
        }
        free(mail); /* a batch still belongs to its unit in the core */
    }
}

static void service_stop(struct service *service)
{
    brokers_close(&service->brokers);
    pool_thread_stop(&service->pool);
    read_thread_stop(&service->reader);
    for (uint32_t i = 0; i < POOL_UNITS_MAX; i++)
        unit_thread_stop(&service->writers[i]);
    mail_drop(service->inbox);
    shard_free(&service->shard);
    effects_fini(&service->effects, service->links);
    store_close(&service->store);
    watchdog_stop(&service->watchdog);
    journal_unmap(&service->journal);
    for (uint32_t i = 0; i <= DOMAINS_MAX; i++)
        domain_free(&service->domains[i]);
    process_fini();
    inbox_free(&service->inbox);
    buffer_fini(&service->owned);
    buffer_fini(&service->heads);
    buffer_fini(&service->alarms);
    buffer_fini(&service->metrics);
    buffer_fini(&service->descriptions);
    tls_release(&service->tls);
    settings_free(&shard_settings_table, &service->settings);
}

int main(int argc, char **argv)
{
    struct service service = {0};
    int status = service_start(&service, argc, argv);
    if (status == 0) {
        service_run(&service);
        service_leave(&service);
        service_drain(&service);
    }
    service_stop(&service);
    return status < 0 ? 0 : status;
}
