/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * fluvius-broker: opens its sockets, feeds what happens there to the step, carries out its effects. */
#include "broker/edge.h"
#include "broker/step.h"
#include "proto/clock_step.h"
#include "services/common/log.h"
#include "services/common/metrics.h"
#include "services/common/start.h"
#include "services/common/tokens.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    ANSWERS_MAX = 64,
    EXIT_STUCK = 3,
    TICK_US = 10000,
    SWEEP_US = 1000000,
    DRAIN_US = 5000000,
    CERTIFICATE_WARN_S = 14 * 86400
};

struct service {
    struct broker_settings settings;
    struct inbox *inbox;
    struct tokens *tokens;
    struct tls *tls;
    struct edge *edge;
    struct broker *broker;
    uint32_t pipe; /* whose frame is in the step */
    struct broker_effects effects;
    uint64_t tick_us, sweep_us;
    struct clock_step clock;
    bool stuck; /* the supervisor has to start another */
};

static int refuse(const char *what, const char *why)
{
    return service_refuse(&broker_settings_table, what, why);
}

/* ---- what the step asks of its surroundings ---- */

static enum error authenticate(void *context, struct slice token, struct broker_principal *out)
{
    const struct service *service = context;
    struct principal principal;
    enum error error = tokens_check(service->tokens, token, &principal);
    if (error == error_none)
        *out = (struct broker_principal){.realm = slice_text(principal.realm),
                                         .user = slice_text(principal.user),
                                         .roles = principal.roles,
                                         .service = principal.service && edge_trusts(service->edge, service->pipe)};
    return error;
}

static void print_counter(struct buffer *out, const char *name, const char *help, enum metric_kind kind, uint64_t value)
{
    struct metric metric = {.name = name, .help = help, .kind = kind, .value = (int64_t)value};
    metrics_print(&metric, 1, "service=\"broker\"", out);
}

static void print_statuses(const struct broker_counters *counters, struct buffer *out)
{
    struct metric metrics[status_count] = {0};
    char labels[status_count][32];
    for (int i = 0; i < status_count; i++) {
        snprintf(labels[i], sizeof labels[i], "status=\"%s\"", status_name(i));
        metrics[i].name = "fluvius_requests_total";
        metrics[i].help = "requests answered, by status";
        metrics[i].labels = labels[i];
        metrics[i].kind = METRIC_COUNTER;
        metrics[i].value = (int64_t)counters->by_status[i];
    }
    metrics_print(metrics, status_count, "service=\"broker\"", out);
}

static void print_services(const struct broker_counters *counters, struct buffer *out)
{
    struct metric metrics[] = {{.labels = "serves=\"query\"", .value = (int64_t)counters->queries},
                               {.labels = "serves=\"projector\"", .value = (int64_t)counters->projectors}};
    for (int i = 0; i < 2; i++) {
        metrics[i].name = "fluvius_services";
        metrics[i].help = "query processes and projectors connected";
        metrics[i].kind = METRIC_GAUGE;
    }
    metrics_print(metrics, 2, "service=\"broker\"", out);
}

static void print_times(const struct broker_counters *counters, struct buffer *out)
{
    struct metric metric = {.name = "fluvius_broker_request_us",
                            .help = "microseconds from a request's arrival to its shard's reply",
                            .kind = METRIC_HISTOGRAM_US,
                            .sum = (int64_t)counters->time_us_sum};
    static_assert(METRIC_BUCKETS == BROKER_TIME_BUCKETS, "both count powers of two");
    for (int i = 0; i < METRIC_BUCKETS; i++) {
        metric.buckets[i] = (int64_t)counters->time_us[i];
        metric.value += (int64_t)counters->time_us[i];
    }
    metrics_print(&metric, 1, "service=\"broker\"", out);
}

