/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The followers' thread: see thread.h. */
#include "services/follow/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "services/common/log.h"
#include "services/common/metrics.h"
#include "services/follow/core.h"

#define FOLLOWERS_MAX 4096
#define RING_BYTES (16u << 20)
#define QUIET_MS 200
#define IDLE_US 1000000

enum { MAIL_REQUEST = 1 };

struct request_mail {
    struct inbox_node node;
    struct worker_place place;
    struct item item; /* views into bytes */
    uint8_t bytes[];
};

struct answer_mail {
    struct inbox_node node;
    struct worker_place place;
    struct reply reply; /* views into bytes */
    uint8_t bytes[];
};

enum {
    METRIC_FOLLOWERS,
    METRIC_WAITING,
    METRIC_RING,
    METRIC_ANSWERS,
    METRIC_REFUSED,
    METRIC_FROM_RING,
    METRIC_FROM_STORE,
    METRIC_COUNT
};

struct follow_thread {
    pthread_t thread;
    bool running;
    atomic_bool stop; /* read by the thread at each turn; nothing else depends on it */
    struct inbox *inbox, *answers;
    struct store *store;
    struct store_info log;
    struct follow_core *core;
    /* What brokers said: raised by the main thread, read by ours; a late value only makes us look later. */
    _Atomic uint64_t *heard;
    atomic_bool told;
    struct metric metrics[METRIC_COUNT];
};

/* ---- copies ---- */

static struct slice keep(uint8_t **at, struct slice text)
{
    struct slice kept = slice_of(*at, text.size);
    if (text.size > 0)
        memcpy(*at, text.data, text.size);
    *at += text.size;
    return kept;
}

void follow_thread_take(struct follow_thread *thread, const struct worker_place *place, const struct item *item)
{
    size_t size = item->realm.size + item->user.size + item->roles.size + item->request.size;
    struct request_mail *mail = malloc(sizeof *mail + size);
    if (mail == NULL)
        return; /* its broker's time for it runs out */
    uint8_t *at = mail->bytes;
    mail->node.kind = MAIL_REQUEST;
    mail->place = *place;
    mail->item = *item;
    mail->item.realm = keep(&at, item->realm);
    mail->item.user = keep(&at, item->user);
    mail->item.roles = keep(&at, item->roles);
    mail->item.request = keep(&at, item->request);
    mail->item.identifier = (struct slice){0};
    inbox_push(thread->inbox, &mail->node);
}

static void on_answer(void *context, const struct worker_place *place, const struct reply *reply)
{
    struct follow_thread *thread = context;
    size_t size = reply->position.size + reply->data.size + reply->code.size + reply->message.size;
    struct answer_mail *mail = malloc(sizeof *mail + size);
    if (mail == NULL)
        return;
    uint8_t *at = mail->bytes;
    mail->node.kind = FOLLOW_MAIL_ANSWER;
    mail->place = *place;
    mail->reply = *reply;
    mail->reply.position = keep(&at, reply->position);
    mail->reply.data = keep(&at, reply->data);
    mail->reply.code = keep(&at, reply->code);
    mail->reply.message = keep(&at, reply->message);
    inbox_push(thread->answers, &mail->node);
}

bool follow_thread_mail(struct inbox_node *node, struct worker *worker)
{
    if (node->kind != FOLLOW_MAIL_ANSWER)
        return false;
    struct answer_mail *mail = (struct answer_mail *)node;
    worker_reply(worker, &mail->place, &mail->reply);
    free(mail);
    return true;
}

/* ---- the store ---- */

static enum error source_read(void *context,
                              uint32_t partition,
                              uint64_t after,
                              uint32_t limit,
                              store_visit visit,
                              void *visit_context,
                              struct store_fault *fault)
{
    struct follow_thread *thread = context;
    return store_read_log(thread->store, partition, after, limit, visit, visit_context, fault);
}

