/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See brokers.h. */
#include "services/common/brokers.h"

#include "proto/clock_step.h"
#include "proto/envelope.h"
#include "proto/link.h"
#include "services/common/log.h"
#include "services/common/process.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    GRANTS = 1, /* frames of work a broker may send unasked; what comes meanwhile makes the next one larger */
    SLOTS = 16, /* frames in flight on a link */
    FRAME_TIMEOUT_MS = 10000,
    ASK_US = 1000000,
    REFUSED_US = 1000000,     /* how long a broker that refuses frames gets none */
    REPLY_BYTES = 256 * 1024, /* replies are split into frames of about this size */
};

struct broker {
    struct brokers *owner;
    uint32_t number;
    struct link *link;
    bool connected, tell_all, subscribed;
    uint32_t in_flight; /* frames */
    struct order order;
    uint64_t refused_us;        /* when it last refused a frame; 0: it takes them */
    char fault[TLS_FAULT_SIZE]; /* why it is not reached, or refuses, as last logged */
};

struct brokers {
    struct brokers_config config;
    uint32_t count;
    struct broker *items;
    struct buffer frame, descriptions;
    char *urls;
    uint64_t asked_us; /* when the links were asked for faults */
    struct clock_step clock;
};

/* ---- on nng's threads ---- */

static void mail_push(const struct broker *broker, int kind, const struct work_mail *mail, struct slice bytes)
{
    struct work_mail *copy = malloc(sizeof *copy + bytes.size);
    if (copy == NULL)
        abort(); /* a lost answer would stop its link for ever; the supervisor starts anew */
    *copy = *mail;
    copy->node.kind = kind;
    copy->link = broker->number;
    copy->size = bytes.size;
    if (bytes.size > 0)
        memcpy(copy->bytes, bytes.data, bytes.size);
    inbox_push(broker->owner->config.inbox, &copy->node);
}

static void frame_done(void *context, enum error error, struct slice reply)
{
    struct broker *broker = context;
    mail_push(broker, broker->owner->config.work_kind, &(struct work_mail){.error = error}, reply);
}

static void link_changed(void *context, bool connected)
{
    struct broker *broker = context;
    mail_push(broker, broker->owner->config.link_kind, &(struct work_mail){.connected = connected}, slice_of(NULL, 0));
}

/* ---- opening ---- */

uint32_t brokers_count(const char *urls)
{
    uint32_t count = 1;
    for (const char *at = urls; *at != 0; at++)
        count += *at == ',';
    return count;
}

static enum error broker_open(struct brokers *brokers, uint32_t number, const char *url)
{
    struct broker *broker = &brokers->items[number];
    broker->owner = brokers;
    broker->number = number;
    broker->tell_all = true;
    struct link_config config = {.url = url,
                                 .tls = brokers->config.tls,
                                 .max_bytes = limit_frame_bytes,
                                 .slots = SLOTS,
                                 .watch = link_changed,
                                 .watch_context = broker};
    return link_open(&broker->link, &config);
}

enum error brokers_open(struct brokers **out, const struct brokers_config *config)
{
    struct brokers *brokers = calloc(1, sizeof *brokers);
    if (brokers == NULL)
        return error_no_memory;
    brokers->config = *config;
    brokers->count = brokers_count(config->urls);
    brokers->items = calloc(brokers->count, sizeof *brokers->items);
    brokers->urls = strdup(config->urls);
    buffer_append(&brokers->descriptions, config->descriptions.data, config->descriptions.size);
    enum error error = error_none;
    if (brokers->items == NULL || brokers->urls == NULL || brokers->descriptions.failed)
        error = error_no_memory;
    char *rest = brokers->urls;
    for (uint32_t i = 0; error == error_none && i < brokers->count; i++)
        error = broker_open(brokers, i, strsep(&rest, ","));
    if (error == error_none)
        *out = brokers;
    else
        brokers_close(&brokers);
    return error;
}

void brokers_close(struct brokers **brokers)
{
    if (*brokers == NULL)
        return;
    for (uint32_t i = 0; (*brokers)->items != NULL && i < (*brokers)->count; i++) {
        link_close(&(*brokers)->items[i].link);
        order_reset(&(*brokers)->items[i].order);
    }
    buffer_fini(&(*brokers)->frame);
    buffer_fini(&(*brokers)->descriptions);
    free((*brokers)->items);
    free((*brokers)->urls);
    free(*brokers);
    *brokers = NULL;
}

/* ---- sending ---- */

