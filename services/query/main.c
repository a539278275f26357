/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * fluvius-query: opens what it needs in order, runs the loop, gives everything back in reverse. */
#include "fluvius/loader.h"
#include "services/builtin/builtin.h"
#include "services/common/log.h"
#include "services/common/start.h"
#include "services/query/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, STORE_RETRY_US = 250000, DRAIN_US = 5000000, READERS_DEFAULT_MAX = 8, HISTORY_DEFAULT_MAX = 4 };

static int refuse(const char *what, const char *why)
{
    return service_refuse(&query_settings_table, what, why);
}

static int settings_open(struct service *service, int argc, char **argv)
{
    int status = service_settings(&query_settings_table, argc, argv, &service->settings, &service->settings.log_level);
    if (status == 0 && !service_name(&service->settings.name, "query-"))
        return refuse("name", "give one: the host's cannot be used");
    return status;
}

static int tls_start(struct service *service)
{
    const struct query_settings *settings = &service->settings;
    char fault[TLS_FAULT_SIZE];
    enum error error = tls_settings_client(&settings->tls, settings->bus, &service->tls, fault);
    return error == error_none ? 0 : refuse("TLS", error == error_bad_settings ? fault : error_text(error));
}

/* Faults that pass by themselves: nobody has made the store yet, or the server cannot be reached. */
static bool may_come(enum error error)
{
    return error == error_not_found || error == error_missing_schema || error == error_unreachable ||
           error == error_locked || error == error_connection_limit;
}

/* What the log is called and how many partitions it has; waits until there is one. */
static int log_find(struct service *service)
{
    struct store_config config = {.url = service->settings.store, .holder = service->holder};
    bool told = false;
    while (!process_stopping()) {
        struct store_fault fault = {0};
        struct store *store = NULL;
        enum error error = store_open(&store, &config, &fault);
        if (error == error_none) {
            store_info(store, &service->log);
            store_close(&store);
            return 0;
        }
        if (!may_come(error))
            return refuse("store", fault.text);
        if (!told)
            LOG(info, "waiting for the store", LOG_TEXT("fault", fault.text));
        told = true;
        inbox_take(service->inbox, STORE_RETRY_US); /* nobody sends anything yet */
    }
    return -1;
}

/* As many as are wanted; 0: one a processor, 2 at least. */
static uint32_t threads_count(int64_t wanted, uint32_t most)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (wanted > 0)
        return (uint32_t)wanted;
    return processors < 2 ? 2 : processors > most ? most : (uint32_t)processors;
}

static enum error readers_open(struct service *service)
{
    const struct query_settings *settings = &service->settings;
    struct readers_config config = {.url = settings->read_models == NULL ? settings->store : settings->read_models,
                                    .holder = service->holder,
                                    .count = threads_count(settings->readers, READERS_DEFAULT_MAX),
                                    .partitions = service->log.partitions,
                                    .statement_ms = (uint32_t)settings->statement_ms,
                                    .incarnation = service->log.incarnation,
                                    .inbox = service->inbox};
    enum error error = waiting_init(&service->waiting, service->log.partitions, (uint32_t)settings->jobs_max / 2);
    return error == error_none ? readers_start(&service->readers, &config) : error;
}

static enum error set_open(struct domain_set *set, const struct setting_list *files, struct domain_fault *fault)
{
    enum error error = error_none;
    for (; set->count < files->count && error == error_none; set->count += error == error_none)
        error = domain_load(&set->domains[set->count], files->items[set->count], fault);
    if (error == error_none)
        error = builtin_domain_new(&set->domains[set->count], fault);
    set->count += error == error_none;
    return error;
}

static int domains_open(struct service *service)
{
    const struct setting_list *files = &service->settings.domains;
    struct domain_fault fault;
    if (files->count > DOMAINS_MAX)
        return refuse("domain", "wants 64 modules at most");
    service->history_threads = threads_count(service->settings.history_threads, HISTORY_DEFAULT_MAX);
    for (uint32_t i = 0; i < service->history_threads; i++)
        if (set_open(&service->domain_sets[i], files, &fault) != error_none)
            return refuse("domain", fault.text);
    return 0;
}

static void set_close(struct domain_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        domain_free(&set->domains[i]);
}

static enum error journal_start(struct service *service)
{
    const struct query_settings *settings = &service->settings;
    enum error error = error_none;
    if (settings->journal != NULL) {
        error = journal_map(&service->journal, settings->journal);
    } else {
        journal_open(&service->own_journal);
        service->journal = &service->own_journal;
    }
    if (error == error_none)
        error = watchdog_start(&service->watchdog, service->journal, (uint32_t)settings->decide_ms);
    return error;
}