static enum error source_heads(void *context, struct store_partition *out, struct store_fault *fault)
{
    struct follow_thread *thread = context;
    return store_read_heads(thread->store, out, fault);
}

static const struct follow_source store_source = {.read = source_read, .heads = source_heads};

/* ---- news ---- */

void follow_thread_heads(struct follow_thread *thread, struct slice heads)
{
    struct reader reader = reader_of(heads);
    uint32_t count = 0;
    uint64_t partition, seq;
    bool moved = false;
    if (reader_array(&reader, &count) != error_none)
        return;
    for (uint32_t i = 0; i < count && pair_read(&reader, &partition, &seq); i++) {
        if (partition >= thread->log.partitions)
            continue;
        /* One thread raises it: a plain comparison is enough. */
        if (seq > atomic_load_explicit(&thread->heard[partition], memory_order_relaxed)) {
            atomic_store_explicit(&thread->heard[partition], seq, memory_order_relaxed);
            moved = true;
        }
    }
    /* Release: who sees it also sees the heads above. */
    bool was = atomic_exchange_explicit(&thread->told, true, memory_order_release);
    if (moved && !was)
        inbox_wake(thread->inbox);
}

static void news_take(struct follow_thread *thread, uint64_t now_us)
{
    if (!atomic_exchange_explicit(&thread->told, false, memory_order_acquire))
        return;
    follow_told(thread->core, now_us);
    for (uint32_t i = 0; i < thread->log.partitions; i++)
        follow_news(thread->core, i, atomic_load_explicit(&thread->heard[i], memory_order_relaxed));
}

/* ---- the loop ---- */

static void metrics_update(struct follow_thread *thread)
{
    struct follow_counts counts;
    follow_counts(thread->core, &counts);
    metric_set(&thread->metrics[METRIC_FOLLOWERS], counts.followers);
    metric_set(&thread->metrics[METRIC_WAITING], counts.waiting);
    metric_set(&thread->metrics[METRIC_RING], (int64_t)counts.ring_bytes);
    metric_set(&thread->metrics[METRIC_ANSWERS], (int64_t)counts.answers);
    metric_set(&thread->metrics[METRIC_REFUSED], (int64_t)counts.refused);
    metric_set(&thread->metrics[METRIC_FROM_RING], (int64_t)counts.from_ring);
    metric_set(&thread->metrics[METRIC_FROM_STORE], (int64_t)counts.from_store);
}

static void mail_take(struct follow_thread *thread, struct inbox_node *node, uint64_t now_us)
{
    while (node != NULL) {
        struct request_mail *mail = (struct request_mail *)node;
        node = node->next;
        follow_take(thread->core, &mail->place, &mail->item, now_us);
        free(mail);
    }
}

static uint64_t wait_us(const struct follow_thread *thread, bool more, uint64_t now_us)
{
    uint64_t due_us = follow_due_us(thread->core);
    if (more || due_us <= now_us)
        return 0;
    return due_us - now_us < IDLE_US ? due_us - now_us : IDLE_US;
}

static void *thread_run(void *context)
{
    struct follow_thread *thread = context;
    bool more = false;
    while (!atomic_load_explicit(&thread->stop, memory_order_relaxed)) {
        struct inbox_node *node = inbox_take(thread->inbox, wait_us(thread, more, clock_monotonic_us()));
        uint64_t now_us = clock_monotonic_us();
        mail_take(thread, node, now_us);
        news_take(thread, now_us);
        more = follow_turn(thread->core, now_us);
        metrics_update(thread);
    }
    return NULL;
}

/* ---- start and stop ---- */

