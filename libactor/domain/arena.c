/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A chain of blocks, newest first; memory is taken from the newest. */
#include "libactor/domain/arena.h"
#include "libactor/domain/step.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 64, LARGEST_STEP = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    uint32_t size; /* bytes after the head */
    uint32_t unused;
};

static void *face_take(fluvius_arena *face, size_t size)
{
    struct arena *arena = (struct arena *)face;
    void *memory = arena_take(arena, size);
    if (memory == NULL) {
        arena->step->reason = NULL;
        longjmp(arena->step->out, 1);
    }
    return memory;
}

static __attribute__((noreturn)) void face_abandon(fluvius_arena *face, const char *reason)
{
    struct arena *arena = (struct arena *)face;
    arena->step->reason = reason;
    longjmp(arena->step->out, 1);
}

void arena_init(struct arena *arena, uint32_t limit)
{
    *arena = (struct arena){.face = {.take = face_take, .abandon = face_abandon}, .limit = limit};
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_fini(struct arena *arena)
{
    blocks_free(arena->blocks);
    arena->blocks = NULL;
    arena->at = arena->end = NULL;
    arena->used = arena->held = 0;
}

static void arena_use(struct arena *arena, struct arena_block *block)
{
    arena->at = (uint8_t *)(block + 1);
    arena->end = arena->at + block->size;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *block = arena->blocks;
    if (block != NULL && block->next != NULL) {
        arena->wanted = arena->used + arena->used / 4;
        if (arena->wanted > arena->limit / 4)
            arena->wanted = arena->limit / 4;
        arena_fini(arena);
    } else if (block != NULL) {
        arena_use(arena, block);
    }
    arena->used = 0;
}

/* Each block is about half of all before it, so that waste is bounded by a share of what is used. */
static bool arena_grow(struct arena *arena, size_t size)
{
    size_t room = arena->held / 2;
    room = room < FIRST_BLOCK ? FIRST_BLOCK : room > LARGEST_STEP ? LARGEST_STEP : room;
    if (arena->held == 0 && room < arena->wanted)
        room = arena->wanted;
    if (room < size)
        room = size;
    room = (room + 7) & ~(size_t)7;
    if (size > arena->limit || arena->held + sizeof(struct arena_block) + room > arena->limit)
        return false;
    struct arena_block *block = malloc(sizeof *block + room);
    if (block == NULL)
        return false;
    *block = (struct arena_block){.next = arena->blocks, .size = (uint32_t)room};
    arena->blocks = block;
    arena->held += (uint32_t)(sizeof *block + room);
    arena_use(arena, block);
    return true;
}

static void *arena_take_at(struct arena *arena, uint8_t *at, size_t size)
{
    arena->used += (uint32_t)(at + size - arena->at);
    arena->at = at + size;
    return at;
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t skip = -(uintptr_t)arena->at & 7;
    if (size + skip < size)
        return NULL;
    if ((size_t)(arena->end - arena->at) < size + skip || arena->at == NULL) {
        if (!arena_grow(arena, size))
            return NULL;
        skip = 0;
    }
    return arena_take_at(arena, arena->at + skip, size);
}

void *arena_take_zeroed(struct arena *arena, size_t size)
{
    void *memory = arena_take(arena, size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

void *arena_take_text(struct arena *arena, size_t size)
{
    if (((size_t)(arena->end - arena->at) < size || arena->at == NULL) && !arena_grow(arena, size))
        return NULL;
    return arena_take_at(arena, arena->at, size);
}
