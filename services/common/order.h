/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Puts a broker's frames of work back into their order: they come by one connection, but nng hands them over on several
 * threads, where one can overtake another. A frame that is early is held until those before it are there, and no longer
 * than a moment: order is kept for clients that send on without waiting, and is no promise when a frame is lost. */
#ifndef COMMON_ORDER_H
#define COMMON_ORDER_H

#include "proto/reader.h"
#include "services/common/process.h"

#define ORDER_HOLD_US 100000

/* What a link's threads put into the main loop's inbox: an answer of a broker, or that the connection came or went. The
 * receiver frees it. */
struct work_mail {
    struct inbox_node node; /* node.kind: the owner's, see brokers.h */
    uint32_t link;
    enum error error;        /* why there is no answer */
    bool connected;          /* of a link that changed */
    struct reader items;     /* once decoded: its items, views of bytes */
    uint32_t item_count;     /* likewise */
    struct slice heads;      /* likewise */
    uint64_t number;         /* likewise */
    struct work_mail *later; /* likewise */
    size_t size;             /* the broker's frame */
    uint8_t bytes[];
};

struct order {
    uint64_t next;          /* number of the frame that is due; 0: any */
    struct work_mail *held; /* early ones, by number */
    uint64_t since_us;      /* when the first of them came */
};

/* Takes a frame; number 0 is for frames without one. Gives those that are due now, in order, chained by `later`. */
struct work_mail *order_take(struct order *order, struct work_mail *mail, uint64_t number, uint64_t now_us);
/* Gives all that were held too long; with now_us UINT64_MAX all that are held. */
struct work_mail *order_release(struct order *order, uint64_t now_us);
/* Another connection: its numbers begin anew. Frees what is held. */
void order_reset(struct order *order);

#endif
