/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One consumer of a group, as `fluvius subscribe` is one: its settings, and what it does in each round. Functions give
 * an exit code, 0 to go on; a complaint was printed otherwise. */
#ifndef CLI_SUBSCRIBER_H
#define CLI_SUBSCRIBER_H

#include "services/cli/group.h"
#include "services/cli/handler.h"
#include "services/cli/selection.h"

/* Settings of the group are absent unless they were given: then the platform has its own. */
struct subscribe_settings {
    struct connect_settings connect;
    struct selection selection;
    char *consumer, *exec, *from;
    bool create, once;
    int64_t batch, attempts, lease_ms, dead_letters; /* 0: absent */
    int64_t backoff_ms;                              /* -1: absent */
};

struct subscriber {
    const struct subscribe_settings *settings;
    struct group group;
    struct group_records page;
    struct handler handler;
    uint64_t *done;     /* by partition: everything up to it was handed over, or did not match */
    bool *blocked;      /* a record of it failed in this page */
    bool *handled;      /* a record of it was done in this page */
    uint64_t joined_us; /* when its lease began; 0: it is to join now */
    uint64_t round_us;  /* when it last looked at the group */
    bool moved;         /* a record was handed over in this round */
    bool replayed;      /* a dead letter was */
    char name[160];
};

/* ---- subscribe_group.c: the group ---- */

/* Makes the group when it is to be made, or sees to it that it is as the settings say. */
int group_ensure(struct subscriber *subscriber);

/* ---- subscribe_share.c: its share of the partitions ---- */

/* Joins when that is due, looks at the group, gives back what is more than a share. */
int take_part(struct subscriber *subscriber);
/* Joins when that is due, and nothing else: while a record takes long. */
void lease_renew(void *subscriber);
/* Has it been away from the group for so long that it is to look again? */
bool round_over(const struct subscriber *subscriber);
int places_ack(struct subscriber *subscriber);
int place_nack(struct subscriber *subscriber, struct group_place place, const char *fault);
/* What became of a dead letter that was handed out again; fault NULL: it is done. */
int letter_settle(struct subscriber *subscriber, struct group_place place, const char *fault);
int group_leave(struct subscriber *subscriber);

/* ---- subscribe_records.c: what is handed out ---- */

int page_run(struct subscriber *subscriber, bool *active);
int letters_replay(struct subscriber *subscriber);
/* Is everything done that was committed when the log was first looked at, by whoever? */
int end_look(struct subscriber *subscriber, bool *end);

#endif
