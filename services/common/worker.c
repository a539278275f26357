/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See worker.h. */
#include "services/common/worker.h"

#include "proto/reader.h"
#include "services/common/brokers.h"
#include "services/common/log.h"

#include <stdlib.h>

enum { NEWS_EVERY_US = 250000, LEAVE_US = 1000000, REPLY_BYTES_MAX = limit_frame_bytes - 65536 };

struct worker {
    struct worker_config config;
    struct brokers *brokers;
    uint32_t links;
    struct outgoing *outgoing;  /* one a link */
    uint64_t *sessions;         /* one a link: counts its connections */
    uint64_t news_us, leave_us; /* leave_us: when it said that it leaves; 0: it has not */
    bool left;                  /* that was long ago */
    struct buffer metrics, alarms, alarm_items;
};

enum error worker_open(struct worker **out, const struct worker_config *config)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return error_no_memory;
    worker->config = *config;
    worker->links = brokers_count(config->urls);
    worker->outgoing = calloc(worker->links, sizeof *worker->outgoing);
    worker->sessions = calloc(worker->links, sizeof *worker->sessions);
    struct brokers_config brokers = {.urls = config->urls,
                                     .tls = config->tls,
                                     .token = config->token,
                                     .name = config->name,
                                     .serves = config->serves,
                                     .inbox = config->inbox,
                                     .work_kind = WORKER_MAIL_WORK,
                                     .link_kind = WORKER_MAIL_LINK,
                                     .jobs_max = config->jobs_max};
    if (brokers.jobs_max == 0) /* it is never busy: every broker has a frame of it to answer, with heads */
        brokers.jobs_max = 1;
    random_bytes(&brokers.boot, sizeof brokers.boot);
    brokers.boot >>= 2; /* fits a signed integer everywhere */
    enum error error = worker->outgoing == NULL || worker->sessions == NULL ? error_no_memory : error_none;
    if (error == error_none)
        error = brokers_open(&worker->brokers, &brokers);
    if (error == error_none)
        *out = worker;
    else
        worker_close(&worker);
    return error;
}

void worker_close(struct worker **worker)
{
    struct worker *old = *worker;
    if (old == NULL)
        return;
    brokers_close(&old->brokers);
    for (uint32_t i = 0; old->outgoing != NULL && i < old->links; i++)
        buffer_fini(&old->outgoing[i].replies);
    free(old->outgoing);
    free(old->sessions);
    buffer_fini(&old->metrics);
    buffer_fini(&old->alarms);
    buffer_fini(&old->alarm_items);
    free(old);
    *worker = NULL;
}

/* ---- receiving ---- */

static void items_take(struct worker *worker, struct work_mail *mail)
{
    struct worker_place place = {.link = mail->link, .session = worker->sessions[mail->link]};
    struct slice raw;
    struct item item;
    for (uint32_t i = 0; i < mail->item_count && reader_raw(&mail->items, &raw) == error_none; i++) {
        if (item_decode(raw, &item) != error_none || worker->config.take == NULL)
            continue; /* its deadline ends it */
        place.key = item.key;
        worker->config.take(worker->config.context, &place, &item);
    }
}

static void work_take(struct worker *worker, struct work_mail *mail)
{
    while (mail != NULL) {
        struct work_mail *later = mail->later;
        if (mail->heads.size > 0 && worker->config.heads != NULL)
            worker->config.heads(worker->config.context, mail->heads);
        items_take(worker, mail);
        free(mail);
        mail = later;
    }
}

bool worker_mail(struct worker *worker, struct inbox_node *node, uint64_t now_us)
{
    struct work_mail *mail = (struct work_mail *)node;
    if (node->kind == WORKER_MAIL_WORK) {
        work_take(worker, brokers_work(worker->brokers, mail, now_us));
        return true;
    }
    if (node->kind != WORKER_MAIL_LINK)
        return false;
    brokers_link_changed(worker->brokers, mail);
    worker->sessions[mail->link]++;
    outgoing_clear(&worker->outgoing[mail->link]); /* the broker that asked asks another */
    free(mail);
    return true;
}

/* ---- sending ---- */

/* What goes before the reply. */
static void place_write(struct outgoing *outgoing, const struct worker_place *place, enum status status)
{
    write_array(&outgoing->replies, 3);
    write_unsigned(&outgoing->replies, place->key);
    write_unsigned(&outgoing->replies, (uint64_t)status);
}

