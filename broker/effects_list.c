/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The list of effects: growing arrays whose buffers are reused from step to step. */
#include "broker/state.h"

#include <stdlib.h>

enum { KEPT_BYTES = 16384 };

/* Makes room for one more of `size` bytes each; new ones are zeroed. */
static bool grow(void **items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    uint32_t grown = *capacity == 0 ? 16 : *capacity * 2;
    uint8_t *memory = realloc(*items, grown * size);
    if (memory == NULL)
        return false;
    memset(memory + *capacity * size, 0, (grown - *capacity) * size);
    *items = memory;
    *capacity = grown;
    return true;
}

struct buffer *effect_answer(struct broker *broker, uint64_t handle)
{
    struct broker_effects *effects = broker->effects;
    if (!grow((void **)&effects->answers, effects->answer_count, &effects->answer_capacity, sizeof *effects->answers))
        return NULL;
    struct broker_answer *answer = &effects->answers[effects->answer_count++];
    answer->handle = handle;
    buffer_clear(&answer->bytes);
    return &answer->bytes;
}

struct buffer *effect_publish(struct broker *broker)
{
    struct broker_effects *effects = broker->effects;
    if (!grow((void **)&effects->publications,
              effects->publication_count,
              &effects->publication_capacity,
              sizeof *effects->publications))
        return NULL;
    struct buffer *publication = &effects->publications[effects->publication_count++];
    buffer_clear(publication);
    return publication;
}

void effect_close(struct broker *broker, uint32_t pipe)
{
    struct broker_effects *effects = broker->effects;
    if (pipe != 0 &&
        grow((void **)&effects->closes, effects->close_count, &effects->close_capacity, sizeof *effects->closes))
        effects->closes[effects->close_count++] = pipe;
}

/* Large ones are rare, and there are as many as ever were answers at once. */
static void buffers_trim(struct broker_effects *effects)
{
    for (uint32_t i = 0; i < effects->answer_count; i++)
        if (effects->answers[i].bytes.capacity > KEPT_BYTES)
            buffer_fini(&effects->answers[i].bytes);
    for (uint32_t i = 0; i < effects->publication_count; i++)
        if (effects->publications[i].capacity > KEPT_BYTES)
            buffer_fini(&effects->publications[i]);
}

void broker_effects_clear(struct broker_effects *effects)
{
    buffers_trim(effects);
    effects->answer_count = effects->publication_count = effects->close_count = 0;
}

void broker_effects_fini(struct broker_effects *effects)
{
    for (uint32_t i = 0; i < effects->answer_capacity; i++)
        buffer_fini(&effects->answers[i].bytes);
    for (uint32_t i = 0; i < effects->publication_capacity; i++)
        buffer_fini(&effects->publications[i]);
    free(effects->answers);
    free(effects->publications);
    free(effects->closes);
    *effects = (struct broker_effects){0};
}