static void print_metrics(void *context, struct buffer *out)
{
    const struct service *service = context;
    struct broker_counters now;
    broker_counters(service->broker, &now);
    print_statuses(&now, out);
    print_times(&now, out);
    print_counter(out, "fluvius_frames_total", "frames of clients", METRIC_COUNTER, now.frames - now.work_frames);
    print_counter(out, "fluvius_work_frames_total", "frames of shards", METRIC_COUNTER, now.work_frames);
    print_counter(out, "fluvius_faulty_frames_total", "frames refused whole", METRIC_COUNTER, now.faulty_frames);
    print_counter(out,
                  "fluvius_repeated_sends_total",
                  "requests sent again after a shard was lost",
                  METRIC_COUNTER,
                  now.repeated_sends);
    print_counter(out,
                  "fluvius_query_crashes_total",
                  "requests answered because three query processes ended with them",
                  METRIC_COUNTER,
                  now.query_crashes);
    print_counter(out, "fluvius_parked_requests", "requests that wait for an owner", METRIC_GAUGE, now.parked);
    print_counter(out, "fluvius_queued_requests", "requests that wait for a shard's credit", METRIC_GAUGE, now.queued);
    print_counter(out, "fluvius_sent_requests", "requests at shards", METRIC_GAUGE, now.sent);
    print_counter(out, "fluvius_shards", "shards connected", METRIC_GAUGE, now.shards);
    print_services(&now, out);
    print_counter(out, "fluvius_unowned_partitions", "partitions without an owner", METRIC_GAUGE, now.unowned);
    print_counter(
        out, "fluvius_connections", "connections of clients and shards", METRIC_GAUGE, edge_connections(service->edge));
    print_counter(
        out, "fluvius_tls_refusals_total", "peers that TLS refused", METRIC_COUNTER, edge_refusals(service->edge));
    print_counter(out,
                  "fluvius_tls_expiry_time",
                  "when the certificate ends, in seconds since 1970; 0: no TLS",
                  METRIC_GAUGE,
                  service->tls == NULL ? 0 : (uint64_t)tls_expires(service->tls));
}

/* ---- opening ---- */

static int settings_open(struct service *service, int argc, char **argv)
{
    return service_settings(&broker_settings_table, argc, argv, &service->settings, &service->settings.log_level);
}

static int tokens_open(struct service *service)
{
    char fault[TOKENS_FAULT_SIZE];
    if (tokens_load(&service->tokens, service->settings.token_file, fault) != error_none)
        return refuse("token-file", fault);
    if (tokens_required(service->tokens))
        return 0;
    if (!address_is_loopback(service->settings.bus))
        return refuse(service->settings.bus, "an address beyond loopback needs a --token-file");
    if (!address_is_loopback(service->settings.events))
        return refuse(service->settings.events, "an address beyond loopback needs a --token-file");
    return 0;
}

/* Three descriptors a connection, where nng alone has one. */
static void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void clear_text_warn(const char *url)
{
    if (!tls_url(url) && !address_is_loopback(url))
        LOG(warning, "credentials travel in the clear", LOG_TEXT("address", url));
}

static int tls_open(struct service *service)
{
    const struct broker_settings *settings = &service->settings;
    const char *const urls[] = {settings->bus, settings->events};
    char fault[TLS_FAULT_SIZE];
    enum error error = tls_settings_server(&settings->tls, urls, 2, &service->tls, fault);
    if (error != error_none)
        return refuse("TLS", error == error_bad_settings ? fault : error_text(error));
    clear_text_warn(settings->bus);
    clear_text_warn(settings->events);
    if (service->tls == NULL)
        return 0;
    descriptors_raise();
    int64_t left = tls_expires(service->tls) - clock_wall_us() / 1000000;
    if (left < CERTIFICATE_WARN_S)
        LOG(warning, "certificate ends soon", LOG_INTEGER("days", left / 86400));
    return 0;
}

static int core_open(struct service *service)
{
    const struct broker_settings *settings = &service->settings;
    struct broker_config config = {.authenticate = authenticate,
                                   .metrics = print_metrics,
                                   .context = service,
                                   .parked_commands = (uint32_t)settings->parked_commands,
                                   .parked_bytes = (uint64_t)settings->parked_bytes,
                                   .parked_ms = (uint32_t)settings->parked_ms,
                                   .silent_ms = (uint32_t)settings->silent_ms,
                                   .held_bytes = (uint64_t)settings->held_bytes,
                                   .held_frames = (uint32_t)(settings->frames - settings->frames / 8),
                                   .private_bus = tokens_required(service->tokens)};
    const char *where = settings->bus;
    random_bytes(&config.seed, sizeof config.seed);
    enum error error = broker_new(&service->broker, &config);
    if (error == error_none)
        error = edge_open(&service->edge, settings, service->tls, service->inbox, &where);
    return error == error_none ? 0 : refuse(where, error_text(error));
}

static int service_start(struct service *service, int argc, char **argv)
{
    char urls[600];
    int status = settings_open(service, argc, argv);
    if (status != 0)
        return status;
    service->inbox = inbox_new();
    process_init(service->inbox, true);
    if ((status = tokens_open(service)) != 0 || (status = tls_open(service)) != 0 || (status = core_open(service)) != 0)
        return status;
    snprintf(urls, sizeof urls, "%s %s", edge_bus(service->edge), edge_events(service->edge));
    process_ready(urls);
    LOG(info, "ready", LOG_TEXT("bus", edge_bus(service->edge)), LOG_TEXT("events", edge_events(service->edge)));
    return 0;
}

/* ---- running ---- */

static void step(struct service *service, const struct broker_input *input, uint64_t now_us)
{
    broker_step(service->broker, input, now_us, &service->effects);
}

