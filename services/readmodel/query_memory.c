/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The memory of a query, in chunks that never move; faults and the paths that they name. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/readmodel/query_parser.h"

enum { CHUNK_BYTES = 4096 };

uint8_t *query_take(struct query_parser *parser, size_t size)
{
    struct query_chunk *chunk = parser->query->memory;
    size = (size + 7) & ~(size_t)7;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        size_t room = size < CHUNK_BYTES ? CHUNK_BYTES : size;
        struct query_chunk *next = malloc(sizeof *next + room);
        if (next == NULL) {
            parser->no_memory = true;
            return NULL;
        }
        *next = (struct query_chunk){.next = chunk, .size = room};
        parser->query->memory = chunk = next;
    }
    uint8_t *bytes = chunk->bytes + chunk->used;
    chunk->used += size;
    return bytes;
}

struct slice query_keep(struct query_parser *parser, struct slice bytes)
{
    uint8_t *copy = query_take(parser, bytes.size);
    if (copy == NULL)
        return (struct slice){0};
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return slice_of(copy, bytes.size);
}

void query_fini(struct query *query)
{
    while (query->memory != NULL) {
        struct query_chunk *next = query->memory->next;
        free(query->memory);
        query->memory = next;
    }
    free(query->filter.nodes);
    free(query->filter.values);
    *query = (struct query){0};
}

/* ---- paths ---- */

static void path_put(struct query_parser *parser, char c)
{
    if (parser->path_size + 1 < sizeof parser->path)
        parser->path[parser->path_size++] = c;
}

/* RFC 6901: ~ and / are escaped. */
size_t path_enter(struct query_parser *parser, struct slice key)
{
    size_t before = parser->path_size;
    path_put(parser, '/');
    for (size_t i = 0; i < key.size; i++) {
        char c = (char)key.data[i];
        if (c == '~' || c == '/')
            path_put(parser, '~');
        path_put(parser, c == '~' ? '0' : c == '/' ? '1' : c);
    }
    parser->path[parser->path_size] = '\0';
    return before;
}

size_t path_enter_item(struct query_parser *parser, uint32_t index)
{
    char text[12];
    snprintf(text, sizeof text, "%u", index);
    return path_enter(parser, slice_text(text));
}

/* A path that was cut must not end within a character. */
static void path_copy(char *to, const struct query_parser *parser)
{
    size_t size = parser->path_size;
    if (size + 1 == sizeof parser->path)
        while (size > 0 && (parser->path[size - 1] & 0x80) != 0)
            size--;
    memcpy(to, parser->path, size);
    to[size] = '\0';
}

bool query_fault(struct query_parser *parser, const char *code, const char *format, ...)
{
    struct data_faults *faults = parser->faults;
    if (faults->count < DATA_FAULTS_MAX) {
        struct data_fault *fault = &faults->items[faults->count];
        va_list arguments;
        fault->code = code;
        path_copy(fault->path, parser);
        va_start(arguments, format);
        vsnprintf(fault->message, sizeof fault->message, format, arguments);
        va_end(arguments);
    }
    faults->count++;
    return false;
}
