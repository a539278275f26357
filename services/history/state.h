/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this layer share: a request on its way, see past.h.
 *
 *   past.c      taking a request, its steps, its end
 *   fold.c      states at a version or time
 *   changes.c   what events changed, while they are folded
 *   page.c      events and records as they are
 *   scope.c     is the aggregate of the request's scope? */
#ifndef HISTORY_STATE_H
#define HISTORY_STATE_H

#include "services/history/past.h"

enum { PAGE_BYTES = limit_frame_bytes / 4 }; /* about, of what a page of a reply holds */

struct changes {
    uint64_t from;               /* version before the first that is shown */
    struct buffer base, before;  /* states: at from, and after the last event */
    struct buffer after, events; /* scratch; the events so far, encoded */
    uint32_t count;
};

struct past {
    const struct past_config *config;
    const struct request *request;
    struct stream stream;
    uint64_t stream_hash;
    const char *unknown; /* which part of the target no domain here has; NULL: none */
    struct store_head head;
    uint64_t last;  /* version, or seq, of the last event that was taken */
    uint32_t count; /* events of the reply's page */
    struct buffer events;

    /* states and changes */
    const struct domain_resource *resource;
    uint64_t fingerprint; /* of its domain */
    struct aggregate *aggregate;
    uint64_t to_version;
    bool ended;       /* an event came that is after the time asked for */
    bool paused;      /* the step's time is over */
    uint64_t step_us; /* when it began */
    struct changes changes;

    struct past *gate; /* NULL: none; stays when it is answered */
    struct request gate_request;

    bool answered;
    struct buffer body, text;
    struct reply reply;
    struct domain_fault fold_fault;
    struct store_fault fault;
};

/* past.c: its ends. Texts are literals. */
void past_fail(struct past *past, enum status status, const char *code, const char *message);
/* What the store or the domain said. */
void past_fail_error(struct past *past, enum error error);
/* With the body. */
void past_done(struct past *past, bool has_version, uint64_t version);

/* fold.c */
void fold_step(struct past *past, struct store *store);

/* changes.c: the aggregate is at the version from which changes are shown. */
enum error changes_begin(struct past *past);
/* An event was applied; what it changed is noted if it is to be shown. */
enum error changes_note(struct past *past, const struct store_record *record);
bool changes_full(const struct past *past);
void changes_answer(struct past *past);
void changes_fini(struct changes *changes);

/* scope.c: true when the folded state is of another scope, or no state can be of it, and the request is answered. */
bool scope_refuses(struct past *past);
/* What is to be known of the aggregate as it is now before anything is shown. */
enum error gate_open(struct past *past);
/* Does a page of that; false: there is more to do, or the request is answered. */
bool gate_passed(struct past *past, struct store *store);

/* page.c */
void page_events(struct past *past, struct store *store);
void page_log(struct past *past, struct store *store);

#endif
