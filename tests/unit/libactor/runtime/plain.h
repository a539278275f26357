/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a behaviour that do nothing, for tests that bring the one part they are about. */
#ifndef TESTS_RUNTIME_PLAIN_H
#define TESTS_RUNTIME_PLAIN_H

#include <fluvius/runtime.h>

static inline enum runtime_result plain_activate(void *context, struct actor *actor)
{
    (void)context, (void)actor;
    return RUNTIME_OK;
}

static inline enum runtime_result plain_receive(void *context, struct actor *actor, struct runtime_message *message)
{
    (void)context, (void)actor, (void)message;
    return RUNTIME_OK;
}

static inline void plain_passivate(void *context, struct actor *actor)
{
    (void)context, (void)actor;
}

static inline void
plain_drop(void *context, struct actor *actor, struct runtime_message *message, enum runtime_drop reason)
{
    (void)context, (void)actor, (void)message, (void)reason;
}

#endif
