/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A doubly linked list whose links are embedded in its members: a member leaves in constant time wherever it stands. */
#ifndef BROKER_LIST_H
#define BROKER_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link_node {
    struct link_node *previous, *next; /* NULL: in no list */
};

struct list {
    struct link_node head; /* both ends; an initialised empty list points to itself */
};

#define LIST_OWNER(NODE, TYPE, MEMBER) ((TYPE *)((char *)(NODE)-offsetof(TYPE, MEMBER)))

static inline void list_init(struct list *list)
{
    list->head.previous = list->head.next = &list->head;
}

static inline bool list_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

static inline struct link_node *list_first(struct list *list)
{
    return list_empty(list) ? NULL : list->head.next;
}

static inline struct link_node *list_next(struct list *list, struct link_node *node)
{
    return node->next == &list->head ? NULL : node->next;
}

static inline void list_append(struct list *list, struct link_node *node)
{
    node->previous = list->head.previous;
    node->next = &list->head;
    node->previous->next = node;
    list->head.previous = node;
}

static inline void list_remove(struct link_node *node)
{
    if (node->next == NULL)
        return;
    node->previous->next = node->next;
    node->next->previous = node->previous;
    node->previous = node->next = NULL;
}

#endif
