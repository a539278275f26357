/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A mailbox: a first-in-first-out list of messages, linked through them. Its bounds are the runtime's business. */
#ifndef RUNTIME_MAILBOX_H
#define RUNTIME_MAILBOX_H

#include "libactor/runtime/actor.h"

static inline void mailbox_push(struct mailbox *mailbox, struct runtime_message *message)
{
    message->next = NULL;
    *(mailbox->first == NULL ? &mailbox->first : &mailbox->last->next) = message;
    mailbox->last = message;
    mailbox->count++;
}

/* The mailbox must not be empty. */
static inline struct runtime_message *mailbox_pop(struct mailbox *mailbox)
{
    struct runtime_message *message = mailbox->first;
    mailbox->first = message->next;
    mailbox->count--;
    message->next = NULL;
    return message;
}

#endif
