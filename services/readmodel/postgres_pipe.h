/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Statements that are sent together over one connection, so that all of them take one round trip. Each is prepared when
 * it is first sent, and kept by its text. Between begin and end nothing else may use the link. */
#ifndef READMODEL_POSTGRES_PIPE_H
#define READMODEL_POSTGRES_PIPE_H

#include "services/readmodel/select.h"
#include "services/store/postgres_link.h"

#define PIPE_STATEMENTS_MAX 128 /* prepared ones that are kept */

/* Takes the rows of a statement one by one, each as a result of its own, which it does not keep. */
typedef void (*pipe_row)(void *context, const PGresult *row);

struct prepared {
    uint64_t hash;   /* of its text; 0: not prepared */
    uint64_t number; /* of its name; 0: none yet. A name is never used again */
    uint64_t used;
};
/* What was sent, in order: a statement, or what prepares or forgets one. */
struct sent {
    int place; /* whose statement it prepares; -1: none */
    bool asks; /* its result is for who asked */
    pipe_row row;
    void *context;
};

struct pipe {
    struct pg_link *link;
    struct prepared prepared[PIPE_STATEMENTS_MAX];
    uint64_t uses, names, deadline_us;
    struct sent *sent;
    size_t sent_count, sent_capacity;
    const char **values;
    int *sizes, *formats;
    Oid *types;
    uint64_t *numbers;
    uint32_t capacity;
    bool failed;    /* what was to be sent was not */
    bool cancelled; /* the server ended a statement, as its time was over */
};

/* The connection is another: nothing is prepared there. */
void pipe_forget(struct pipe *pipe);
void pipe_fini(struct pipe *pipe);

/* deadline_us: of CLOCK_BOOTTIME, when the connection is given up; UINT64_MAX: never. */
void pipe_begin(struct pipe *pipe, struct pg_link *link, uint64_t deadline_us);
/* Sends a statement; its values are copied. VALUE_BYTES are the binary form of whatever type the text casts them to.
 * row NULL: its result is one of pipe_end's. */
void pipe_put(struct pipe *pipe, const struct select *select, pipe_row row, void *context);
/* Waits for all that was sent. results: those of statements without a row function, in order, wanted of them, freed
 * with PQclear. One that fails ends the others. The link is closed when its answers were not whole: error_timed_out,
 * error_unreachable. */
enum error
pipe_end(struct pipe *pipe, PGresult **results, uint32_t wanted, const char *doing, struct store_fault *fault);
void results_clear(PGresult **results, uint32_t count);

#endif
