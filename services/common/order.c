/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See order.h. */
#include "services/common/order.h"

#include <stdlib.h>

static void hold(struct order *order, struct work_mail *mail, uint64_t now_us)
{
    struct work_mail **at = &order->held;
    if (order->held == NULL)
        order->since_us = now_us;
    while (*at != NULL && (*at)->number < mail->number)
        at = &(*at)->later;
    mail->later = *at;
    *at = mail;
}

/* Takes the held frames that follow without a gap. */
static struct work_mail *take_due(struct order *order)
{
    struct work_mail *first = NULL, **last = &first;
    while (order->held != NULL && order->held->number == order->next) {
        *last = order->held;
        order->held = order->held->later;
        last = &(*last)->later;
        *last = NULL;
        order->next++;
    }
    return first;
}

struct work_mail *order_take(struct order *order, struct work_mail *mail, uint64_t number, uint64_t now_us)
{
    mail->number = number;
    mail->later = NULL;
    if (number == 0)
        return mail;
    if (order->next != 0 && number > order->next) {
        hold(order, mail, now_us);
        return NULL;
    }
    order->next = number + 1; /* a lower number is of a broker that counts anew */
    mail->later = take_due(order);
    return mail;
}

struct work_mail *order_release(struct order *order, uint64_t now_us)
{
    if (order->held == NULL || (now_us != UINT64_MAX && now_us < order->since_us + ORDER_HOLD_US))
        return NULL;
    struct work_mail *first = order->held, *last = first;
    while (last->later != NULL)
        last = last->later;
    order->held = NULL;
    order->next = last->number + 1;
    return first;
}

void order_reset(struct order *order)
{
    while (order->held != NULL) {
        struct work_mail *mail = order->held;
        order->held = mail->later;
        free(mail);
    }
    order->next = 1;
}