static void
frame_start(struct brokers *brokers, struct broker *broker, const struct brokers_news *news, struct work_frame *frame)
{
    const struct brokers_config *config = &brokers->config;
    *frame = (struct work_frame){.token = slice_text(config->token),
                                 .shard = slice_text(config->name),
                                 .serves = slice_text(config->serves),
                                 .boot = config->boot,
                                 .owned = news->owned,
                                 .heads = news->heads,
                                 .alarms = news->alarms,
                                 .metrics = news->metrics};
    if (broker->subscribed)
        frame->records = news->records;
    if (broker->tell_all) {
        frame->partitions = config->partitions;
        frame->descriptions = buffer_slice(&brokers->descriptions);
    }
}

/* With so many replies, whose bytes these are. */
static bool frame_send(struct brokers *brokers,
                       struct broker *broker,
                       const struct work_frame *frame,
                       uint32_t count,
                       struct slice replies)
{
    buffer_clear(&brokers->frame);
    if (count > 0)
        work_frame_begin(&brokers->frame, frame, count);
    else
        work_frame_encode(&brokers->frame, frame);
    if (brokers->frame.failed)
        return false;
    enum error error =
        link_send_two(broker->link, buffer_slice(&brokers->frame), replies, FRAME_TIMEOUT_MS, frame_done, broker);
    if (error != error_none)
        return false;
    broker->in_flight++;
    broker->tell_all = false;
    return true;
}

/* Whole replies from the front, about a frame's worth. */
static struct slice replies_next(const struct outgoing *outgoing, uint32_t *count)
{
    const uint8_t *start = outgoing->replies.data + outgoing->sent;
    struct reader reader = reader_of(slice_of(start, outgoing->replies.size - outgoing->sent));
    size_t size = 0;
    *count = 0;
    while (*count < outgoing->count && size < REPLY_BYTES) {
        struct slice reply;
        if (reader_raw(&reader, &reply) != error_none)
            break;
        if (*count > 0 && size + reply.size > limit_frame_bytes - 65536)
            break;
        size += reply.size;
        ++*count;
    }
    return slice_of(start, size);
}

/* So that the buffer does not grow for ever while there is always something to send. */
static void outgoing_drop(struct outgoing *outgoing, size_t size, uint32_t count)
{
    outgoing->sent += size;
    outgoing->count -= count;
    size_t left = outgoing->replies.size - outgoing->sent;
    if (left > 0 && left < outgoing->sent) {
        memcpy(outgoing->replies.data, outgoing->replies.data + outgoing->sent, left);
        outgoing->replies.size = left;
        outgoing->sent = 0;
    }
    if (left == 0)
        outgoing_clear(outgoing);
}

static bool has_news(const struct brokers_news *news)
{
    return news->owned.size + news->heads.size + news->alarms.size + news->metrics.size + news->records.size > 0;
}

/* Sends replies, with the news on the last frame, as a broker takes no replies any more for partitions that it is told
 * are given away; false when no frame carried the news. */
static bool
replies_send(struct brokers *brokers, struct broker *broker, struct outgoing *outgoing, const struct brokers_news *news)
{
    struct work_frame frame;
    bool told = false;
    while (outgoing->count > 0 && link_free_slots(broker->link) > 0) {
        static const struct brokers_news nothing;
        uint32_t count;
        struct slice replies = replies_next(outgoing, &count);
        bool last = count == outgoing->count;
        frame_start(brokers, broker, last ? news : &nothing, &frame);
        if (count == 0 || !frame_send(brokers, broker, &frame, count, replies))
            break;
        told = last;
        outgoing_drop(outgoing, replies.size, count);
    }
    return told;
}

static bool refuses(const struct broker *broker)
{
    return broker->refused_us != 0 && clock_monotonic_us() < broker->refused_us + REFUSED_US;
}

static void broker_flush(struct brokers *brokers,
                         struct broker *broker,
                         struct outgoing *outgoing,
                         const struct brokers_news *news,
                         bool grant)
{
    if (!broker->connected || refuses(broker)) {
        outgoing_clear(outgoing); /* the broker that asked is gone; it, or the next, asks again */
        return;
    }
    static const struct brokers_news nothing;
    bool told = replies_send(brokers, broker, outgoing, news);
    bool tell = !told && (has_news(news) || broker->tell_all);
    while (link_free_slots(broker->link) > 0 && (tell || (grant && broker->in_flight < GRANTS))) {
        struct work_frame frame;
        frame_start(brokers, broker, tell ? news : &nothing, &frame);
        if (!frame_send(brokers, broker, &frame, 0, (struct slice){0}))
            break;
        tell = false;
    }
    broker->tell_all |= tell && news->owned.size > 0; /* nobody may go on sending for units that have moved */
}

/* Says why a broker is not reached; once, until there is another reason. */
static void fault_report(struct broker *broker)
{
    char fault[TLS_FAULT_SIZE];
    if (broker->connected)
        return;
    link_fault(broker->link, fault);
    if (fault[0] != '\0' && strcmp(fault, broker->fault) != 0)
        LOG(warning, "broker not reached", LOG_INTEGER("broker", broker->number), LOG_TEXT("fault", fault));
    memcpy(broker->fault, fault, sizeof fault);
}