static const struct metric metrics_table[METRIC_COUNT] = {
    [METRIC_FOLLOWERS] = {.name = "fluvius_follow_requests",
                          .help = "requests to follow the log that are open",
                          .kind = METRIC_GAUGE},
    [METRIC_WAITING] = {.name = "fluvius_follow_waiting",
                        .help = "those of them that have come to its end",
                        .kind = METRIC_GAUGE},
    [METRIC_RING] = {.name = "fluvius_follow_ring_bytes",
                     .help = "newest records kept in memory for followers",
                     .kind = METRIC_GAUGE},
    [METRIC_ANSWERS] = {.name = "fluvius_follow_answers_total", .help = "answers to followers", .kind = METRIC_COUNTER},
    [METRIC_REFUSED] = {.name = "fluvius_follow_refused_total",
                        .help = "followers that were refused",
                        .kind = METRIC_COUNTER},
    [METRIC_FROM_RING] = {.name = "fluvius_follow_records_total",
                          .help = "records that followers looked at",
                          .labels = "from=\"memory\"",
                          .kind = METRIC_COUNTER},
    [METRIC_FROM_STORE] = {.name = "fluvius_follow_records_total",
                           .help = "records that followers looked at",
                           .labels = "from=\"store\"",
                           .kind = METRIC_COUNTER},
};

static enum error core_start(struct follow_thread *thread, const struct follow_thread_config *config)
{
    struct follow_config core = {.log = thread->log,
                                 .source = &store_source,
                                 .source_context = thread,
                                 .followers_max = config->followers_max == 0 ? FOLLOWERS_MAX : config->followers_max,
                                 .ring_bytes = config->ring_bytes == 0 ? RING_BYTES : config->ring_bytes,
                                 .quiet_ms = config->quiet_ms == 0 ? QUIET_MS : config->quiet_ms,
                                 .answer = on_answer,
                                 .context = thread};
    thread->core = follow_core_new(&core);
    thread->heard = calloc(thread->log.partitions, sizeof *thread->heard);
    thread->inbox = inbox_new();
    bool whole = thread->core != NULL && thread->heard != NULL && thread->inbox != NULL;
    return whole ? error_none : error_no_memory;
}

static enum error
thread_open(struct follow_thread *thread, const struct follow_thread_config *config, struct store_fault *fault)
{
    struct store_config store = {.url = config->store, .holder = "fluvius-query"};
    enum error error = store_open(&thread->store, &store, fault);
    if (error != error_none)
        return error;
    store_info(thread->store, &thread->log);
    error = core_start(thread, config);
    if (error == error_none && pthread_create(&thread->thread, NULL, thread_run, thread) != 0)
        error = error_no_memory;
    thread->running = error == error_none;
    return error;
}

enum error
follow_thread_start(struct follow_thread **out, const struct follow_thread_config *config, struct store_fault *fault)
{
    struct follow_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return error_no_memory;
    memcpy(thread->metrics, metrics_table, sizeof thread->metrics);
    thread->answers = config->inbox;
    enum error error = thread_open(thread, config, fault);
    if (error == error_none)
        *out = thread;
    else
        follow_thread_stop(&thread);
    return error;
}

static void mail_drop(struct inbox *inbox)
{
    struct inbox_node *node = inbox == NULL ? NULL : inbox_take(inbox, 0), *next;
    for (; node != NULL; node = next) {
        next = node->next;
        free(node);
    }
}

void follow_thread_stop(struct follow_thread **thread)
{
    if (*thread == NULL)
        return;
    if ((*thread)->running) {
        atomic_store_explicit(&(*thread)->stop, true, memory_order_relaxed);
        inbox_wake((*thread)->inbox);
        pthread_join((*thread)->thread, NULL);
    }
    mail_drop((*thread)->inbox);
    inbox_free(&(*thread)->inbox);
    follow_core_free(&(*thread)->core);
    store_close(&(*thread)->store);
    free((void *)(*thread)->heard);
    free(*thread);
    *thread = NULL;
}

void follow_thread_metrics(struct follow_thread *thread, const char *labels, struct buffer *out)
{
    metrics_print(thread->metrics, METRIC_COUNT, labels, out);
}
