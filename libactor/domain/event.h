/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading stored events, for aggregates and for projections. Private to libactor/domain. */
#ifndef LIBACTOR_DOMAIN_EVENT_H
#define LIBACTOR_DOMAIN_EVENT_H

#include "libactor/domain/model.h"
#include "libactor/domain/step.h"

/* The event of a name that has this version. error_unknown_event, with the reason. */
enum error event_find(const struct domain_resource *resource,
                      struct slice name,
                      uint32_t version,
                      const struct domain_event **out,
                      struct domain_fault *fault);

struct stored_event {
    const struct domain_event *event;
    uint32_t schema;   /* the version it was stored in */
    struct slice data; /* after event_read: as of today's version, in the domain's buffer when it had to change */
    void *record;      /* made by event_read, in the domain's scratch */
};

/* Resets the domain's scratch, upcasts and decodes. texts owns what the record points to. error_invalid_data,
 * error_no_memory. */
enum error event_read(struct stored_event *stored, struct arena *texts, struct domain_fault *fault);

/* The faults of a step that did not end: each fills in the text and returns the error. */
enum error event_no_memory(struct domain_fault *fault);
enum error event_abandoned(const struct domain_event *event, const struct step *step, struct domain_fault *fault);

#endif
