/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is given back as a whole: what an aggregate's state points to, a decision's scratch, a domain's tables.
 * Blocks start small and grow, so that an idle aggregate costs little. Its face is what modules see (fluvius_arena).
 * Not thread-safe. */
#ifndef LIBACTOR_DOMAIN_ARENA_H
#define LIBACTOR_DOMAIN_ARENA_H

#include "fluvius/module.h"

/* Where a step of a domain goes when it cannot be finished: see step.h. */
struct step;
struct arena_block;

struct arena {
    fluvius_arena face; /* first: modules get its address */
    struct step *step;  /* the step that is running, or NULL */
    struct arena_block *blocks;
    uint8_t *at, *end;
    uint32_t used;   /* bytes handed out */
    uint32_t held;   /* bytes taken from the heap */
    uint32_t limit;  /* of held */
    uint32_t wanted; /* the size of the first block after a reset: what one round needed */
};

/* Holds at most limit bytes (limit below 2 GiB). */
void arena_init(struct arena *arena, uint32_t limit);
/* Frees all memory; the arena stays usable. Safe on zeroed memory. */
void arena_fini(struct arena *arena);
/* Forgets all that was taken. Rounds of like size soon find all they need in one block, which is kept. */
void arena_reset(struct arena *arena);
/* Memory aligned to 8 bytes, not zeroed; NULL when memory is out or the limit is passed. size 0 gives a valid address.
 */
void *arena_take(struct arena *arena, size_t size);
/* Likewise, zeroed. */
void *arena_take_zeroed(struct arena *arena, size_t size);
/* Memory of the alignment of text. */
void *arena_take_text(struct arena *arena, size_t size);

#endif