static int history_open(struct service *service)
{
    struct past_config past[HISTORY_THREADS_MAX];
    struct history_config config = {.store = service->settings.store,
                                    .holder = service->holder,
                                    .log = service->log,
                                    .count = service->history_threads,
                                    .past = past,
                                    .inbox = service->inbox};
    struct store_fault fault = {0};
    enum error error = journal_start(service);
    if (error != error_none)
        return refuse("journal", error_text(error));
    for (uint32_t i = 0; i < config.count; i++)
        past[i] = (struct past_config){.log = service->log,
                                       .domains = service->domain_sets[i].domains,
                                       .domain_count = service->domain_sets[i].count,
                                       .journal = service->journal,
                                       .lane = i,
                                       .now_us = clock_monotonic_us};
    error = history_start(&service->history, &config, &fault);
    return error == error_none ? 0 : refuse("store", fault.text[0] != 0 ? fault.text : error_text(error));
}

static int follow_start(struct service *service)
{
    const struct query_settings *settings = &service->settings;
    struct follow_thread_config config = {.store = settings->store,
                                          .inbox = service->inbox,
                                          .followers_max = (uint32_t)settings->followers_max,
                                          .ring_bytes = (size_t)settings->ring_bytes};
    struct store_fault fault = {0};
    enum error error = follow_thread_start(&service->follow, &config, &fault);
    return error == error_none ? 0 : refuse("follow", fault.text[0] != 0 ? fault.text : error_text(error));
}

static enum error watch_open(struct service *service)
{
    const struct query_settings *settings = &service->settings;
    struct watch_config config = {.store = settings->store,
                                  .readmodel = settings->read_models == NULL ? settings->store : settings->read_models,
                                  .holder = service->holder,
                                  .stall_ms = (uint32_t)settings->stall_ms};
    return watch_start(&service->watch, &config);
}

static enum error worker_start(struct service *service)
{
    const struct query_settings *settings = &service->settings;
    struct worker_config config = {.urls = settings->bus,
                                   .tls = service->tls,
                                   .token = settings->service_token,
                                   .name = settings->name,
                                   .serves = SERVES_QUERY,
                                   .inbox = service->inbox,
                                   .jobs_max = (uint32_t)settings->jobs_max,
                                   .take = service_take,
                                   .heads = service_heads,
                                   .metrics = service_metrics,
                                   .alarms = service_alarms,
                                   .context = service};
    return worker_open(&service->worker, &config);
}

static int service_start(struct service *service, int argc, char **argv)
{
    int status = settings_open(service, argc, argv);
    if (status != 0)
        return status;
    snprintf(service->holder, sizeof service->holder, "%.64s pid %d", service->settings.name, (int)getpid());
    service->inbox = inbox_new();
    process_init(service->inbox, true);
    if ((status = tls_start(service)) != 0 || (status = domains_open(service)) != 0 ||
        (status = log_find(service)) != 0)
        return status;
    if ((status = follow_start(service)) != 0 || (status = history_open(service)) != 0)
        return status;
    enum error error = readers_open(service);
    if (error == error_none)
        error = watch_open(service);
    if (error == error_none)
        error = worker_start(service);
    if (error != error_none)
        return refuse("cannot start", error_text(error));
    process_ready(NULL);
    LOG(info, "ready", LOG_INTEGER("partitions", service->log.partitions));
    return 0;
}

/* What was taken is answered; nothing new is asked for. */
static void service_drain(struct service *service)
{
    uint64_t until_us = clock_monotonic_us() + DRAIN_US;
    while (clock_monotonic_us() < until_us && (service->jobs > 0 || worker_busy(service->worker)))
        service_turn(service, true);
    worker_leave(service->worker, clock_monotonic_us());
    while (worker_busy(service->worker))
        service_turn(service, true);
    LOG(info, "stopped", LOG_INTEGER("unanswered", service->jobs));
}

static void mail_drop(struct inbox *inbox)
{
    struct inbox_node *node = inbox == NULL ? NULL : inbox_take(inbox, 0);
    while (node != NULL) {
        struct inbox_node *next = node->next;
        struct query_job *job = (struct query_job *)node;
        if (node->kind == READERS_MAIL)
            job_free(&job);
        else
            free(node);
        node = next;
    }
}

static void service_stop(struct service *service)
{
    worker_close(&service->worker);
    watch_stop(&service->watch);
    follow_thread_stop(&service->follow);
    readers_stop(&service->readers);
    history_stop(&service->history);
    watchdog_stop(&service->watchdog);
    if (service->journal != &service->own_journal)
        journal_unmap(&service->journal);
    mail_drop(service->inbox);
    for (uint32_t i = 0; i < service->history_threads; i++)
        set_close(&service->domain_sets[i]);
    waiting_fini(&service->waiting);
    tls_release(&service->tls);
    process_fini();
    inbox_free(&service->inbox);
    settings_free(&query_settings_table, &service->settings);
}

int main(int argc, char **argv)
{
    struct service service = {0};
    int status = service_start(&service, argc, argv);
    if (status == 0) {
        while (!process_stopping())
            service_turn(&service, false);
        service_drain(&service);
    }
    service_stop(&service);
    return status < 0 ? 0 : status;
}
