/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Going through a whole store, stream by stream: claims each unit, finds the streams by their first events, derives
 * each of them, and prints what it found. */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include "fluvius/host.h"
#include "services/store/store.h"

#include <stdio.h>

struct replay {
    struct store *store;
    struct domain **domains;
    size_t domain_count;
    bool states; /* print "NS.RESOURCE/ID VERSION HASH" for each stream; other realms than default as REALM:NS... */
    uint64_t streams, events, snapshots, stale, different, failed; /* counts, out */
};

/* Prints the counts as one JSON object. False when a state could not be derived or differs, which is told to standard
 * error. Nobody else may have claimed a unit. */
bool replay_run(struct replay *replay);

#endif
