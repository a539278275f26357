/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests on their way, in slots that do not move. A key names a slot and a generation that is never used again in
 * this process and begins at random, so that a reply meant for another request, or for a broker before this one, finds
 * none. */
#include "broker/state.h"

#include <stdlib.h>

enum { PAGE_SLOTS = 1024, PAGES_MAX = 1024, SLOT_BITS = 24 };

static struct pending *slot_at(struct broker *broker, uint32_t slot)
{
    return &broker->pages[slot / PAGE_SLOTS][slot % PAGE_SLOTS];
}

static bool page_add(struct broker *broker)
{
    if (broker->page_count == PAGES_MAX)
        return false;
    if (broker->pages == NULL)
        broker->pages = calloc(PAGES_MAX, sizeof *broker->pages);
    struct pending *page = broker->pages == NULL ? NULL : calloc(PAGE_SLOTS, sizeof *page);
    if (page == NULL)
        return false;
    broker->pages[broker->page_count++] = page;
    return true;
}

static bool slot_take(struct broker *broker, uint32_t *slot)
{
    if (broker->free_slot != 0) {
        *slot = broker->free_slot - 1;
        broker->free_slot = slot_at(broker, *slot)->next_free;
        return true;
    }
    if (broker->slot_count == broker->page_count * PAGE_SLOTS && !page_add(broker))
        return false;
    *slot = broker->slot_count++;
    return true;
}

struct pending *pending_new(struct broker *broker)
{
    uint32_t slot;
    if (!slot_take(broker, &slot))
        return NULL;
    struct pending *pending = slot_at(broker, slot);
    *pending = (struct pending){.key = broker->generation++ << SLOT_BITS | slot};
    broker->open++;
    return pending;
}

struct pending *pending_find(struct broker *broker, uint64_t key)
{
    uint32_t slot = (uint32_t)(key & ((1u << SLOT_BITS) - 1));
    if (slot >= broker->slot_count)
        return NULL;
    struct pending *pending = slot_at(broker, slot);
    return pending->key == key && pending->place != PENDING_FREE ? pending : NULL;
}

void pending_free(struct broker *broker, struct pending *pending)
{
    uint32_t slot = (uint32_t)(pending->key & ((1u << SLOT_BITS) - 1));
    pending_leave(broker, pending);
    pending->place = PENDING_FREE;
    pending->next_free = broker->free_slot;
    broker->free_slot = slot + 1;
    broker->open--;
}

void pending_end(struct broker *broker, struct pending *pending, enum status status, struct slice raw)
{
    struct frame *frame = pending->frame;
    uint32_t index = pending->index;
    pending_free(broker, pending);
    frame_reply(broker, frame, index, status, raw);
}

void pending_measure(struct broker *broker, const struct pending *pending)
{
    uint64_t time_us = broker->now_us - pending->arrived_us;
    uint32_t bucket = 0;
    while (bucket < BROKER_TIME_BUCKETS - 1 && time_us > 1ull << bucket)
        bucket++;
    broker->counters.time_us_sum += time_us;
    broker->counters.time_us[bucket]++;
}

void pending_fail(struct broker *broker,
                  struct pending *pending,
                  enum status status,
                  const char *code,
                  const char *message,
                  uint32_t retry_ms)
{
    struct request request = {0};
    struct envelope_fault fault;
    struct buffer out = {0};
    request_decode(pending->raw, &request, &fault); /* it could be read before */
    struct reply reply = {.status = status,
                          .has_id = request.has_id,
                          .id = request.id,
                          .code = slice_text(code),
                          .message = slice_text(message),
                          .retry_ms = retry_ms};
    reply_encode(&out, &reply);
    pending_end(broker, pending, status, buffer_slice(&out));
    buffer_fini(&out);
}

void pending_expire(struct broker *broker, struct pending *pending)
{
    const char *message = pending->place == PENDING_SENT ? "the time ran out; the command may have run"
                                                         : "the time ran out before the command was run";
    pending_fail(broker, pending, status_deadline, "deadline", message, 0);
}

void deadline_watch(struct broker *broker, uint64_t deadline_us)
{
    if (deadline_us < broker->deadline_us)
        broker->deadline_us = deadline_us;
}

/* Most requests are answered long before their deadline: their slots are looked at when the first deadline of all that
 * ever came since the last look has passed. */
void pendings_sweep(struct broker *broker)
{
    if (broker->now_us < broker->deadline_us)
        return;
    broker->deadline_us = UINT64_MAX;
    for (uint32_t slot = 0; slot < broker->slot_count; slot++) {
        struct pending *pending = slot_at(broker, slot);
        if (pending->place == PENDING_FREE)
            continue;
        if (broker->now_us < pending->deadline_us) {
            deadline_watch(broker, pending->deadline_us);
            continue;
        }
        pending_expire(broker, pending);
    }
}
