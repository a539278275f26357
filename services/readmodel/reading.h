/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From a query request to a page of rows: which read model, what the query says, is the position that it names there,
 * the rows, and what is wrong where there are none. Query processes do it in threads of their own, gateways in between.
 * The rows have at least what the answer's position says: how far they are is not read after them. Builds are those
 * that the reader remembers; when they turn out to be others the query is begun anew. A reading has one connection,
 * which is opened when it is wanted, and belongs to one thread. */
#ifndef READMODEL_READING_H
#define READMODEL_READING_H

#include "proto/envelope.h"
#include "services/readmodel/reader.h"

struct reading;

struct reading_config {
    const char *url, *holder; /* of the read models; copied by nobody: they outlive the reading */
    uint32_t statement_ms;
    uint64_t incarnation; /* of the log, and its partitions; 0: as the read models' projector has told (SQLite) */
    uint32_t partitions;
    /* What a page may cost at most; 0: as much as statement_ms and limit_page_bytes allow. */
    uint32_t steps_max; /* see row_reader_config */
    size_t bytes_max;
    bool holds; /* several asks are of one moment, until reading_rest */
};

/* error_no_memory. */
enum error reading_new(struct reading **out, const struct reading_config *config);
void reading_free(struct reading **reading);

enum ask_outcome {
    ASK_PAGE = 1, /* ask->page; ask->position */
    ASK_REFUSED,  /* ask->reply says why */
    ASK_BEHIND,   /* the rows of ask->build lack what ask->wanted says, and may come to have it */
};

/* One query. The caller fills in what is asked, and frees it with ask_fini. */
struct ask {
    const struct request *request;
    struct slice realm;
    struct slice at_least, identifier; /* by ask_begin; views into the request's data, empty: none */
    uint64_t *wanted;                  /* of at_least, one number a partition; NULL: not read yet, or nothing */

    enum ask_outcome outcome;
    struct reply reply; /* code and message are literals, faults a view into faults */
    struct buffer faults;
    uint32_t build, rows;
    struct query_page page; /* views, until the reading's next ask */
    struct slice position;  /* likewise */
};

void ask_begin(struct ask *ask, const struct request *request, struct slice realm);
void ask_fini(struct ask *ask);

void reading_ask(struct reading *reading, struct ask *ask);

/* With config.holds: the next ask is of another moment. Call it soon: while a moment is held the database keeps it. */
void reading_rest(struct reading *reading);

/* How far a build is; *progress stays valid until the reading is used again, and is NULL when the build is of a log
 * before a restore: nothing of this one is there yet. *live false: it is not read any more. */
enum error reading_look(struct reading *reading, uint32_t build, bool *live, const struct row_progress **progress);

/* Is there a connection? While the database cannot be opened each ask tries anew. */
bool reading_is_open(const struct reading *reading);
/* Why the read models could not be read last, for a person; NULL: they could. */
const char *reading_fault(const struct reading *reading);

#endif