/* Instead of what begins at start. */
static void reply_replace(
    struct outgoing *outgoing, const struct worker_place *place, size_t start, const char *code, const char *message)
{
    struct reply reply = {.status = status_error, .code = slice_text(code), .message = slice_text(message)};
    outgoing->replies.size = start;
    place_write(outgoing, place, reply.status);
    reply_encode(&outgoing->replies, &reply);
}

/* The reply that begins at start is written. A broker refuses a frame of which it cannot read all: one faulty reply
 * must not take the others of its frame with it. */
static void reply_end(struct outgoing *outgoing, const struct worker_place *place, size_t start)
{
    struct buffer *replies = &outgoing->replies;
    if (!replies->failed && replies->size - start > REPLY_BYTES_MAX)
        reply_replace(outgoing, place, start, "reply_too_large", "larger than a frame; ask for less");
    if (!replies->failed && msgpack_check(slice_of(replies->data + start, replies->size - start), NULL) != error_none) {
        LOG(error, "an answer cannot be read", LOG_INTEGER("key", place->key));
        reply_replace(outgoing, place, start, "bad_reply", "the answer cannot be read");
    }
    if (replies->failed) { /* no memory: its deadline ends it */
        replies->failed = false;
        replies->size = start;
        return;
    }
    outgoing->count++;
}

/* NULL when who asked is not there any more. */
static struct outgoing *outgoing_of(struct worker *worker, const struct worker_place *place)
{
    return place->session == worker->sessions[place->link] ? &worker->outgoing[place->link] : NULL;
}

void worker_reply(struct worker *worker, const struct worker_place *place, const struct reply *reply)
{
    struct outgoing *outgoing = outgoing_of(worker, place);
    if (outgoing == NULL)
        return;
    size_t start = outgoing->replies.size;
    place_write(outgoing, place, reply->status);
    reply_encode(&outgoing->replies, reply);
    reply_end(outgoing, place, start);
}

void worker_reply_raw(struct worker *worker, const struct worker_place *place, enum status status, struct slice reply)
{
    struct outgoing *outgoing = outgoing_of(worker, place);
    if (outgoing == NULL)
        return;
    size_t start = outgoing->replies.size;
    place_write(outgoing, place, status);
    write_raw(&outgoing->replies, reply);
    reply_end(outgoing, place, start);
}

/* Again and again: what a broker hears is all it knows of a process, and a frame may be lost. */
static void news_gather(struct worker *worker, uint64_t now_us, struct brokers_news *news)
{
    bool due = worker->news_us == 0 || now_us >= worker->news_us + NEWS_EVERY_US;
    if (!due && !brokers_want_all(worker->brokers))
        return;
    worker->news_us = now_us;
    buffer_clear(&worker->metrics);
    if (worker->config.metrics != NULL)
        worker->config.metrics(worker->config.context, &worker->metrics);
    buffer_clear(&worker->alarm_items);
    uint32_t count =
        worker->config.alarms == NULL ? 0 : worker->config.alarms(worker->config.context, &worker->alarm_items);
    buffer_clear(&worker->alarms);
    write_array(&worker->alarms, count);
    write_raw(&worker->alarms, buffer_slice(&worker->alarm_items));
    if (worker->metrics.failed || worker->alarms.failed || worker->alarm_items.failed)
        return;
    news->metrics = buffer_slice(&worker->metrics);
    news->alarms = buffer_slice(&worker->alarms);
}

void worker_turn(struct worker *worker, uint32_t jobs, bool stopping, uint64_t now_us)
{
    struct brokers_news news = {0};
    for (uint32_t link = 0; link < worker->links; link++)
        work_take(worker, brokers_late_work(worker->brokers, link, now_us));
    worker->left = worker->leave_us != 0 && now_us >= worker->leave_us + LEAVE_US;
    if (worker->leave_us != 0)
        return;
    news_gather(worker, now_us, &news);
    brokers_flush(worker->brokers, worker->outgoing, &news, jobs, stopping);
}

void worker_leave(struct worker *worker, uint64_t now_us)
{
    worker->leave_us = now_us;
    brokers_leave(worker->brokers);
}

bool worker_busy(const struct worker *worker)
{
    if (worker->leave_us != 0)
        return !worker->left && brokers_unanswered(worker->brokers);
    return brokers_busy(worker->brokers, worker->outgoing);
}