static void faults_report(struct brokers *brokers)
{
    uint64_t now_us = clock_monotonic_us();
    if (now_us < brokers->asked_us + ASK_US)
        return;
    brokers->asked_us = now_us;
    for (uint32_t i = 0; i < brokers->count; i++)
        fault_report(&brokers->items[i]);
}

void brokers_flush(
    struct brokers *brokers, struct outgoing *outgoing, const struct brokers_news *news, uint32_t jobs, bool stopping)
{
    faults_report(brokers);
    bool set_back = clock_set_back(&brokers->clock);
    for (uint32_t i = 0; i < brokers->count; i++) {
        link_tend(brokers->items[i].link, set_back);
        broker_flush(brokers, &brokers->items[i], &outgoing[i], news, !stopping && jobs < brokers->config.jobs_max);
    }
}

void brokers_leave(struct brokers *brokers)
{
    static const struct brokers_news nothing;
    for (uint32_t i = 0; i < brokers->count; i++) {
        struct broker *broker = &brokers->items[i];
        struct work_frame frame;
        if (!broker->connected || refuses(broker))
            continue;
        frame_start(brokers, broker, &nothing, &frame);
        frame.leaving = true;
        frame_send(brokers, broker, &frame, 0, (struct slice){0});
    }
}

bool brokers_unanswered(const struct brokers *brokers)
{
    for (uint32_t i = 0; i < brokers->count; i++)
        if (brokers->items[i].connected && brokers->items[i].in_flight > 0)
            return true;
    return false;
}

/* ---- receiving ---- */

/* A broker does not take what it is sent: a wrong token, another version. Said once, and tried again after a while. */
static void refused(struct broker *broker, enum error error, struct slice answer)
{
    struct reply_frame frame;
    char fault[TLS_FAULT_SIZE];
    bool told = reply_frame_decode(answer, &frame) == error_none && frame.whole;
    struct slice code = told ? frame.fault.code : slice_text(error_text(error));
    snprintf(fault, sizeof fault, "%.*s", (int)code.size, (const char *)code.data);
    if (strcmp(fault, broker->fault) != 0)
        LOG(warning, "broker refuses", LOG_INTEGER("broker", broker->number), LOG_TEXT("fault", fault));
    memcpy(broker->fault, fault, sizeof fault);
    broker->refused_us = clock_monotonic_us();
    broker->tell_all = true;
}

void brokers_link_changed(struct brokers *brokers, const struct work_mail *mail)
{
    struct broker *broker = &brokers->items[mail->link];
    broker->connected = mail->connected;
    broker->tell_all = true;
    broker->subscribed = false;
    order_reset(&broker->order);
    broker->fault[0] = '\0';
    broker->refused_us = 0;
    if (mail->connected)
        LOG(info, "broker connected", LOG_INTEGER("broker", mail->link));
    else
        LOG(warning, "broker lost", LOG_INTEGER("broker", mail->link));
}

struct work_mail *brokers_work(struct brokers *brokers, struct work_mail *mail, uint64_t now_us)
{
    struct broker *broker = &brokers->items[mail->link];
    struct work_reply work;
    assert(broker->in_flight > 0);
    broker->in_flight--;
    enum error error = mail->error;
    if (error == error_none)
        error = work_reply_decode(slice_of(mail->bytes, mail->size), &work);
    if (error != error_none) {
        if (mail->error == error_none)
            refused(broker, error, slice_of(mail->bytes, mail->size));
        free(mail);
        return NULL;
    }
    if (broker->refused_us != 0) {
        broker->refused_us = 0;
        broker->fault[0] = '\0';
    }
    broker->subscribed = work.subscribed;
    broker->tell_all |= work.unknown;
    mail->items = work.items;
    mail->item_count = work.count;
    mail->heads = work.heads;
    return order_take(&broker->order, mail, work.number, now_us);
}

struct work_mail *brokers_late_work(struct brokers *brokers, uint32_t link, uint64_t now_us)
{
    return order_release(&brokers->items[link].order, now_us);
}

bool brokers_subscribed(const struct brokers *brokers)
{
    for (uint32_t i = 0; i < brokers->count; i++)
        if (brokers->items[i].subscribed)
            return true;
    return false;
}

bool brokers_want_all(const struct brokers *brokers)
{
    for (uint32_t i = 0; i < brokers->count; i++)
        if (brokers->items[i].connected && brokers->items[i].tell_all)
            return true;
    return false;
}

bool brokers_busy(const struct brokers *brokers, const struct outgoing *outgoing)
{
    for (uint32_t i = 0; i < brokers->count; i++)
        if (brokers->items[i].connected && outgoing[i].count > 0)
            return true;
    return false;
}
