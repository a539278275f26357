/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See service.h. */
#include "services/query/service.h"

#include <time.h>

enum { TURN_MAX_US = 50000, BUSY_RETRY_MS = 100, GATHER_US = 100, GATHERS_MAX = 3 };

static void answer(struct service *service, struct query_job *job, uint64_t now_us)
{
    if (job->encoded.size > 0)
        worker_reply_raw(service->worker, &job->place, job->reply.status, buffer_slice(&job->encoded));
    else
        worker_reply(service->worker, &job->place, &job->reply);
    metrics_count(job, now_us - job->came_us);
    service->jobs--;
    service->answered++;
    job_free(&job);
}

static void answer_all(struct service *service, struct query_job *job, uint64_t now_us)
{
    while (job != NULL) {
        struct query_job *next = job->next;
        answer(service, job, now_us);
        job = next;
    }
}

static void run(struct service *service, struct job_queue *queue, struct query_job *job)
{
    service->running++;
    if (job->kind == JOB_HISTORY)
        history_run(service->history, job);
    else
        job_queue_put(queue, job);
}

/* Hands it to who reads, unless there is something to say at once. */
static void start(struct service *service, struct query_job *job, uint64_t now_us)
{
    if (job->outcome == JOB_ANSWERED)
        answer(service, job, now_us);
    else
        run(service, &service->fresh, job);
}

static bool is_follow(const struct item *item)
{
    struct request request;
    return request_decode(item->request, &request, NULL) == error_none && request.operation == operation_follow;
}

static bool is_read(const struct request *request)
{
    return request->operation == operation_query || request->operation == operation_state ||
           request->operation == operation_events || request->operation == operation_changes ||
           request->operation == operation_log;
}

void service_take(void *context, const struct worker_place *place, const struct item *item)
{
    struct service *service = context;
    if (is_follow(item)) {
        follow_thread_take(service->follow, place, item);
        return;
    }
    uint64_t now_us = clock_monotonic_us();
    struct query_job *job = job_new(place, item, now_us, (uint32_t)service->settings.wait_ms);
    if (job == NULL)
        return; /* its deadline ends it */
    service->jobs++;
    if (job->outcome != JOB_ANSWERED && !is_read(&job->request))
        job_fail(job, status_invalid, "unknown_operation", "not an operation of query processes", 0);
    else if (service->jobs > 2 * service->settings.jobs_max) /* more came than was asked for */
        job_fail(job, status_busy, "query_full", "too many queries wait here", BUSY_RETRY_MS);
    start(service, job, now_us);
}

void service_heads(void *context, struct slice heads)
{
    struct service *service = context;
    follow_thread_heads(service->follow, heads);
}

static void look_back(struct service *service, struct query_job *look, uint64_t now_us)
{
    struct query_job *ready, *answered;
    waiting_seen(&service->waiting, look, now_us, &ready, &answered);
    answer_all(service, answered, now_us);
    while (ready != NULL) {
        struct query_job *next = ready->next;
        run(service, &service->waited, ready);
        ready = next;
    }
}

static void job_back(struct service *service, struct query_job *job, uint64_t now_us)
{
    if (job->kind == JOB_LOOK) {
        look_back(service, job, now_us);
        return;
    }
    service->running--;
    if (job->outcome == JOB_BEHIND) {
        job->outcome = 0;
        metrics_waited();
        if (waiting_add(&service->waiting, job, now_us))
            return;
    }
    answer(service, job, now_us);
}

static void take_mail(struct service *service, struct inbox_node *node, uint64_t now_us)
{
    if (worker_mail(service->worker, node, now_us) || follow_thread_mail(node, service->worker))
        return;
    if (node->kind == READERS_MAIL)
        job_back(service, (struct query_job *)node, now_us);
}

static uint64_t wait_us(const struct service *service)
{
    uint64_t now_us = clock_monotonic_us(), due_us = waiting_due_us(&service->waiting);
    if (due_us <= now_us)
        return 0;
    return due_us - now_us < TURN_MAX_US ? due_us - now_us : TURN_MAX_US;
}

static void take_all(struct service *service, struct inbox_node *node, uint64_t now_us)
{
    while (node != NULL) {
        struct inbox_node *next = node->next;
        take_mail(service, node, now_us);
        node = next;
    }
    readers_run(service->readers, &service->fresh, false);
    readers_run(service->readers, &service->waited, true);
}

/* While others are being read, answers wait a moment for those: a frame of many costs little more than a frame of one.
 * A lone query never waits. Sleeping, not waiting for mail: nobody has to wake this thread for each. */
static void gather(struct service *service)
{
    for (int i = 0; i < GATHERS_MAX && service->answered > 0 && service->running > 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = GATHER_US * 1000}, NULL);
        take_all(service, inbox_take(service->inbox, 0), clock_monotonic_us());
    }
    service->answered = 0;
}

/* It does not stand in line behind what came later than those it is for. */
static void look_start(struct service *service, uint64_t now_us)
{
    struct job_queue looks = {0};
    struct query_job *look = waiting_look(&service->waiting, now_us);
    if (look == NULL)
        return;
    job_queue_put(&looks, look);
    readers_run(service->readers, &looks, true);
}

void service_turn(struct service *service, bool stopping)
{
    struct inbox_node *node = inbox_take(service->inbox, wait_us(service));
    uint64_t now_us = clock_monotonic_us();
    take_all(service, node, now_us);
    gather(service);
    answer_all(service, waiting_expire(&service->waiting, now_us), now_us);
    look_start(service, now_us);
    worker_turn(service->worker, service->jobs, stopping, now_us);
}

static uint32_t readers_alarm(const struct service *service, struct buffer *out)
{
    char fault[256];
    if (!readers_fault(service->readers, fault, sizeof fault))
        return 0;
    struct buffer text = {0};
    buffer_printf(&text, "%s cannot read the read models: %s", service->settings.name, fault);
    write_text(out, buffer_slice(&text));
    buffer_fini(&text);
    return 1;
}

static uint32_t domain_alarm(const struct service *service, struct buffer *out)
{
    if (service->journal->alarms == 0)
        return 0;
    struct buffer text = {0};
    buffer_printf(&text,
                  "domain code crashed or span three times in %s on an aggregate's past: see the log",
                  service->settings.name);
    write_text(out, buffer_slice(&text));
    buffer_fini(&text);
    return 1;
}

uint32_t service_alarms(void *context, struct buffer *out)
{
    struct service *service = context;
    return readers_alarm(service, out) + domain_alarm(service, out) + watch_alarms(service->watch, out);
}
