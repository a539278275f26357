/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The client's table of requests: taking, queueing, resting, ending. */
#include "proto/client_core.h"

static void list_push(struct entry_list *list, struct entry *entry)
{
    entry->next = NULL;
    entry->previous = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = entry;
    list->last = entry;
    list->count++;
}

static void list_remove(struct entry_list *list, struct entry *entry)
{
    *(entry->previous != NULL ? &entry->previous->next : &list->first) = entry->next;
    *(entry->next != NULL ? &entry->next->previous : &list->last) = entry->previous;
    list->count--;
}

struct entry *list_pop(struct entry_list *list)
{
    struct entry *entry = list->first;
    if (entry != NULL)
        list_remove(list, entry);
    return entry;
}

struct entry *entry_take(struct client *client)
{
    struct entry *entry = client->free;
    if (entry != NULL)
        client->free = entry->next;
    else if (client->used < client->capacity)
        entry = &client->entries[client->used++];
    else
        return NULL;
    entry->suspect = false;
    entry->attempts = entry->losses = 0;
    buffer_clear(&entry->bytes);
    return entry;
}

void entry_ready(struct client *client, struct entry *entry)
{
    entry->state = ENTRY_READY;
    list_push(entry->suspect ? &client->suspects : &client->ready, entry);
}

void entry_rest(struct client *client, struct entry *entry, int64_t due_us)
{
    entry->state = ENTRY_RESTING;
    entry->due_us = due_us;
    sweep_by(client, due_us);
}

static void entry_free(struct client *client, struct entry *entry)
{
    if (entry->state == ENTRY_READY)
        list_remove(entry->suspect ? &client->suspects : &client->ready, entry);
    client->held_bytes -= entry->bytes.size;
    if (entry->bytes.capacity > KEEP_BYTES)
        buffer_fini(&entry->bytes);
    entry->state = ENTRY_FREE;
    entry->generation++;
    entry->next = client->free;
    client->free = entry;
}

void entry_end(struct client *client, struct entry *entry, const struct reply *reply, uint32_t *count)
{
    struct ending *ending = &client->endings[(*count)++];
    ending->done = entry->done;
    ending->context = entry->context;
    ending->reply = *reply;
    entry_free(client, entry);
}

void entry_end_with(struct client *client, struct entry *entry, enum status status, const char *code, uint32_t *count)
{
    struct reply reply = {.status = status, .has_id = entry->has_id, .id = entry->id, .code = slice_text(code)};
    entry_end(client, entry, &reply, count);
}

void sweep_by(struct client *client, int64_t when_us)
{
    if (when_us >= client->sweep_at_us)
        return;
    client->sweep_at_us = when_us;
    pthread_cond_signal(&client->wake);
}
