/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The connections that have frames here, each for as long as it has one; a hash table with chains. */
#include "broker/state.h"

#include <stdlib.h>

static struct pipe **chain_of(struct broker *broker, uint32_t id)
{
    return &broker->pipes[id % (sizeof broker->pipes / sizeof broker->pipes[0])];
}

struct pipe *pipe_find(struct broker *broker, uint32_t id)
{
    struct pipe *pipe = *chain_of(broker, id);
    while (pipe != NULL && pipe->id != id)
        pipe = pipe->next;
    return pipe;
}

struct pipe *pipe_make(struct broker *broker, uint32_t id)
{
    struct pipe *pipe = pipe_find(broker, id);
    if (pipe != NULL)
        return pipe;
    pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL)
        return NULL;
    struct pipe **chain = chain_of(broker, id);
    pipe->id = id;
    list_init(&pipe->frames);
    pipe->next = *chain;
    *chain = pipe;
    return pipe;
}

void pipe_release(struct broker *broker, struct pipe *pipe)
{
    if (pipe->frame_count > 0)
        return;
    struct pipe **at = chain_of(broker, pipe->id);
    while (*at != pipe)
        at = &(*at)->next;
    *at = pipe->next;
    free(pipe);
}

void pipe_drop(struct broker *broker, uint32_t id)
{
    struct pipe *pipe;
    while ((pipe = pipe_find(broker, id)) != NULL) /* the last frame takes the pipe with it */
        frame_drop(broker, LIST_OWNER(list_first(&pipe->frames), struct frame, node));
}
