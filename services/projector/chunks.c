/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See chunks.h. */
#include "services/projector/chunks.h"

#include <stdlib.h>

enum { CHUNK_SIZE = 1 << 20, ALIGNMENT = 8 };

struct chunk {
    struct chunk *next;
    size_t size;
    _Alignas(ALIGNMENT) uint8_t bytes[];
};

/* The next one that is large enough; smaller ones before it are left out of this turn. */
static bool chunk_next(struct chunks *chunks, size_t size)
{
    struct chunk **at = chunks->current == NULL ? &chunks->first : &chunks->current->next;
    while (*at != NULL && (*at)->size < size)
        at = &(*at)->next;
    if (*at == NULL) {
        size_t wanted = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        struct chunk *chunk = malloc(sizeof *chunk + wanted);
        if (chunk == NULL)
            return false;
        *chunk = (struct chunk){.size = wanted};
        *at = chunk;
    }
    chunks->current = *at;
    chunks->used = 0;
    return true;
}

void *chunks_take(struct chunks *chunks, size_t size)
{
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if ((chunks->current == NULL || chunks->current->size - chunks->used < size) && !chunk_next(chunks, size))
        return NULL;
    void *bytes = chunks->current->bytes + chunks->used;
    chunks->used += size;
    return bytes;
}

bool chunks_copy(struct chunks *chunks, struct slice bytes, struct slice *out)
{
    void *copy = chunks_take(chunks, bytes.size);
    if (copy == NULL)
        return false;
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    *out = slice_of(copy, bytes.size);
    return true;
}

void chunks_reset(struct chunks *chunks)
{
    chunks->current = chunks->first;
    chunks->used = 0;
}

void chunks_fini(struct chunks *chunks)
{
    for (struct chunk *chunk = chunks->first, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *chunks = (struct chunks){0};
}
