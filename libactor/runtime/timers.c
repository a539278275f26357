/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The heap of timers, their slots, and each actor's list of its own. */
#include "libactor/runtime/timers.h"

#include <stdlib.h>

enum { TIMERS_FIRST = 64 };

struct timer_slot {
    uint64_t due_us, start; /* the order */
    struct actor *actor;
    struct runtime_message *message;
    uint32_t generation; /* counts the timers that ended in this slot */
    uint32_t heap_index;
    uint32_t previous, next; /* slots of the actor's timers; next alone: free slots */
};

void timers_fini(struct timers *timers)
{
    free(timers->slots);
    free(timers->heap);
    *timers = (struct timers){0};
}

/* ---- the heap ---- */

static bool comes_before(const struct timers *timers, uint32_t left, uint32_t right)
{
    const struct timer_slot *a = &timers->slots[left], *b = &timers->slots[right];
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->start < b->start;
}

static void heap_put(struct timers *timers, uint32_t index, uint32_t slot)
{
    timers->heap[index] = slot;
    timers->slots[slot].heap_index = index;
}

static void heap_rise(struct timers *timers, uint32_t index, uint32_t slot)
{
    for (uint32_t parent; index > 0; index = parent) {
        parent = (index - 1) / 2;
        if (!comes_before(timers, slot, timers->heap[parent]))
            break;
        heap_put(timers, index, timers->heap[parent]);
    }
    heap_put(timers, index, slot);
}

static void heap_sink(struct timers *timers, uint32_t index, uint32_t slot)
{
    for (uint32_t child; (child = 2 * index + 1) < timers->count; index = child) {
        if (child + 1 < timers->count && comes_before(timers, timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!comes_before(timers, timers->heap[child], slot))
            break;
        heap_put(timers, index, timers->heap[child]);
    }
    heap_put(timers, index, slot);
}

static void heap_remove(struct timers *timers, uint32_t index)
{
    uint32_t last = timers->heap[--timers->count];
    if (index == timers->count)
        return;
    heap_sink(timers, index, last);
    heap_rise(timers, timers->slots[last].heap_index, last);
}

/* ---- slots ---- */

static bool timers_grow(struct timers *timers)
{
    if (timers->capacity > UINT32_MAX / 2)
        return false;
    uint32_t capacity = timers->capacity == 0 ? TIMERS_FIRST : 2 * timers->capacity;
    struct timer_slot *slots = realloc(timers->slots, (size_t)capacity * sizeof *slots);
    if (slots != NULL)
        timers->slots = slots;
    uint32_t *heap = realloc(timers->heap, (size_t)capacity * sizeof *heap);
    if (heap != NULL)
        timers->heap = heap;
    if (slots == NULL || heap == NULL)
        return false;
    timers->capacity = capacity;
    timers->used = timers->used == 0 ? 1 : timers->used;
    return true;
}

/* Returns 0 when memory is out. */
static uint32_t slot_take(struct timers *timers)
{
    uint32_t slot = timers->free_first;
    if (slot != 0) {
        timers->free_first = timers->slots[slot].next;
        return slot;
    }
    if (timers->used == timers->capacity && !timers_grow(timers))
        return 0;
    slot = timers->used++;
    timers->slots[slot] = (struct timer_slot){.generation = 0};
    return slot;
}

static void actor_link(struct timers *timers, struct actor *actor, uint32_t slot)
{
    timers->slots[slot].previous = 0;
    timers->slots[slot].next = actor->timer_first;
    if (actor->timer_first != 0)
        timers->slots[actor->timer_first].previous = slot;
    actor->timer_first = slot;
    actor->mailbox.timers++;
}

static void actor_unlink(struct timers *timers, const struct timer_slot *slot)
{
    if (slot->previous == 0)
        slot->actor->timer_first = slot->next;
    else
        timers->slots[slot->previous].next = slot->next;
    if (slot->next != 0)
        timers->slots[slot->next].previous = slot->previous;
    slot->actor->mailbox.timers--;
}

static struct runtime_message *timer_end(struct timers *timers, uint32_t number)
{
    struct timer_slot *slot = &timers->slots[number];
    struct runtime_message *message = slot->message;
    heap_remove(timers, slot->heap_index);
    actor_unlink(timers, slot);
    slot->generation++;
    slot->next = timers->free_first;
    timers->free_first = number;
    return message;
}

/* ---- what the runtime calls ---- */

bool timers_start(struct timers *timers,
                  struct actor *actor,
                  uint64_t due_us,
                  struct runtime_message *message,
                  struct runtime_timer *out)
{
    uint32_t number = slot_take(timers);
    if (number == 0)
        return false;
    struct timer_slot *slot = &timers->slots[number];
    slot->due_us = due_us;
    slot->start = timers->starts++;
    slot->actor = actor;
    slot->message = message;
    actor_link(timers, actor, number);
    heap_rise(timers, timers->count++, number);
    *out = (struct runtime_timer){.slot = number, .generation = slot->generation};
    return true;
}

uint64_t timers_next_us(const struct timers *timers)
{
    return timers->count == 0 ? UINT64_MAX : timers->slots[timers->heap[0]].due_us;
}

struct runtime_message *timers_fire(struct timers *timers, uint64_t now_us, struct actor **actor)
{
    if (timers->count == 0 || timers_next_us(timers) > now_us)
        return NULL;
    uint32_t number = timers->heap[0];
    *actor = timers->slots[number].actor;
    return timer_end(timers, number);
}

struct runtime_message *timers_cancel(struct timers *timers, struct runtime_timer timer, struct actor **actor)
{
    if (timer.slot == 0 || timer.slot >= timers->used)
        return NULL;
    const struct timer_slot *slot = &timers->slots[timer.slot];
    if (slot->generation != timer.generation)
        return NULL;
    *actor = slot->actor;
    return timer_end(timers, timer.slot);
}

struct runtime_message *timers_forget(struct timers *timers, struct actor *actor)
{
    return actor->timer_first == 0 ? NULL : timer_end(timers, actor->timer_first);
}