static void effects_run(struct service *service)
{
    struct broker_effects *effects = &service->effects;
    for (uint32_t i = 0; i < effects->answer_count; i++) {
        const struct broker_answer *answer = &effects->answers[i];
        /* Out of memory: no bytes are no reply, which the peer takes for a lost connection. */
        edge_answer(
            service->edge, answer->handle, answer->bytes.failed ? slice_of(NULL, 0) : buffer_slice(&answer->bytes));
    }
    for (uint32_t i = 0; i < effects->publication_count; i++)
        edge_publish(service->edge, buffer_slice(&effects->publications[i]));
    for (uint32_t i = 0; i < effects->close_count; i++)
        edge_cut(service->edge, effects->closes[i]);
    broker_effects_clear(effects);
}

/* Effects are carried out after each: a pipe's frames must be forgotten before its contexts take others. */
static void take_mail(struct service *service, struct edge_mail *mail, uint64_t now_us)
{
    struct broker_input input = {
        .handle = mail->handle, .pipe = mail->pipe, .bytes = mail->bytes, .count = mail->count};
    switch ((enum edge_mail_kind)mail->node.kind) {
    case EDGE_FRAME:
        input.kind = BROKER_FRAME;
        service->pipe = mail->pipe;
        if (edge_take(service->edge, mail, now_us))
            step(service, &input, now_us);
        break;
    case EDGE_PIPE_GONE:
        input.kind = BROKER_PIPE_GONE;
        step(service, &input, now_us);
        effects_run(service);
        edge_forget_pipe(service->edge, mail->pipe);
        free(mail);
        break;
    case EDGE_SUBSCRIBERS:
        input.kind = BROKER_SUBSCRIBERS;
        step(service, &input, now_us);
        free(mail);
        break;
    }
}

/* When it was set back nng may sleep until it is as late again, and take no connection before. */
static void clock_look(struct service *service)
{
    if (!clock_set_back(&service->clock))
        return;
    LOG(warning, "the time of day was set back, starting over");
    service->stuck = true;
}

static void tick_maybe(struct service *service, uint64_t now_us)
{
    struct broker_input turn = {.kind = BROKER_TURN};
    if (now_us >= service->tick_us + TICK_US) {
        turn.kind = BROKER_TICK;
        service->tick_us = now_us;
        edge_relieve(service->edge, now_us);
        edge_finish_cuts(service->edge, now_us);
        clock_look(service);
    }
    step(service, &turn, now_us);
    if (now_us < service->sweep_us + SWEEP_US)
        return;
    service->sweep_us = now_us;
    edge_sweep(service->edge, now_us);
    if (!edge_stuck(service->edge, now_us))
        return;
    LOG(error, "connections do not end, starting over", LOG_INTEGER("connections", edge_connections(service->edge)));
    service->stuck = true;
}

static void service_turn(struct service *service)
{
    struct inbox_node *node = inbox_take(service->inbox, TICK_US);
    uint64_t now_us = clock_monotonic_us();
    while (node != NULL) {
        struct inbox_node *next = node->next;
        take_mail(service, (struct edge_mail *)node, now_us);
        if (service->effects.answer_count >= ANSWERS_MAX) /* they can be large */
            effects_run(service);
        node = next;
    }
    tick_maybe(service, now_us);
    effects_run(service);
}

/* New frames are refused; what is on its way is finished. */
static void service_drain(struct service *service)
{
    uint64_t until_us = clock_monotonic_us() + DRAIN_US;
    step(service, &(struct broker_input){.kind = BROKER_STOP}, clock_monotonic_us());
    effects_run(service);
    while ((broker_open(service->broker) > 0 || !edge_drained(service->edge)) && clock_monotonic_us() < until_us)
        service_turn(service);
    LOG(info, "stopped", LOG_INTEGER("unanswered", broker_open(service->broker)));
}

static void service_fini(struct service *service)
{
    edge_close(&service->edge);
    broker_free(&service->broker);
    broker_effects_fini(&service->effects);
    tokens_free(&service->tokens);
    tls_release(&service->tls);
    process_fini();
    inbox_free(&service->inbox);
    settings_free(&broker_settings_table, &service->settings);
}

int main(int argc, char **argv)
{
    struct service service = {0};
    int status = service_start(&service, argc, argv);
    if (status != 0) {
        service_fini(&service);
        return status < 0 ? 0 : status;
    }
    while (!process_stopping() && !service.stuck)
        service_turn(&service);
    service_drain(&service);
    edge_finish(service.edge);
    /* nng's sockets cannot be closed under traffic without the risk of waiting for ever: link_cut.h */
    _exit(service.stuck ? EXIT_STUCK : 0);
}
