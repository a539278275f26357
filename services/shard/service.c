/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See service.h: one turn of the loop. */
#include "services/shard/service.h"

#include <stdlib.h>

enum { TURN_MAX_US = 50000 };

static struct instant instant_now(void)
{
    return (struct instant){.wall_us = clock_wall_us(), .monotonic_us = clock_monotonic_us()};
}

static void step(struct service *service, const struct input *input, struct instant now)
{
    shard_step(service->shard, input, now, &service->effects);
}

static void run_items(struct service *service, struct work_mail *mail, struct instant now)
{
    for (uint32_t i = 0; i < mail->item_count; i++) {
        struct input input = {.kind = INPUT_ITEM, .link = mail->link};
        if (reader_raw(&mail->items, &input.item) != error_none)
            return;
        step(service, &input, now);
    }
}

static void run_work(struct service *service, struct work_mail *mail, struct instant now)
{
    while (mail != NULL) {
        struct work_mail *later = mail->later;
        run_items(service, mail, now);
        free(mail);
        mail = later;
    }
}

static void take_claimed(struct service *service, struct mail *mail, struct instant now)
{
    if (mail->claimed->error == error_none)
        shard_metrics_claim(mail->claimed->took_us);
    step(service, &(struct input){.kind = INPUT_CLAIMED, .claimed = mail->claimed}, now);
}

static void take_released(struct service *service, const struct mail *mail, struct instant now)
{
    uint64_t before = shard_counters(service->shard)->handoffs;
    step(service, &(struct input){.kind = INPUT_RELEASED, .unit = mail->unit}, now);
    if (shard_counters(service->shard)->handoffs != before)
        shard_metrics_handoff(shard_counters(service->shard)->handoff_us);
}

/* The lease's end comes with the view that it belongs to: a process that slept must not take a new lease for the units
 * it has lost. */
static void take_pool(struct service *service, struct mail *mail, struct instant now)
{
    struct pool_view view = {
        .pool = mail->pool, .error = mail->error, .asked_us = mail->asked_us, .lease_until_us = mail->lease_until_us};
    step(service, &(struct input){.kind = INPUT_POOL, .view = &view}, now);
    pool_thread_seen(service->pool, shard_moving(service->shard));
    store_pool_free(&mail->pool);
}

static void take_mail(struct service *service, struct mail *mail, struct instant now)
{
    struct work_mail *work = (struct work_mail *)mail; /* of the first two kinds */
    switch ((enum mail_kind)mail->node.kind) {
    case MAIL_WORK:
        run_work(service, brokers_work(service->brokers, work, now.monotonic_us), now);
        return;
    case MAIL_LINK:
        brokers_link_changed(service->brokers, work);
        break;
    case MAIL_CLAIMED:
        take_claimed(service, mail, now);
        break;
    case MAIL_RELEASED:
        take_released(service, mail, now);
        break;
    case MAIL_POOL:
        take_pool(service, mail, now);
        break;
    case MAIL_COMMITTED:
        shard_metrics_commit(mail->batch->took_us, mail->batch->count);
        step(service, &(struct input){.kind = INPUT_COMMITTED, .batch = mail->batch}, now);
        break;
    case MAIL_FETCHED:
        step(service, &(struct input){.kind = INPUT_FETCHED, .fetch = mail->fetch}, now);
        break;
    }
    free(mail);
}

static uint64_t wait_us(const struct service *service)
{
    uint64_t now_us = clock_monotonic_us(), next_us = shard_next_us(service->shard, now_us);
    if (next_us <= now_us)
        return 0;
    return next_us - now_us < TURN_MAX_US ? next_us - now_us : TURN_MAX_US;
}

/* The clock is read when the mail is here: what is answered to it was valid at an instant after it came, also when this
 * process is stopped before the answer leaves. */
void service_turn(struct service *service)
{
    struct inbox_node *node = inbox_take(service->inbox, wait_us(service));
    struct instant now = instant_now();
    while (node != NULL) {
        struct inbox_node *next = node->next;
        take_mail(service, (struct mail *)node, now);
        node = next;
    }
    for (uint32_t link = 0; link < service->links; link++)
        run_work(service, brokers_late_work(service->brokers, link, now.monotonic_us), now);
    struct input turn = {.kind = INPUT_TURN, .subscribed = brokers_subscribed(service->brokers)};
    step(service, &turn, now);
    effects_run(service, now.monotonic_us);
}
